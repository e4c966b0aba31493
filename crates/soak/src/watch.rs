//! Looks after each event whether a promise of Mainstay is broken, and tells what changed.
//!
//! It reads the store, as every server would, and the devices themselves, as no server can. What it holds the two
//! against stands in [`crate::rules`]. It needn't look again while nothing is
//! written: readers can't change anything. Read [`Watch::look_at_device`] and [`Watch::look_at_rollouts`].

use std::collections::BTreeMap;

use jiff::Timestamp;
use mainstay_fleet::{Device, DeviceId};
use mainstay_rollout::{DeviceView, FleetView, Phase, Progress, Rollout, RolloutId, why};
use mainstay_simulator::SimulatedDevice;
use mainstay_store::{Holds as _, Rollouts as _, SqliteStore};
use mainstay_trust::Digest;

use crate::house::House;
use crate::kind::Kind;
use crate::plan_text::PlanChoice;
use crate::rules;
use crate::story::Story;
use crate::world::World;

/// A promise that was broken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Broken {
    /// Which, by a stable name.
    pub rule: &'static str,
    /// How.
    pub what: String,
}

impl Broken {
    /// A promise broken in this way.
    pub fn new(rule: &'static str, what: impl Into<String>) -> Self {
        let what = what.into();
        Self { rule, what }
    }
}

/// What was known after the last event.
#[derive(Debug, Default)]
pub struct Watch {
    progress: BTreeMap<(RolloutId, DeviceId), Progress>,
    phases: BTreeMap<RolloutId, Phase>,
    broken: Option<Broken>,
}

/// What an event happened in.
pub struct Scene<'a> {
    /// The world.
    pub world: &'a World,
    /// What outlives every kill.
    pub store: &'a SqliteStore,
    /// What the servers took for the time when it happened.
    pub clock: Timestamp,
    /// How many gateways ever booted a new release, and how many there are.
    pub gateways: (usize, usize),
}

impl<'a> Scene<'a> {
    /// The present scene.
    pub fn of(world: &'a World, house: &'a House) -> Self {
        Self {
            world,
            store: &house.store,
            clock: house.clock(),
            gateways: (0, 0),
        }
    }

    /// How many places for downloads are taken, by whatever rollout.
    async fn places_taken(&self) -> anyhow::Result<u64> {
        let mut places = 0;
        for rollout in self.store.rollouts().await? {
            let fleet = self.store.fleet_view(rollout.id).await?;
            let takes = |view: &&DeviceView| {
                rules::takes_place(&self.world.plan, &view.progress, self.clock)
            };
            places += fleet.devices.iter().filter(takes).count() as u64;
        }
        Ok(places)
    }
}

impl Watch {
    /// The first promise that was broken, if one was.
    pub fn broken(&self) -> Option<&Broken> {
        self.broken.as_ref()
    }

    /// Notes a broken promise; only the first is kept, for the others follow from it.
    pub fn note(&mut self, broken: Broken) {
        self.broken.get_or_insert(broken);
    }

    /// Looks whether a device still boots after it acted.
    pub fn look_at_health(&mut self, device: &SimulatedDevice) {
        if device.is_bricked() {
            let what = format!("{} boots nothing any more", device.home.id);
            self.note(Broken::new("bricked", what));
        }
    }

    /// Looks at what the servers know of a device, after it acted and one of them wrote something.
    ///
    /// # Errors
    /// If the store can't be read.
    pub async fn look_at_device(
        &mut self,
        scene: &Scene<'_>,
        device: &SimulatedDevice,
        now: Timestamp,
        story: &mut Story,
    ) -> anyhow::Result<()> {
        let id = &device.home.id;
        for enrolled in scene.store.enrolments_of(id).await? {
            let (rollout, view) = (&enrolled.rollout, &enrolled.device);
            let before = self.known(rollout.id, id);
            if before == view.progress {
                continue;
            }
            let (from, to) = (before.id(), view.progress.id());
            story.tell(
                now,
                format_args!("{id} {}: {from} -> {to}", rollout.candidate.version),
            );
            if is_promise(&before, &view.progress) {
                self.judge_promise(scene, rollout, view).await?;
            }
            if matches!(view.progress, Progress::Confirmed { .. }) {
                self.judge_confirmation(rollout, device);
            }
            self.keep(rollout.id, view);
        }
        Ok(())
    }

