//! The acts of a campaign: what people and accidents do to a rollout while replicas die. Read [`Stage`].

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, bail};
use jiff::Timestamp;
use mainstay_access::Duty;
use mainstay_api::RolloutView;
use mainstay_server::{Clock as _, SystemClock};
use mainstay_simulator::Dice;

use crate::house::House;
use crate::killer::{DEAD_MS, strike};
use crate::seen::{
    Blow, Count, FAULTY, RELEASES, Record, ReleaseNumber, ReplicaNumber, SOUND, Stop, StopKind,
};
use crate::tried;

/// How often one looks how a rollout stands.
const LOOK_EVERY: Duration = Duration::from_millis(400);
/// After a halt one looks on for so many times the usual, if a replica wasn't asked: a dead one is back long before.
const LOOKS_ON_MORE: u32 = 10;

/// It is dead while a person halts the faulty release.
const DEAD_AT_THE_HALT: ReplicaNumber = 1;

/// What happens to the sound release's rollout, each once, in an order that the seed says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Disturbance {
    /// Somebody pauses it, and lets it go on.
    Pause,
    /// Somebody puts the release on hold; two let it go.
    Hold,
    /// PostgreSQL is stopped at once and started again.
    Restart,
    /// PostgreSQL answers nothing for a while.
    Freeze,
}

/// How many of a hundred devices are updated when each of them happens, one after the other.
const AT_PERCENT: [usize; 4] = [15, 35, 55, 75];

/// Where the acts are played.
pub struct Stage {
    /// The house.
    pub house: Arc<House>,
    /// Where all is noted.
    pub record: Arc<Record>,
    /// All devices.
    pub devices: usize,
    /// How long a pause, a hold and the time after a halt last: several polls' worth of devices ask meanwhile.
    pub stop_lasts: Duration,
    /// How long the database is frozen.
    pub frozen_for: Duration,
    /// A rollout that isn't over by then never will be.
    pub patience: Duration,
}

impl Stage {
    /// Rolls the sound release out, through everything that happens to it, until it is complete.
    ///
    /// # Errors
    /// If it never is, or somebody is refused what must be possible.
    pub async fn sound(&self, dice: &mut Dice) -> anyhow::Result<()> {
        let (id, began) = self.roll_out(SOUND).await?;
        let mut left = shuffled(dice);
        for percent in AT_PERCENT {
            let enough = self.devices * percent / 100;
            let view = self.until(SOUND, began, |view| {
                is_over(view) || updated(view) >= enough
            });
            if is_over(&view.await?) {
                bail!("the rollout of {} is over before its time", RELEASES[SOUND]);
            }
            if let Some(next) = left.pop() {
                self.happens(next, id).await?;
            }
        }
        self.until(SOUND, began, is_over).await?;
        Ok(())
    }

    /// Rolls the faulty release out until it is halted: by what devices report, or by a person as soon as the last wave is under way. Most of the fleet may be
    /// offered it by then and still waits for a place: an offer after the halt is one that only the halt forbids. One replica is dead while the person halts it,
    /// and comes back after that. Then looks on for a while.
    ///
    /// # Errors
    /// As [`Self::sound`].
    pub async fn faulty(&self, by_person: bool) -> anyhow::Result<()> {
        let (id, began) = self.roll_out(FAULTY).await?;
        if by_person {
            let view = self.until(FAULTY, began, |view| is_over(view) || is_in_last_wave(view));
            if is_over(&view.await?) {
                bail!(
                    "the rollout of {} is over before its time",
                    RELEASES[FAULTY]
                );
            }
            let mut replicas = self.house.replicas.lock().await;
            // It wasn't there when all others heard of it.
            strike(&mut replicas, DEAD_AT_THE_HALT, &self.record);
            let halt = async |operator: &mainstay_client::Operator| {
                operator.halt(id, "People can't stand its noise.").await
            };
            let (_, replica) = self.house.people.ask(Duty::Operations, halt).await?;
            self.stopped(StopKind::Halt, FAULTY, replica);
            tokio::time::sleep(Duration::from_millis(DEAD_MS)).await;
            replicas[DEAD_AT_THE_HALT].start(&self.house.http).await?;
        } else {
            self.until(FAULTY, began, is_over).await?;
        }
        self.looks_on().await;
        Ok(())
    }

