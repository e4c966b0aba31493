//! Who kills the server, and starts it anew each time.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use jiff::Timestamp;
use mainstay_server::{Clock as _, SystemClock};
use mainstay_simulator::Dice;

use crate::stage::{SEED, Stage};

/// How often the server is killed.
pub const KILLS: usize = 10;

/// Kills the server again and again, and starts it anew each time.
pub struct Killer {
    begin: Arc<AtomicBool>,
    blows: Arc<Mutex<Vec<Timestamp>>>,
    end: Arc<AtomicBool>,
    thread: std::thread::JoinHandle<()>,
}

impl Killer {
    /// Starts the server, and waits with the blows until [`Killer::begin`].
    pub fn start(stage: Arc<Stage>) -> Self {
        let (begin, end): (Arc<AtomicBool>, Arc<AtomicBool>) = Default::default();
        let blows: Arc<Mutex<Vec<Timestamp>>> = Arc::default();
        let (begun, ended, noted) = (begin.clone(), end.clone(), blows.clone());
        let thread = std::thread::spawn(move || {
            let mut server = stage.serve();
            let mut dice = Dice::new(SEED, 999);
            while !ended.load(Ordering::SeqCst) {
                std::thread::sleep(Duration::from_millis(100 + dice.below(900)));
                if begun.load(Ordering::SeqCst) && noted.lock().expect("one thread").len() < KILLS {
                    noted.lock().expect("one thread").push(SystemClock.now());
                    drop(server);
                    server = stage.serve();
                }
            }
        });
        Self {
            begin,
            blows,
            end,
            thread,
        }
    }

    /// Lets the blows begin.
    pub fn begin(&self) {
        self.begin.store(true, Ordering::SeqCst);
    }

    /// When the server was killed so far.
    pub fn blows(&self) -> Vec<Timestamp> {
        self.blows.lock().expect("no thread panicked").clone()
    }

    /// Kills the last server.
    pub fn end(self) {
        self.end.store(true, Ordering::SeqCst);
        self.thread.join().expect("the killer doesn't panic");
    }
}
