//! The server as a service of a real systemd, within the walls of the unit that is packaged, with a passphrase that only root may read.

#![expect(
    clippy::unwrap_used,
    reason = "what doesn't unwrap in a test has failed it"
)]

#[path = "../support/address.rs"]
mod address;
#[path = "../it/folder.rs"]
#[expect(dead_code, reason = "the tests of single commands need more of it")]
mod folder;
mod machine;

use crate::folder::PASSPHRASE;
use crate::machine::{Machine, PASSPHRASE_FILE, within};

#[test]
fn within_its_walls_it_opens_its_key_and_serves_until_it_is_stopped() {
    let machine = Machine::new();
    let enable = ["systemctl", "enable", "--quiet", "--now", "mainstay-server"];
    machine.must(&enable);
    let ready = || machine.is_ready().then_some(());
    within("it is ready", ready, || machine.journal());
    assert_eq!(machine.unit("ActiveState"), "active");
    assert_eq!(machine.unit("NRestarts"), "0");
    let process = format!("/proc/{}", machine.unit("MainPID"));
    let whose = machine.must(&["stat", "--format=%U", &process]);
    assert_eq!(whose.trim(), "mainstay");
    // It can't have read the file: systemd handed it a copy.
    let reads = ["setpriv", "--reuid=mainstay", "--regid=mainstay"];
    let reads = [&reads[..], &["--clear-groups", "cat", PASSPHRASE_FILE]].concat();
    let (ended, said) = machine.say(&reads);
    assert!(ended.is_some_and(|status| !status.success()), "{said}");
    let journal = machine.journal();
    assert!(!journal.is_empty() && !journal.contains(PASSPHRASE));

    machine.must(&["systemctl", "stop", "mainstay-server"]);
    assert_eq!(machine.unit("Result"), "success", "{}", machine.journal());
    assert!(!machine.is_ready());
}