    /// Looks at all rollouts after a server or a person acted.
    ///
    /// # Errors
    /// If the store can't be read.
    pub async fn look_at_rollouts(
        &mut self,
        scene: &Scene<'_>,
        now: Timestamp,
        story: &mut Story,
    ) -> anyhow::Result<()> {
        for rollout in scene.store.rollouts().await? {
            self.judge_phase(&rollout, now, story);
            for view in &scene.store.fleet_view(rollout.id).await?.devices {
                let (before, after) = (self.known(rollout.id, &view.id), &view.progress);
                if before == *after {
                    continue;
                }
                let change = format!("{} -> {}", before.id(), after.id());
                let version = &rollout.candidate.version;
                story.tell(now, format_args!("{} {version}: {change}", view.id));
                if !is_decided(after) {
                    let what = format!("{}: {change}, and the device said nothing", view.id);
                    self.note(Broken::new("moved-by-nobody", what));
                }
                self.keep(rollout.id, view);
            }
        }
        Ok(())
    }

    /// Looks at the devices that a rollout enrolled when it started, as the server knew them then.
    pub fn judge_enrolments(
        &mut self,
        plan: &PlanChoice,
        rollout: &Rollout,
        fleet: &FleetView,
        known: &[Device],
    ) {
        let candidate = &rollout.candidate;
        for view in &fleet.devices {
            let device = known.iter().find(|device| device.id == view.id);
            let running = device.and_then(|device| device.running.as_ref());
            let fits = device.is_some_and(|device| {
                device.class == candidate.class && rules::is_fit(device, rollout.started_at)
            });
            let may = running.is_some_and(|running| {
                let is_nothing = running.release.0 == [0; 32];
                let is_judged = running.verified || running.last_resort || is_nothing;
                is_judged && running.sequence < candidate.sequence
            });
            if running.is_some_and(|runs| !rules::is_past_stone(plan, candidate, &runs.version)) {
                let what = format!("{} was drawn for {}", view.id, candidate.version);
                self.note(Broken::new("past-a-stone", what));
            }
            if !(fits && may) {
                let what = format!("{} was drawn for {}", view.id, candidate.version);
                self.note(Broken::new("ineligible", what));
            }
        }
    }

    fn known(&self, rollout: RolloutId, device: &DeviceId) -> Progress {
        let known = self.progress.get(&(rollout, device.clone()));
        known.cloned().unwrap_or(Progress::Waiting)
    }

    fn keep(&mut self, rollout: RolloutId, view: &DeviceView) {
        let key = (rollout, view.id.clone());
        self.progress.insert(key, view.progress.clone());
    }

    /// A device was promised the candidate since we last looked at it.
    async fn judge_promise(
        &mut self,
        scene: &Scene<'_>,
        rollout: &Rollout,
        view: &DeviceView,
    ) -> anyhow::Result<()> {
        let (id, version) = (&view.id, &rollout.candidate.version);
        let clock = scene.clock;
        let mut broken = |rule, what: String| {
            self.note(Broken::new(
                rule,
                format!("{id} was promised {version} {what}"),
            ));
        };
        if rollout.is_over() {
            broken("past-a-halt", "after the rollout's end".to_owned());
        }
        if rollout.paused.is_some() {
            broken("while-paused", "while its rollout is paused".to_owned());
        }
        if scene
            .store
            .hold(&rollout.candidate.release)
            .await?
            .is_some()
        {
            broken("while-held", "while it is on hold".to_owned());
        }
        if !rules::window_is_open(&scene.world.plan, &view.zone, clock) {
            let hours = scene.world.plan.hours();
            let window = format!("at {clock}, outside of {hours} in {}", view.zone);
            broken("outside-window", window);
        }
        // What it ran when it was promised it: it may run the candidate by now.
        let is_before_all = view.before.as_deref() == rollout.candidate.returns_to.first();
        if is_before_all && !rules::is_past_stone(&scene.world.plan, &rollout.candidate, "1.0.0") {
            broken("past-a-stone", "while it ran 1.0.0".to_owned());
        }
        if !rules::are_gateways_there(&scene.world.plan, &rollout.candidate, scene.gateways) {
            let (ran, all) = scene.gateways;
            let gateways = format!("when {ran} of {all} gateways had ever run theirs");
            broken("before-its-gateways", gateways);
        }
        let opened = rollout.waves.get(view.wave).and_then(|wave| wave.opened_at);
        if opened.is_none() {
            broken(
                "before-its-wave",
                format!("before wave {} opened", view.wave),
            );
        }
        self.judge_company(scene, rollout, view).await
    }

