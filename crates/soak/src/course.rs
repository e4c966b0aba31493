//! What people do in the course of a life: launch, answer, stop; and how they know that it is over.

use jiff::{SignedDuration, Timestamp};
use mainstay_access::Duty;
use mainstay_rollout::{DeviceView, FleetView, Phase, Progress, Rollout, RolloutId, step, why};
use mainstay_simulator::SimulatedDevice;
use mainstay_store::{Devices as _, Rollouts as _};
use mainstay_trust::Digest;

use crate::agenda::Happening;
use crate::canary_places::CanaryPlaces;
use crate::kind::Kind;
use crate::life::Living;
use crate::people::{Answer, rollout_in};
use crate::watch::Broken;
use crate::world::Move;

/// How often people look whether there is something for them to do.
const LOOK_EVERY: SignedDuration = SignedDuration::from_hours(5);
/// A world that is calm comes to its end in so long: some waves, each with a window that holidays may keep shut
/// for days, with its patience and its soak.
const PATIENCE: SignedDuration = SignedDuration::from_hours(35 * 24);
/// After everything has come to its end, it must stay so for this long.
const AFTERMATH: SignedDuration = SignedDuration::from_hours(12);

impl Living {
    /// What people planned to do, whatever the rollout does; it may come too late or too early.
    ///
    /// # Errors
    /// If a server says neither yes nor why not.
    pub(crate) async fn people_move(
        &mut self,
        planned: Move,
        now: Timestamp,
    ) -> anyhow::Result<()> {
        let Some(rollout) = self.newest_of(Kind::Thermostat) else {
            return Ok(());
        };
        let server = self.road();
        let server = self.house.router(server);
        let newest = self.launched_of(Kind::Thermostat);
        let answer = match planned {
            Move::Halt => self.people.halt(server, rollout.0).await?,
            Move::Pause => self.people.pause(server, rollout.0).await?,
            Move::Resume => self.people.resume(server, rollout.0).await?,
            Move::Hold => {
                let release = self.goods.number(Kind::Thermostat, newest);
                let answer = self.people.hold(server, release).await?;
                self.held = answer.is_done().then_some(newest).or(self.held);
                answer
            }
            Move::Release => match self.held.take() {
                Some(held) => self.end_hold(held).await?,
                None => return Ok(()),
            },
        };
        self.tell(now, &format!("{planned:?}"), &answer);
        Ok(())
    }

    /// Two people, each at the server that they find.
    async fn end_hold(&mut self, held: usize) -> anyhow::Result<Answer> {
        let mut answer = None;
        for duty in [Duty::Operations, Duty::ReleaseManager] {
            let server = self.road();
            let server = self.house.router(server);
            let release = self.goods.number(Kind::Thermostat, held);
            answer = Some(self.people.release(server, duty, release).await?);
        }
        answer.ok_or_else(|| anyhow::anyhow!("nobody was asked"))
    }

    fn tell(&mut self, now: Timestamp, what: &str, answer: &Answer) {
        let became = match answer.is_done() {
            true => "done".to_owned(),
            false => answer.refusal(),
        };
        self.story
            .tell(now, format_args!("people: {what}: {became}"));
    }

    /// People look: they answer what a rollout asks, launch what comes next, and see whether all is over.
    ///
    /// # Errors
    /// If a server says neither yes nor why not, or the store can't be read.
    pub(crate) async fn people_look(&mut self, now: Timestamp) -> anyhow::Result<()> {
        self.look_at_class(Kind::Thermostat, now).await?;
        if self.world.plan.gateways_first > 0 {
            self.look_at_class(Kind::Gateway, now).await?;
        }
        self.look_at_rollouts(now).await?;
        self.is_over = self.is_at_its_end(now).await?;
        self.agenda.put(now + LOOK_EVERY, Happening::Look);
        Ok(())
    }

    async fn look_at_class(&mut self, kind: Kind, now: Timestamp) -> anyhow::Result<()> {
        match self.newest(kind).await? {
            Some(asks) if matches!(asks.phase, Phase::AwaitsHuman { .. }) => {
                self.answer(kind, asks.id, now).await
            }
            Some(busy) if !busy.is_over() => self.give_up_if_in_vain(&busy, now).await,
            _ if self.launched_of(kind) < self.wanted(kind).await? => self.launch(kind, now).await,
            _ => Ok(()),
        }
    }

