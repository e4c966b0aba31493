//! Who kills the server, and starts it anew each time.

use std::process::Child;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

use mainstay_simulator::Dice;

use crate::stage::{SEED, Stage};

/// How often the server is killed.
pub const KILLS: u32 = 10;

/// Kills the server again and again, and starts it anew each time.
pub struct Killer {
    killed: Arc<AtomicU32>,
    end: Arc<AtomicBool>,
    thread: std::thread::JoinHandle<()>,
}

impl Killer {
    pub fn start(stage: Arc<Stage>) -> Self {
        let (killed, end) = (
            Arc::new(AtomicU32::new(0)),
            Arc::new(AtomicBool::new(false)),
        );
        let (count, ended) = (killed.clone(), end.clone());
        let thread = std::thread::spawn(move || {
            let mut server = stage.serve();
            let mut dice = Dice::new(SEED, 999);
            // The first blow falls once devices are registered and the rollout is about to begin.
            std::thread::sleep(Duration::from_secs(5));
            while !ended.load(Ordering::SeqCst) {
                std::thread::sleep(Duration::from_millis(300 + dice.below(1200)));
                if count.load(Ordering::SeqCst) < KILLS {
                    drop(server);
                    server = stage.serve();
                    count.fetch_add(1, Ordering::SeqCst);
                }
            }
        });
        Self {
            killed,
            end,
            thread,
        }
    }

    /// How often the server was killed so far.
    pub fn kills(&self) -> u32 {
        self.killed.load(Ordering::SeqCst)
    }

    /// Kills the last server.
    pub fn end(self) {
        self.end.store(true, Ordering::SeqCst);
        self.thread.join().expect("the killer doesn't panic");
    }
}

/// A running server; dropping it is SIGKILL.
pub struct Server(pub Child);

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended by itself; then there is nothing to kill.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
