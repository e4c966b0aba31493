//! Fleets that come from elsewhere: from a table, and from a hawkBit server.

mod from_hawkbit;
mod tables;

use std::process::{Command, Stdio};

use crate::address::free_address;
use crate::folder::{Ended, Folder, PASSPHRASE};
use crate::hawkbit::PASSWORD;
use crate::served::Server;

/// A folder with a server that runs, and the token of operations in `kim.token`.
struct House {
    folder: Folder,
    address: String,
    _server: Server,
}

impl House {
    fn new() -> Self {
        let folder = Folder::with_root();
        folder.good(
            "server init --data data --root root.cbor --plan plan.toml --status-key status.key",
        );
        let token =
            folder.good("person add --data data operations@company.example --duty operations");
        folder.write("kim.token", token);
        folder.write("pw", format!("{PASSWORD}\n"));
        let listen = free_address();
        let mut serve = Command::new(env!("CARGO_BIN_EXE_mainstay"));
        serve
            .args(["serve", "--data", "data"])
            .current_dir(folder.path())
            .env("MAINSTAY_PASSPHRASE", PASSPHRASE)
            .env("MAINSTAY_LISTEN", listen.to_string())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        Self {
            _server: Server::start(&mut serve, listen),
            address: format!("http://{listen}"),
            folder,
        }
    }

    /// `device import` with these words.
    fn import(&self, words: &str) -> Ended {
        let server = &self.address;
        let words = format!("device import {words} --token-file kim.token --server {server}");
        self.folder.run(&words)
    }

    /// The same, which must succeed.
    fn good(&self, words: &str) -> String {
        let ended = self.import(words);
        assert_eq!(ended.code(), 0, "{}{}", ended.stdout(), ended.stderr());
        ended.stdout()
    }

    /// New, changed and same, as a machine reads it.
    fn counts(&self, words: &str) -> [u64; 4] {
        let told = self.good(&format!("{words} --json"));
        let told: serde_json::Value = serde_json::from_str(&told).expect("one JSON line");
        ["new", "changed", "same", "tokens_drawn"]
            .map(|name| told[name].as_u64().expect("a number"))
    }

    fn devices(&self) -> Vec<String> {
        let server = &self.address;
        let list = format!("device list --json --token-file kim.token --server {server}");
        let told = self.folder.good(&list);
        let devices: Vec<mainstay_fleet::Device> = serde_json::from_str(&told).expect("a list");
        let names = devices.into_iter().map(|it| it.id.to_string());
        names.collect()
    }
}