    /// Nobody may be offered what was halted any more, whichever replica is asked: waits until each replica, one that is dead just now as well, was asked by
    /// somebody who had not been offered it. If that doesn't happen, the judge says so.
    async fn looks_on(&self) {
        tokio::time::sleep(self.stop_lasts).await;
        for _ in 0..LOOKS_ON_MORE {
            let is_tried = self.record.read(|seen| {
                let halts = seen.stops.iter().filter(|stop| stop.kind == StopKind::Halt);
                let mut asks = halts.map(|halt| tried::unoffered_asks(seen, halt));
                asks.all(|asks| tried::of_each(&asks).iter().all(|count| *count > 0))
            });
            if is_tried {
                return;
            }
            tokio::time::sleep(self.stop_lasts).await;
        }
    }

    /// Hands a release in, approves it and starts its rollout. Nobody is killed meanwhile: what is tried is the rollout.
    async fn roll_out(&self, release: ReleaseNumber) -> anyhow::Result<(i64, Timestamp)> {
        let _calm = self.house.replicas.lock().await;
        let (people, file) = (&self.house.people, &self.house.files[release]);
        let (view, _) = people
            .ask(Duty::Engineer, async |operator| {
                operator.submit("maintenance", file.clone()).await
            })
            .await?;
        let envelope = &self.house.releases[release].envelope;
        people
            .ask(Duty::ReleaseManager, async |operator| {
                operator.approve(&view.id, envelope.clone()).await
            })
            .await?;
        let began = SystemClock.now();
        let (rollout, _) = people
            .ask(Duty::Operations, async |operator| {
                operator.roll_out(&view.id).await
            })
            .await?;
        Ok((rollout.id, began))
    }

    async fn happens(&self, what: Disturbance, id: i64) -> anyhow::Result<()> {
        match what {
            Disturbance::Pause => self.pause(id).await,
            Disturbance::Hold => self.hold().await,
            Disturbance::Restart => {
                self.struck("PostgreSQL was stopped at once and started again");
                let restart = |database: &mut crate::database::Database| {
                    database.stop_at_once();
                    database.start()
                };
                self.house.with_database(restart).await
            }
            Disturbance::Freeze => {
                self.struck("PostgreSQL was frozen");
                self.house
                    .with_database(|database| database.freeze())
                    .await?;
                tokio::time::sleep(self.frozen_for).await;
                self.house.with_database(|database| database.thaw()).await
            }
        }
    }

    async fn pause(&self, id: i64) -> anyhow::Result<()> {
        let people = &self.house.people;
        {
            let _calm = self.house.replicas.lock().await;
            let pause = async |operator: &mainstay_client::Operator| {
                operator.pause(id, "Somebody looks into it.").await
            };
            let (_, replica) = people.ask(Duty::Engineer, pause).await?;
            self.stopped(StopKind::Pause, SOUND, replica);
        }
        tokio::time::sleep(self.stop_lasts).await;
        let _calm = self.house.replicas.lock().await;
        self.ends(StopKind::Pause, SOUND);
        let resume = async |operator: &mainstay_client::Operator| operator.resume(id).await;
        people.ask(Duty::Operations, resume).await?;
        Ok(())
    }

    async fn hold(&self) -> anyhow::Result<()> {
        let people = &self.house.people;
        let name = format!("thermo-v2@{}", RELEASES[SOUND]);
        {
            let _calm = self.house.replicas.lock().await;
            let hold = async |operator: &mainstay_client::Operator| {
                operator.hold(&name, "Somebody looks into it.").await
            };
            let (_, replica) = people.ask(Duty::Operations, hold).await?;
            self.stopped(StopKind::Hold, SOUND, replica);
        }
        tokio::time::sleep(self.stop_lasts).await;
        let _calm = self.house.replicas.lock().await;
        let release =
            async |operator: &mainstay_client::Operator| operator.release_hold(&name).await;
        // The first one only asks: it is in force until the second one agrees.
        people.ask(Duty::Operations, release).await?;
        self.ends(StopKind::Hold, SOUND);
        people.ask(Duty::ReleaseManager, release).await?;
        Ok(())
    }