    /// The same, beside what else is promised: to others, and to this device.
    async fn judge_company(
        &mut self,
        scene: &Scene<'_>,
        rollout: &Rollout,
        view: &DeviceView,
    ) -> anyhow::Result<()> {
        let (id, version) = (&view.id, &rollout.candidate.version);
        let mut broken = |rule, what: String| {
            let what = format!("{id} was promised {version} {what}");
            self.note(Broken::new(rule, what));
        };
        let places = scene.places_taken().await?;
        let downloads = scene.world.plan.downloads;
        if places > downloads {
            broken("over-budget", format!("as number {places} of {downloads}"));
        }
        for other in scene.store.enrolments_of(id).await? {
            let busy = other.rollout.id != rollout.id && !other.rollout.is_over();
            if busy && is_under_way(&other.device.progress) {
                let elsewhere = &other.rollout.candidate.version;
                broken("two-promises", format!("while it installs {elsewhere}"));
            }
        }
        Ok(())
    }

    fn judge_confirmation(&mut self, rollout: &Rollout, device: &SimulatedDevice) {
        let candidate = Digest(rollout.candidate.release.0);
        let on_trial = device.core_if_up().is_some()
            && device.running_release() == Some(candidate)
            && !device.is_settled();
        if on_trial || !device.ever_ran(&candidate) {
            let state = if on_trial {
                "is trying it out"
            } else {
                "never ran it"
            };
            let (id, version) = (&device.home.id, &rollout.candidate.version);
            let what = format!("{id} counts as updated to {version}, and {state}");
            self.note(Broken::new("counted-before-verified", what));
        }
    }

    fn judge_phase(&mut self, rollout: &Rollout, now: Timestamp, story: &mut Story) {
        let before = self.phases.insert(rollout.id, rollout.phase.clone());
        if before.as_ref() == Some(&rollout.phase) {
            return;
        }
        let version = name(rollout);
        story.tell(now, format_args!("{version}: {}", phase_in_words(rollout)));
        if rollout.paused.is_some() && before.as_ref().is_some_and(|was| goes_on(was, rollout)) {
            let what = format!("{version} went on while it was paused");
            self.note(Broken::new("while-paused", what));
        }
        if matches!(
            before,
            Some(Phase::Halted { .. } | Phase::Complete { .. } | Phase::Withdrawn { .. })
        ) {
            let what = format!("{version} was over, and goes on");
            self.note(Broken::new("halt-not-sticky", what));
        }
    }
}

/// A rollout's version, with its class if that isn't the one that the story is about.
fn name(rollout: &Rollout) -> String {
    let version = &rollout.candidate.version;
    match rollout.candidate.class == Kind::Gateway.class() {
        true => format!("{version} of gateways"),
        false => version.clone(),
    }
}

/// Whether a wave has opened since, or the rollout has completed.
fn goes_on(was: &Phase, rollout: &Rollout) -> bool {
    let wave = |phase: &Phase| match phase {
        Phase::Rolling { wave } | Phase::AwaitsHuman { wave, .. } => Some(*wave),
        _ => None,
    };
    let is_complete = matches!(rollout.phase, Phase::Complete { .. });
    is_complete || wave(&rollout.phase).is_some_and(|now| wave(was) != Some(now))
}

fn phase_in_words(rollout: &Rollout) -> String {
    match &rollout.phase {
        Phase::Rolling { wave } => format!("wave {wave} rolls"),
        Phase::AwaitsHuman { question, .. } => why::asked(rollout, question),
        Phase::Halted { reason, .. } => why::halted(rollout, reason),
        Phase::Complete { .. } => "complete".to_owned(),
        Phase::Withdrawn { who, why, .. } => why::withdrawn(who, why),
    }
}

/// Whether the step from one state to the other needed a new promise. A device may have begun, and even ended,
/// by the time that we look at it.
fn is_promise(before: &Progress, after: &Progress) -> bool {
    let rested = matches!(
        before,
        Progress::Waiting | Progress::Refused { began: None, .. }
    );
    let rests = matches!(
        after,
        Progress::Waiting
            | Progress::Refused { began: None, .. }
            | Progress::Returning { .. }
            | Progress::CannotReturn { .. }
    );
    let again = matches!(
        (before, after),
        (Progress::Promised { at: first }, Progress::Promised { at: anew }) if first != anew
    );
    again || rested && !rests
}

/// Whether a device is on its way to a release.
fn is_under_way(progress: &Progress) -> bool {
    matches!(
        progress,
        Progress::Promised { .. } | Progress::Began { .. } | Progress::OnTrial { .. }
    )
}

/// Whether a server may bring a device into this state on its own.
fn is_decided(progress: &Progress) -> bool {
    matches!(
        progress,
        Progress::Waiting | Progress::Returning { .. } | Progress::CannotReturn { .. }
    )
}
