//! The real server: `mainstay serve`, started, asked to end, and started again.

use std::net::SocketAddr;
use std::process::{Command, Stdio};

use crate::folder::{Folder, PASSPHRASE};
use crate::served::Server;

/// Starts it on the folder `data`, and waits until it listens.
pub fn started(folder: &Folder, address: SocketAddr) -> Server {
    let mut command = Command::new(env!("CARGO_BIN_EXE_mainstay"));
    command
        .args(["serve", "--data", "data", "--listen", &address.to_string()])
        .current_dir(folder.path())
        .env("MAINSTAY_PASSPHRASE", PASSPHRASE)
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    Server::start(&mut command, address)
}

/// Asks it to end, and waits until it has.
pub fn stopped(mut server: Server) {
    let asked = Command::new("kill").arg(server.0.id().to_string()).status();
    assert!(asked.expect("there is `kill`").success());
    let ended = server.0.wait().expect("it was started here");
    assert!(ended.success(), "the server ended with {ended}");
}
