//! Who kills a replica every few seconds, as `SIGKILL` does, and starts it anew. Read [`Killer`].

use std::sync::Arc;
use std::time::Duration;

use mainstay_server::{Clock as _, SystemClock};
use mainstay_simulator::Dice;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::house::House;
use crate::plan_text::REPLICAS;
use crate::seen::{Blow, Record};

/// A dead replica stays dead for so long, and as long again at most. A line that begins anew may send a second's worth of its share at once: one that was
/// silent for a second before hasn't sent more than it would have.
const DEAD_MS: u64 = 1000;

/// The killer, at work until it is told to end.
pub struct Killer {
    end: watch::Sender<bool>,
    task: JoinHandle<anyhow::Result<()>>,
}

impl Killer {
    /// Begins. Between two kills pass half of `every` at least, and one and a half at most, beside what a start takes.
    pub fn start(house: Arc<House>, record: Arc<Record>, every: Duration, dice: Dice) -> Self {
        let (end, ended) = watch::channel(false);
        let task = tokio::spawn(kill(house, record, every, dice, ended));
        Self { end, task }
    }

    /// Ends; every replica is up then.
    ///
    /// # Errors
    /// If one couldn't be started anew.
    pub async fn end(self) -> anyhow::Result<()> {
        let _ = self.end.send(true);
        self.task.await?
    }
}

async fn kill(
    house: Arc<House>,
    record: Arc<Record>,
    every: Duration,
    mut dice: Dice,
    mut ended: watch::Receiver<bool>,
) -> anyhow::Result<()> {
    let every_ms = u64::try_from(every.as_millis()).unwrap_or(u64::MAX);
    loop {
        let wait = Duration::from_millis(every_ms / 2 + dice.below(every_ms.max(1)));
        tokio::select! {
            _ = ended.wait_for(|end| *end) => return Ok(()),
            () = tokio::time::sleep(wait) => {}
        }
        let replica = usize::try_from(dice.below(REPLICAS as u64)).unwrap_or(0);
        let mut replicas = house.replicas.lock().await;
        let at = SystemClock.now();
        replicas[replica].kill();
        record.note(|seen| {
            seen.blows.push(Blow {
                at,
                what: format!("replica {replica} was killed"),
                replica: Some(replica),
            });
        });
        let dead = Duration::from_millis(DEAD_MS + dice.below(DEAD_MS));
        tokio::time::sleep(dead).await;
        replicas[replica].start(&house.http).await?;
    }
}
