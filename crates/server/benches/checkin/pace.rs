//! Many connections at once, as fast as they are answered or at a given rate. Read [`ask`].

use std::net::SocketAddr;
use std::rc::Rc;
use std::time::{Duration, Instant};

use tokio::task::LocalSet;

use crate::asker::Asker;
use crate::questions::Questions;

/// How often is asked.
#[derive(Debug, Clone, Copy)]
pub enum Pace {
    /// Each connection asks again at once.
    AsFastAsAnswered,
    /// The same, until each question was asked once.
    EachOnce,
    /// So often a second, over all connections. A question that falls due while the one before it isn't answered is late,
    /// and its wait counts from when it was due.
    PerSecond(f64),
}

/// What came of asking.
pub struct Asked {
    /// How long was asked.
    pub took: Duration,
    /// How long each answer took, in microseconds, in ascending order.
    pub waits_us: Vec<u32>,
}

impl Asked {
    /// Answers a second.
    pub fn per_second(&self) -> f64 {
        self.waits_us.len() as f64 / self.took.as_secs_f64()
    }

    /// The wait, in microseconds, that `percent` of the answers kept to.
    pub fn percentile_us(&self, percent: usize) -> f64 {
        let last = self.waits_us.len().saturating_sub(1);
        let at = (self.waits_us.len() * percent / 100).min(last);
        self.waits_us.get(at).copied().map_or(f64::NAN, f64::from)
    }
}

/// Asks for as long as `lasts`, over so many `connections`. The first question of each connection is device number
/// 0, 1, 2, ...; then each goes on in steps of their number, so that every device asks before one asks again.
///
/// # Errors
/// If an answer isn't right: what is measured must be what it is called.
pub fn ask(
    address: SocketAddr,
    questions: &Rc<Questions>,
    connections: usize,
    pace: Pace,
    lasts: Duration,
) -> anyhow::Result<Asked> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let all = LocalSet::new();
    all.block_on(&runtime, async {
        let mut askers = Vec::with_capacity(connections);
        for _ in 0..connections {
            askers.push(Asker::connect(address).await?);
        }
        let begun = Instant::now();
        let tasks: Vec<_> = askers
            .into_iter()
            .enumerate()
            .map(|(first, asker)| {
                let due = Due::new(pace, first, connections, begun);
                let most = match pace {
                    Pace::EachOnce => questions.requests.len().div_ceil(connections),
                    Pace::AsFastAsAnswered | Pace::PerSecond(_) => usize::MAX,
                };
                let connection = Connection {
                    asker,
                    questions: questions.clone(),
                    first,
                    step: connections,
                    most,
                    due,
                };
                tokio::task::spawn_local(connection.run(begun + lasts))
            })
            .collect();
        let mut waits_us = Vec::new();
        for task in tasks {
            waits_us.append(&mut task.await??);
        }
        let took = begun.elapsed();
        waits_us.sort_unstable();
        Ok(Asked { took, waits_us })
    })
}

/// When a connection's questions fall due.
struct Due {
    every: Option<Duration>,
    next: Instant,
}

impl Due {
    fn new(pace: Pace, first: usize, connections: usize, begun: Instant) -> Self {
        let every = match pace {
            Pace::AsFastAsAnswered | Pace::EachOnce => None,
            Pace::PerSecond(rate) => Some(Duration::from_secs_f64(connections as f64 / rate)),
        };
        let offset = every.map_or(Duration::ZERO, |every| {
            every.mul_f64(first as f64 / connections as f64)
        });
        Self {
            every,
            next: begun + offset,
        }
    }

    /// Waits until the next question is due, and says since when it is.
    async fn wait(&mut self) -> Instant {
        let Some(every) = self.every else {
            return Instant::now();
        };
        let due = self.next;
        self.next += every;
        let now = Instant::now();
        if due > now {
            tokio::time::sleep_until(due.into()).await;
            // Timers are of a millisecond: sleeping longer is this program's doing, not the server's.
            return Instant::now();
        }
        due
    }
}

struct Connection {
    asker: Asker,
    questions: Rc<Questions>,
    first: usize,
    step: usize,
    /// It asks no more often than this.
    most: usize,
    due: Due,
}

impl Connection {
    async fn run(mut self, until: Instant) -> anyhow::Result<Vec<u32>> {
        let mut waits_us = Vec::with_capacity(1 << 16);
        let requests = &self.questions.requests;
        let mut at = self.first % requests.len();
        for _ in 0..self.most {
            let due = self.due.wait().await;
            if Instant::now() >= until {
                return Ok(waits_us);
            }
            self.asker.ask(&requests[at], self.questions.right).await?;
            waits_us.push(u32::try_from(due.elapsed().as_micros()).unwrap_or(u32::MAX));
            at = (at + self.step) % requests.len();
        }
        Ok(waits_us)
    }
}