    /// Somebody answers what a rollout asks. Gateways must get on, or the others wait for ever.
    async fn answer(&mut self, kind: Kind, id: RolloutId, now: Timestamp) -> anyhow::Result<()> {
        let go_on = kind == Kind::Gateway || self.roads.chance(self.world.go_on);
        let server = self.road();
        let server = self.house.router(server);
        let answer = self.people.answer(server, id.0, go_on).await?;
        self.tell(now, if go_on { "go on" } else { "stop" }, &answer);
        Ok(())
    }

    /// Stops a rollout that waits for gateways, when no release of theirs is left that could help.
    async fn give_up_if_in_vain(&mut self, busy: &Rollout, now: Timestamp) -> anyhow::Result<()> {
        let is_last = self.launched_of(Kind::Gateway) >= self.gateway_releases;
        let gateways = self.newest(Kind::Gateway).await?;
        let helps = gateways.is_none_or(|rollout| !rollout.is_over());
        if busy.unmet.is_empty() || !is_last || helps {
            return Ok(());
        }
        let answer = self.people.halt(self.house.router(0), busy.id.0).await?;
        self.tell(now, "give up waiting for gateways", &answer);
        Ok(())
    }

    /// How many releases of a class people want to roll out, as things stand: of gateways another one while a rollout waits for them.
    async fn wanted(&self, kind: Kind) -> anyhow::Result<usize> {
        if kind == Kind::Thermostat {
            return Ok(self.world.launches);
        }
        let waiting = self.newest(Kind::Thermostat).await?;
        let waits = waiting.is_some_and(|one| !one.is_over() && !one.unmet.is_empty());
        Ok(match waits {
            true => self.gateway_releases,
            false => self.gateway_releases.min(1),
        })
    }

    /// When everybody should have the newest release: how many have.
    ///
    /// # Errors
    /// If the store can't be read.
    pub(crate) async fn tell_how_far(&mut self, now: Timestamp) -> anyhow::Result<()> {
        let Some(rollout) = self.newest(Kind::Thermostat).await? else {
            return Ok(());
        };
        let devices = self.house.store.fleet_view(rollout.id).await?.devices;
        let updated = devices.iter().filter(|view| is_counted(view)).count();
        let (of, version) = (devices.len(), &rollout.candidate.version);
        let far =
            format_args!("the deadline: {updated} of {of} devices count as updated to {version}");
        self.story.tell(now, far);
        Ok(())
    }

    fn launched_of(&self, kind: Kind) -> usize {
        self.launched.iter().filter(|(of, _)| *of == kind).count()
    }

    fn newest_of(&self, kind: Kind) -> Option<RolloutId> {
        let mut of_kind = self.launched.iter().filter(|(of, _)| *of == kind);
        of_kind.next_back().map(|(_, id)| *id)
    }

    async fn newest(&self, kind: Kind) -> anyhow::Result<Option<Rollout>> {
        Ok(match self.newest_of(kind) {
            Some(id) => self.house.store.rollout(id).await?,
            None => None,
        })
    }

    async fn launch(&mut self, kind: Kind, now: Timestamp) -> anyhow::Result<()> {
        let known = self.house.store.devices(None).await?;
        let number = self.launched_of(kind) + 1;
        let server = self.house.router(0);
        let release = self.goods.number(kind, number);
        let answer = self.people.roll_out(server, release).await?;
        let what = match kind {
            Kind::Thermostat => format!("roll out release {number}"),
            Kind::Gateway => format!("roll out release {number} of gateways"),
        };
        self.tell(now, &what, &answer);
        if !answer.is_done() {
            // In trouble they try again; when it is calm, it will never be.
            if now >= self.world.calm_from {
                match kind {
                    Kind::Thermostat => self.world.launches = number - 1,
                    Kind::Gateway => self.gateway_releases = number - 1,
                }
            }
            return Ok(());
        }
        let id = RolloutId(rollout_in(&answer)?);
        self.launched.push((kind, id));
        let fleet = self.house.store.fleet_view(id).await?;
        if let Some(rollout) = self.house.store.rollout(id).await? {
            self.watch
                .judge_enrolments(&self.world.plan, &rollout, &fleet, &known);
            if kind == Kind::Thermostat {
                self.canaries.extend(CanaryPlaces::of(&fleet, &known));
            }
            self.known.push(known);
        }
        Ok(())
    }

