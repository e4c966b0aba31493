//! Who kills a replica every few seconds, as `SIGKILL` does, and starts it anew. Read [`Killer`].

use std::sync::Arc;
use std::time::Duration;

use mainstay_server::{Clock as _, SystemClock};
use mainstay_simulator::Dice;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::house::House;
use crate::plan_text::REPLICAS;
use crate::replica::Replica;
use crate::seen::{Blow, Ended, Record, ReplicaNumber};

/// A dead replica stays dead for so long, and as long again at most. A line that begins anew may send a second's worth of its share at once: one that was
/// silent for a second before hasn't sent more than it would have.
pub const DEAD_MS: u64 = 1000;

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
        let is_over = tokio::select! {
            _ = ended.wait_for(|end| *end) => true,
            () = tokio::time::sleep(wait) => false,
        };
        let replica = usize::try_from(dice.below(REPLICAS as u64)).unwrap_or(0);
        let mut replicas = house.replicas.lock().await;
        note_ended(&mut replicas, &record)?;
        if is_over {
            return Ok(());
        }
        strike(&mut replicas, replica, &record);
        let dead = Duration::from_millis(DEAD_MS + dice.below(DEAD_MS));
        tokio::time::sleep(dead).await;
        replicas[replica].start(&house.http).await?;
    }
}

/// Kills one, and notes that.
pub fn strike(replicas: &mut [Replica], replica: ReplicaNumber, record: &Record) {
    let at = SystemClock.now();
    replicas[replica].kill();
    record.note(|seen| {
        seen.blows.push(Blow {
            at,
            what: format!("replica {replica} was killed"),
            replica: Some(replica),
        });
    });
}

/// Notes who isn't there any more: whoever isn't killed lives, whatever happens to the database.
fn note_ended(replicas: &mut [Replica], record: &Record) -> anyhow::Result<()> {
    for (replica, one) in replicas.iter_mut().enumerate() {
        if one.has_ended()? {
            let at = SystemClock.now();
            record.note(|seen| seen.ended.push(Ended { at, replica }));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::replica::free_addresses;

    /// `true` ends by itself, whatever it is told.
    #[test]
    fn who_ended_by_itself_is_noted_and_who_was_killed_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let settings = folder.path().join("replica.toml");
        let address = free_addresses(1).unwrap()[0];
        let mut replicas = [Replica::new(Path::new("/bin/true"), settings, address)];
        let record = Record::default();
        replicas[0].spawn().unwrap();
        for _ in 0..1000 {
            note_ended(&mut replicas, &record).unwrap();
            if !record.seen().ended.is_empty() {
                break;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        assert_eq!(record.seen().ended.len(), 1);
        strike(&mut replicas, 0, &record);
        note_ended(&mut replicas, &record).unwrap();
        let seen = record.seen();
        assert_eq!((seen.ended.len(), seen.blows.len()), (1, 1));
    }
}
