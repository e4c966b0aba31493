//! A wire between agent and server that counts the bytes that come back.

use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

/// A wire; it lasts as long as the test's process.
pub struct Relay {
    pub base: String,
    pub returned: Arc<AtomicU64>,
}

/// Begins to relay to the server at `base`.
pub fn relay(base: &str) -> Relay {
    let to = base.trim_start_matches("http://").to_owned();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    let returned = Arc::new(AtomicU64::new(0));
    let counted = returned.clone();
    thread::spawn(move || {
        for near in listener.incoming().flatten() {
            if let Ok(far) = TcpStream::connect(&to) {
                join(near, far, &counted);
            }
        }
    });
    Relay { base, returned }
}

/// Hands on what comes from either end, until one goes.
pub fn join(near: TcpStream, far: TcpStream, counted: &Arc<AtomicU64>) {
    let (near2, far2) = (near.try_clone().unwrap(), far.try_clone().unwrap());
    let counted = counted.clone();
    thread::spawn(move || pump(near, far, &AtomicU64::new(0)));
    thread::spawn(move || pump(far2, near2, &counted));
}

fn pump(mut from: TcpStream, mut to: TcpStream, counted: &AtomicU64) {
    let mut copy = || -> io::Result<()> {
        let mut piece = vec![0; 16 * 1024];
        loop {
            let count = from.read(&mut piece)?;
            if count == 0 {
                return Ok(());
            }
            counted.fetch_add(count as u64, Ordering::Relaxed);
            to.write_all(&piece[..count])?;
        }
    };
    let _ = copy();
    // One end that went takes the other along, or the server would wait for an agent that was killed.
    let _ = (from.shutdown(Shutdown::Both), to.shutdown(Shutdown::Both));
}
