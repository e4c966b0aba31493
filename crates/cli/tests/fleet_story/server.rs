//! The real server: `mainstay serve`, started, asked to end, and started again.

use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use crate::folder::{Folder, PASSPHRASE};

/// A running server on the folder `data`; dropping it kills it.
pub struct Server(Child);

impl Server {
    /// Starts it, and waits until it listens.
    pub fn start(folder: &Folder, address: SocketAddr) -> Self {
        let started = Command::new(env!("CARGO_BIN_EXE_mainstay"))
            .args(["serve", "--data", "data", "--listen", &address.to_string()])
            .current_dir(folder.path())
            .env("MAINSTAY_PASSPHRASE", PASSPHRASE)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn();
        let server = Self(started.expect("the program was built"));
        for _ in 0..1200 {
            if TcpStream::connect(address).is_ok() {
                return server;
            }
            std::thread::sleep(Duration::from_millis(25));
        }
        panic!("the server doesn't listen");
    }

    /// Asks it to end, and waits until it has.
    pub fn stop(mut self) {
        let asked = Command::new("kill").arg(self.0.id().to_string()).status();
        assert!(asked.expect("there is `kill`").success());
        let ended = self.0.wait().expect("it was started here");
        assert!(ended.success(), "the server ended with {ended}");
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // After `stop` there is nothing left to kill.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// An address that nobody listens at.
pub fn free_address() -> SocketAddr {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
    listener.local_addr().expect("bound")
}