    /// Looks at a rollout until it is so. A question that it asks is answered: what is tried isn't what people answer.
    async fn until(
        &self,
        release: ReleaseNumber,
        began: Timestamp,
        is_so: impl Fn(&RolloutView) -> bool,
    ) -> anyhow::Result<RolloutView> {
        loop {
            let view = self.look(release).await?;
            if is_so(&view) {
                return Ok(view);
            }
            if view.phase == "awaits-human" {
                let go_on = async |operator: &mainstay_client::Operator| {
                    operator.answer(view.id, true, None).await
                };
                // Somebody may have been faster, by an answer that a kill cut off.
                let _ = self.house.people.ask(Duty::Operations, go_on).await;
            }
            if crate::budgets::since(began, SystemClock.now()) > self.patience {
                bail!(
                    "the rollout of {} doesn't come on: {view:?}",
                    RELEASES[release]
                );
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }

    /// Where a rollout stands, by any replica; what it counts is noted, and that it has halted itself.
    async fn look(&self, release: ReleaseNumber) -> anyhow::Result<RolloutView> {
        let all = async |operator: &mainstay_client::Operator| operator.rollouts().await;
        let (views, replica) = self.house.people.ask(Duty::Operations, all).await?;
        let at = SystemClock.now();
        let version = RELEASES[release];
        let view = views.into_iter().find(|view| view.version == version);
        let view = view.with_context(|| format!("there is no rollout of {version}"))?;
        let updated = updated(&view);
        self.record.note(|seen| {
            seen.counts.push(Count {
                at,
                replica,
                release,
                updated,
            });
        });
        let known = self
            .record
            .stops()
            .iter()
            .any(|stop| stop.kind == StopKind::Halt && stop.release == release);
        if view.phase == "halted" && !known {
            self.stopped(StopKind::Halt, release, replica);
        }
        Ok(view)
    }

    /// Notes a stop that was acknowledged by now.
    fn stopped(&self, kind: StopKind, release: ReleaseNumber, replica: ReplicaNumber) {
        let acknowledged = SystemClock.now();
        println!(
            "{acknowledged} {} of {}, by the word of replica {replica}",
            kind.id(),
            RELEASES[release]
        );
        self.record.note(|seen| {
            seen.stops.push(Stop {
                kind,
                release,
                replica,
                acknowledged,
                ends: None,
            });
        });
    }

    /// Notes that a stop is about to be ended.
    fn ends(&self, kind: StopKind, release: ReleaseNumber) {
        let now = SystemClock.now();
        self.record.note(|seen| {
            let same = |stop: &&mut Stop| {
                stop.kind == kind && stop.release == release && stop.ends.is_none()
            };
            if let Some(stop) = seen.stops.iter_mut().find(same) {
                stop.ends = Some(now);
            }
        });
    }

    fn struck(&self, what: &str) {
        let at = SystemClock.now();
        println!("{at} {what}");
        self.record.note(|seen| {
            seen.blows.push(Blow {
                at,
                what: what.to_owned(),
                replica: None,
            });
        });
    }
}

fn shuffled(dice: &mut Dice) -> Vec<Disturbance> {
    let mut left = vec![
        Disturbance::Pause,
        Disturbance::Hold,
        Disturbance::Restart,
        Disturbance::Freeze,
    ];
    let mut order = Vec::with_capacity(left.len());
    while !left.is_empty() {
        let next = usize::try_from(dice.below(left.len() as u64)).unwrap_or(0);
        order.push(left.swap_remove(next));
    }
    order
}

fn is_over(view: &RolloutView) -> bool {
    ["complete", "halted", "withdrawn"].contains(&view.phase.as_str())
}

/// One that is still starting has no waves yet.
fn is_in_last_wave(view: &RolloutView) -> bool {
    !view.waves.is_empty() && view.wave + 1 == view.waves.len()
}

/// How many devices a rollout counts as updated.
pub fn updated(view: &RolloutView) -> usize {
    view.waves.iter().map(|wave| wave.updated).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_disturbance_comes_once_in_an_order_of_the_seeds() {
        let orders: Vec<_> = (0..20)
            .map(|seed| shuffled(&mut Dice::new(seed, 1)))
            .collect();
        for order in &orders {
            for one in [
                Disturbance::Pause,
                Disturbance::Hold,
                Disturbance::Restart,
                Disturbance::Freeze,
            ] {
                assert_eq!(order.iter().filter(|it| **it == one).count(), 1);
            }
        }
        assert!(orders.iter().any(|order| *order != orders[0]));
    }
}
