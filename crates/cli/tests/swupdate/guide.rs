//! `docs/swupdate.md` is true: every command of it runs, in order, as it stands there, with the real SWUpdate.

use std::process::Command;

use crate::address::free_address;

const GUIDE: &str = include_str!("../../../../docs/swupdate.md");

/// Ends what the guide started if a command before its last one fails.
const PRELUDE: &str =
    "set -euo pipefail\ntrap 'for job in $(jobs -p); do kill \"$job\"; done' EXIT\n";

#[test]
fn every_command_of_the_guide_works() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let program = std::path::Path::new(env!("CARGO_BIN_EXE_mainstay"));
    let beside = program.parent().expect("a program is in a folder");
    let path = std::env::var("PATH").expect("there is a PATH");
    let listen = free_address().to_string();
    let ended = Command::new("bash")
        .args(["-c", &(PRELUDE.to_owned() + &commands())])
        .current_dir(folder.path())
        .env_clear()
        .env("PATH", format!("{}:{path}", beside.display()))
        .env("MAINSTAY_LISTEN", &listen)
        .env("MAINSTAY_SERVER", format!("http://{listen}"))
        .output()
        .expect("bash runs");
    let told = String::from_utf8_lossy(&ended.stdout);
    let failures = String::from_utf8_lossy(&ended.stderr);
    let log = std::fs::read_to_string(folder.path().join("swupdate.log")).unwrap_or_default();
    assert!(ended.status.success(), "{told}\n{failures}\n{log}");
    assert!(told.contains("gw-0001 runs 1.0.0"), "{told}\n{log}");
    assert!(told.contains("refused, as it should be"), "{told}");
}

/// The commands of all its blocks.
fn commands() -> String {
    let fences = GUIDE.split("```").skip(1).step_by(2);
    let blocks: Vec<_> = fences
        .filter_map(|block| block.strip_prefix("sh\n"))
        .collect();
    assert!(blocks.len() > 8, "the guide has lost its commands");
    blocks.concat()
}
