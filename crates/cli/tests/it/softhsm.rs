//! A working folder with a SoftHSM2 token of its own, and the program run beside it.

use std::process::Command;

use crate::folder::{Ended, Folder, PASSPHRASE};

/// The module as a URI names it.
pub const MODULE: &str = "?module-name=softhsm2";

/// A folder, and a token labelled `ours` whose PIN is the tests' passphrase.
pub struct WithToken {
    pub folder: Folder,
    conf: String,
}

impl WithToken {
    /// A folder as [`Folder::with_root`] makes it, and an empty token.
    pub fn new() -> Self {
        let made = Self::configured(Folder::with_root(), "softhsm2.conf", "");
        made.util(&[
            "--init-token",
            "--free",
            "--label",
            "ours",
            "--so-pin",
            "87654321",
        ]);
        made
    }

    /// The same token behind a module that can do nothing but hash.
    pub fn without_signatures(self) -> Self {
        Self::configured(self.folder, "less.conf", "slots.mechanisms = CKM_SHA256\n")
    }

    fn configured(folder: Folder, name: &str, more: &str) -> Self {
        let tokens = folder.path().join("tokens");
        std::fs::create_dir_all(&tokens).expect("an own folder");
        let text = format!(
            "directories.tokendir = {}\nobjectstore.backend = file\n{more}",
            tokens.display()
        );
        let conf = folder.write(name, text).display().to_string();
        Self { folder, conf }
    }

    /// Runs `mainstay` with these words.
    pub fn run(&self, words: &str) -> Ended {
        self.run_with(words, &[])
    }

    /// As [`run`](Self::run), with more variables in its environment.
    pub fn run_with(&self, words: &str, variables: &[(&str, &str)]) -> Ended {
        let conf = ("SOFTHSM2_CONF", &*self.conf);
        self.folder.run_with(words, &[&[conf], variables].concat())
    }

    /// As [`run`](Self::run), for what must succeed; gives standard output.
    pub fn good(&self, words: &str) -> String {
        let ended = self.run(words);
        assert_eq!(ended.code(), 0, "{words}: {}", ended.stderr());
        ended.stdout()
    }

    /// Makes a key with openssl and imports it, as somebody else's software would.
    pub fn import(&self, label: &str, id: &str, kind: &[&str]) {
        let pem = self.folder.path().join(format!("{label}-{id}.pem"));
        let pem = pem.display().to_string();
        let mut openssl = Command::new("openssl");
        let made = openssl.args(["genpkey", "-out", &pem]).args(kind).output();
        let made = made.expect("openssl is missing: run `cargo xtask test`, which installs it");
        assert!(made.status.success(), "{made:?}");
        self.util(&[
            "--import", &pem, "--token", "ours", "--label", label, "--id", id,
        ]);
    }

    fn util(&self, words: &[&str]) {
        let mut util = Command::new("softhsm2-util");
        util.args(words)
            .args(["--pin", PASSPHRASE])
            .env("SOFTHSM2_CONF", &self.conf);
        let ended = util.output();
        let ended =
            ended.expect("softhsm2-util is missing: run `cargo xtask test`, which installs it");
        assert!(ended.status.success(), "{words:?}: {ended:?}");
    }
}
