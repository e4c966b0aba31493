//! Letting people in on the server's machine.

use std::fs::File;
use std::process::{Command, Stdio};
use std::time::Duration;

use serde_json::Value;

use crate::address::free_address;
use crate::folder::{Folder, PASSPHRASE};
use crate::served::Server;

/// How often one looks whether the server said more, and how often at most.
const LOOK_EVERY: Duration = Duration::from_millis(50);
const LOOKS_MAX: u32 = 1200;

/// A link is shown once, and is for nobody whom the plan names for another duty.
#[test]
fn a_setup_link_is_made_on_the_machine() {
    let folder = Folder::with_root();
    let init = "server init --data data --root root.cbor --plan plan.toml --status-key status.key";
    folder.good(init);
    let link = "person link --data data --public-url https://updates.example/";
    let told = folder.good(&format!("{link} vi@company.example --role viewer"));
    let begin = "https://updates.example/setup/mainstay_setup_";
    let digits = told.trim().strip_prefix(begin);
    assert!(digits.is_some_and(|digits| digits.len() == 64), "{told}");
    let elsewhere = "person link vi@company.example --role viewer --data data --public-url updates";
    folder.run(elsewhere).failed(2, "settings.value");
    let another = format!("{link} engineer@company.example --role operations");
    folder.run(&another).failed(1, "access.two-duties");
    let person = "person add --data data vi@company.example --duty operations";
    folder.good(person);
    let link = format!("{link} vi@company.example --role viewer");
    folder.run(&link).failed(1, "store.already-exists");
}

/// Starts a server, and ends it when it has said two things: where it serves, and this.
fn says_at_its_start(folder: &Folder, words: &[&str]) -> (String, String) {
    let said = folder.path().join("said");
    let listen = free_address();
    let mut serve = Command::new(env!("CARGO_BIN_EXE_mainstay"));
    serve
        .args(words)
        .args(["serve", "--data", "data"])
        .current_dir(folder.path())
        .env("MAINSTAY_PASSPHRASE", PASSPHRASE)
        .env("MAINSTAY_LISTEN", listen.to_string())
        .stdout(File::create(&said).expect("a file in an own folder"))
        .stderr(Stdio::null());
    let _server = Server::start(&mut serve, listen);
    for _ in 0..LOOKS_MAX {
        let told = std::fs::read_to_string(&said).expect("just made");
        let rest = told.split_once('\n').map(|(_, rest)| rest.trim_end());
        if let Some(rest) = rest.filter(|rest| !rest.is_empty()) {
            return (format!("http://{listen}"), rest.to_owned());
        }
        std::thread::sleep(LOOK_EVERY);
    }
    panic!("it doesn't say how to come in");
}

/// There is no password that somebody has to change: the first start prints a link, and no other one does.
#[test]
fn a_server_that_nobody_can_sign_in_to_says_how_once() {
    let folder = Folder::with_root();
    folder
        .good("server init --data data --root root.cbor --plan plan.toml --status-key status.key");
    let (address, told) = says_at_its_start(&folder, &[]);
    let link = told.lines().last().expect("it isn't empty");
    let digits = link.strip_prefix(&format!("{address}/setup/mainstay_setup_"));
    assert!(digits.is_some_and(|digits| digits.len() == 64), "{told}");

    let (_, told) = says_at_its_start(&folder, &["--json"]);
    let told: Value = serde_json::from_str(&told).expect("one line of JSON");
    assert!(told["setup_link_until"].is_string(), "{told}");
    assert!(told.get("setup_link").is_none(), "{told}");
}