    /// Whether nothing more is to come; a life that never gets there breaks a promise.
    async fn is_at_its_end(&mut self, now: Timestamp) -> anyhow::Result<bool> {
        if now < self.world.calm_from {
            return Ok(false);
        }
        let Some(left) = self.what_is_left(now).await? else {
            let since = *self.quiet_since.get_or_insert(now);
            return Ok(now.duration_since(since) >= AFTERMATH);
        };
        self.quiet_since = None;
        if now.duration_since(self.world.calm_from) > PATIENCE {
            self.watch.note(Broken::new("never-ends", left));
        }
        Ok(false)
    }

    /// What hasn't come to its end, in words; nothing if everything has.
    async fn what_is_left(&self, now: Timestamp) -> anyhow::Result<Option<String>> {
        if self.launched_of(Kind::Thermostat) < self.world.launches {
            return Ok(Some("a release isn't rolled out yet".to_owned()));
        }
        for (_, id) in &self.launched {
            let Some(rollout) = self.house.store.rollout(*id).await? else {
                return Ok(Some(format!("rollout {id} has vanished")));
            };
            let fleet = self.house.store.fleet_view(*id).await?;
            if !rollout.is_over() {
                return Ok(Some(waits(&rollout, &fleet, now)));
            }
            if let Some(left) = self.still_on(&rollout).await? {
                return Ok(Some(left));
            }
        }
        if let Some(left) = self.miscounted(now).await? {
            return Ok(Some(left));
        }
        self.unsettled().await
    }

    /// A device within reach that counts as updated, though it runs something else by now, or isn't well.
    async fn miscounted(&self, now: Timestamp) -> anyhow::Result<Option<String>> {
        // What is newer than a rollout that is complete speaks for its devices.
        let Some(rollout) = self.newest(Kind::Thermostat).await? else {
            return Ok(None);
        };
        let (candidate, version) = (rollout.candidate.release, &rollout.candidate.version);
        let devices = self.house.store.fleet_view(rollout.id).await?.devices;
        for DeviceView { id, .. } in devices.iter().filter(|view| is_counted(view)) {
            let device = self.fleet.named(id).filter(|_| !self.world.is_gone(id));
            let runs_it =
                |device: &SimulatedDevice| device.running_release() == Some(Digest(candidate.0));
            if device.is_some_and(|device| !runs_it(device)) {
                return Ok(Some(format!(
                    "{id} counts as updated to {version}, and runs something else"
                )));
            }
            if device.is_some() && self.fleet.is_unwell(id, &self.world, now) {
                return Ok(Some(format!(
                    "{id} counts as updated to {version}, and isn't well"
                )));
            }
        }
        Ok(None)
    }

    /// A device within reach that runs a halted release, though it could go back.
    async fn still_on(&self, rollout: &Rollout) -> anyhow::Result<Option<String>> {
        if !matches!(rollout.phase, Phase::Halted { .. }) {
            return Ok(None);
        }
        let candidate = Digest(rollout.candidate.release.0);
        for view in self.house.store.fleet_view(rollout.id).await?.devices {
            let device = self.fleet.named(&view.id);
            let runs = device.is_some_and(|device| device.running_release() == Some(candidate));
            let stranded = matches!(view.progress, Progress::CannotReturn { .. });
            let gone = self.world.is_gone(&view.id);
            if runs && !stranded && !gone {
                let (id, version) = (&view.id, &rollout.candidate.version);
                return Ok(Some(format!("{id} still runs {version}, which is halted")));
            }
        }
        Ok(None)
    }

    /// A device within reach that is between two images, or of which the servers believe what isn't so.
    async fn unsettled(&self) -> anyhow::Result<Option<String>> {
        for known in self.house.store.devices(None).await? {
            let Some(device) = self.fleet.named(&known.id) else {
                continue;
            };
            if self.world.is_gone(&known.id) {
                continue;
            }
            let believed = known.running.map(|running| Digest(running.release.0));
            if !device.is_settled() {
                return Ok(Some(format!(
                    "{} runs nothing that it has confirmed",
                    known.id
                )));
            }
            if device.running_release() != believed {
                return Ok(Some(format!("the servers are wrong about {}", known.id)));
            }
        }
        Ok(None)
    }
}

/// Whether a device counts as updated.
fn is_counted(view: &DeviceView) -> bool {
    matches!(view.progress, Progress::Confirmed { .. })
}

/// Why a rollout isn't further.
fn waits(rollout: &Rollout, fleet: &FleetView, now: Timestamp) -> String {
    let waits = step(rollout, fleet, now).waits;
    let sentences = waits.iter().map(|wait| why::rollout(rollout, wait, now));
    sentences.collect::<Vec<_>>().join("; ")
}
