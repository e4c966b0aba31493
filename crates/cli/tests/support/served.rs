//! The real server as a child of the test. Read [`Server`].

use std::net::{SocketAddr, TcpStream};
use std::process::{Child, Command};
use std::time::Duration;

/// How often one looks whether it listens, in milliseconds.
const LOOK_EVERY_MS: u64 = 25;
/// Far longer than a start takes on a slow machine, in milliseconds.
const LISTENS_WITHIN_MS: u64 = 180_000;

/// A running server; dropping it is SIGKILL.
pub struct Server(pub Child);

impl Server {
    /// Starts it by this command, and waits until it listens at this address.
    pub fn start(command: &mut Command, address: SocketAddr) -> Self {
        let server = Self(command.spawn().expect("the program was just built"));
        for _ in 0..LISTENS_WITHIN_MS / LOOK_EVERY_MS {
            if TcpStream::connect(address).is_ok() {
                return server;
            }
            std::thread::sleep(Duration::from_millis(LOOK_EVERY_MS));
        }
        panic!("the server doesn't listen");
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended by itself; then there is nothing to kill.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
