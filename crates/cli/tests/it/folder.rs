//! A working folder for each test, and the built program run in it.
//!
//! Read [`Folder`], then [`Ended`].

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use tempfile::TempDir;

/// The passphrase of every key in the tests.
pub const PASSPHRASE: &str = "several words for the tests";

/// A working folder that goes away with its test.
pub struct Folder(TempDir);

impl Folder {
    /// An empty one.
    pub fn new() -> Self {
        Self(tempfile::tempdir().expect("a temporary folder"))
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        self.0.path()
    }

    /// Runs `mainstay` with these words, split at blanks, and waits for its end.
    pub fn run(&self, words: &str) -> Ended {
        self.run_with(words, &[])
    }

    /// As [`run`](Self::run), with more variables in its environment.
    pub fn run_with(&self, words: &str, variables: &[(&str, &str)]) -> Ended {
        let output = Command::new(env!("CARGO_BIN_EXE_mainstay"))
            .args(words.split_whitespace())
            .current_dir(self.path())
            .env_remove("MAINSTAY_TOKEN")
            .env_remove("MAINSTAY_SERVER")
            .env("MAINSTAY_PASSPHRASE", PASSPHRASE)
            .envs(variables.iter().copied())
            .stdin(Stdio::null())
            .output()
            .expect("the program was built");
        Ended {
            words: words.to_owned(),
            output,
        }
    }

    /// As [`run`](Self::run), for what must succeed; gives standard output.
    pub fn good(&self, words: &str) -> String {
        let ended = self.run(words);
        assert_eq!(ended.code(), 0, "{words}: {}", ended.stderr());
        ended.stdout()
    }

    /// Writes a file and gives its path.
    pub fn write(&self, name: &str, bytes: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path().join(name);
        std::fs::write(&path, bytes).expect("a file in an own folder");
        path
    }

    /// The bytes of a file.
    pub fn read(&self, name: &str) -> Vec<u8> {
        std::fs::read(self.path().join(name)).expect(name)
    }

    /// The names in it.
    pub fn names(&self) -> BTreeSet<String> {
        let entries = std::fs::read_dir(self.path()).expect("an own folder");
        entries
            .map(|e| {
                e.expect("listed")
                    .file_name()
                    .to_string_lossy()
                    .into_owned()
            })
            .collect()
    }

    /// Plan, five keys, root and a small image, as the guide makes them.
    pub fn with_root() -> Self {
        let folder = Self::new();
        folder.good("plan init plan.toml");
        for (name, holder) in [
            ("ana", "engineer@company.example"),
            ("sam", "manager@company.example"),
            ("kim", "operations@company.example"),
            ("rae", "custodian@company.example"),
            ("status", "server"),
        ] {
            folder.good(&format!("key new {name}.key --holder {holder}"));
        }
        folder.good(
            "root init root.cbor --vendor company.example --sign rae.key --root rae.key.pub \
             --build ana.key.pub --release sam.key.pub --operations kim.key.pub --status status.key.pub",
        );
        folder.write("app.bin", b"firmware 1.0.0");
        folder
    }

    /// Packs `image` as version 1.0.0 into `out`.
    pub fn pack(&self, image: &str, out: &str) -> String {
        self.good(&format!(
            "--json artifact pack {image} {out} --plan plan.toml --class device-v1 --version 1.0.0 --sequence 1"
        ))
    }
}

/// A command that has ended.
pub struct Ended {
    words: String,
    output: Output,
}

impl Ended {
    /// Its exit code.
    pub fn code(&self) -> i32 {
        self.output.status.code().expect("no signal ended it")
    }

    /// What it said.
    pub fn stdout(&self) -> String {
        String::from_utf8_lossy(&self.output.stdout).into_owned()
    }

    /// How it failed.
    pub fn stderr(&self) -> String {
        String::from_utf8_lossy(&self.output.stderr).into_owned()
    }

    /// Checks that it failed with this code and with one message of this id: cause and cure below.
    pub fn failed(&self, code: i32, id: &str) {
        assert_eq!(self.complaint(code, id), None);
    }

    /// As [`failed`](Self::failed), but gives what is wrong, if anything.
    pub fn complaint(&self, code: i32, id: &str) -> Option<String> {
        let stderr = self.stderr();
        let lines: Vec<_> = stderr.lines().collect();
        let messages = lines
            .iter()
            .filter(|line| line.starts_with("error "))
            .count();
        let cure = lines.last().and_then(|line| line.strip_prefix("  fix   "));
        let good = self.code() == code
            && lines.first() == Some(&format!("error {id}").as_str())
            && messages == 1
            && cure.is_some_and(|cure| cure.len() > 10);
        let words = &self.words;
        let is = self.code();
        (!good).then(|| format!("{words}: wanted {code} {id}, got {is}:\n{stderr}"))
    }
}
