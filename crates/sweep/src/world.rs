//! The world around one unit: its server, its clock and its power.

use std::collections::VecDeque;
use std::ops::Range;

use mainstay_device::fake::Operation;
use mainstay_device::{Booted, Cut, SimulatedNor, Storage as _, Want};

use crate::ending::{self, Ending};
use crate::faults::Faults;
use crate::history::{History, index_of};
use crate::invariants::{
    self, Broken, Sight, genuine_in, nothing_outside_its_region, papers_are_kept, says_what_runs,
    told_the_truth,
};
use crate::scenario::Act;
use crate::server::Server;
use crate::set::{Set, TRIAL_BOOTS};
use crate::unit::{self, Region, Unit, image_address, switch_off};
use crate::vendor::{Manner, START_S};

/// Virtual time that an act may take: an update takes minutes, and a retry half of one.
const ACT_MS_MAX: u64 = 3 * 3_600_000;
/// Things that a unit may want in one act: some hundred are usual.
const WANTS_MAX: u32 = 4000;
/// Boots of a run in which nothing goes wrong: the longest scenario needs twenty.
const BOOTS_MAX: u64 = 40;
/// What is gained by a watchdog that finds a hanging image.
const HANG_MS: u64 = 1000;

/// No operation at all.
const NOTHING: Range<u64> = u64::MAX..u64::MAX;

/// One unit and its world. While the unit is up, its flash is with it.
#[derive(Clone)]
pub struct World<'s> {
    set: &'s Set,
    flash: Option<SimulatedNor>,
    server: Server,
    /// What is known of the unit.
    pub history: History,
    now_ms: u64,
    /// Power-ups so far.
    pub boots: u64,
    boots_max: u64,
    /// The operation from which cuts are counted.
    base: u64,
    cuts: VecDeque<(u64, Cut)>,
    has_silent_fault: bool,
    /// The operations from a silent fault to the next power-up, in which nobody can know of it.
    blind: Range<u64>,
    /// The operation at which the last boot began.
    boot_at: u64,
}

impl<'s> World<'s> {
    /// A unit as it leaves the factory.
    ///
    /// # Errors
    /// If the factory refuses its image.
    pub fn new(set: &'s Set) -> anyhow::Result<Self> {
        Ok(Self {
            set,
            flash: Some(unit::factory(set)?),
            server: Server::default(),
            history: History::of(&set.stage),
            now_ms: START_S * 1000,
            boots: 0,
            boots_max: BOOTS_MAX,
            base: 0,
            cuts: VecDeque::new(),
            has_silent_fault: false,
            blind: NOTHING,
            boot_at: 0,
        })
    }

    /// Plans what goes wrong from now on; operations count from here.
    pub fn plan(&mut self, faults: &Faults, keeps_story: bool) {
        let flash = self.flash.as_mut().expect("the unit is off");
        flash.seed(faults.seed);
        if keeps_story {
            flash.keep_story();
        }
        if let Some((at, fault)) = faults.silent {
            flash.fail_silently_at(at, fault);
        }
        self.has_silent_fault = faults.silent.is_some();
        self.base = flash.operations();
        let fault_at = faults.silent.map(|(at, _)| self.base + at);
        self.blind = fault_at.map_or(NOTHING, |at| at..u64::MAX);
        self.boots = 0;
        self.boots_max = BOOTS_MAX + faults.cuts.len() as u64 * u64::from(2 + TRIAL_BOOTS);
        self.cuts = faults.cuts.iter().copied().collect();
        self.restore_power();
    }

    /// The operations since [`World::plan`], numbered from there, if their story is kept.
    #[must_use]
    pub fn story(&self) -> Vec<Operation> {
        let story = self.flash.as_ref().map_or(&[][..], SimulatedNor::story);
        let counted = |operation: &Operation| Operation {
            index: operation.index - self.base,
            ..*operation
        };
        story.iter().map(counted).collect()
    }

    /// Lets an act happen, to its end.
    ///
    /// # Errors
    /// The first invariant that doesn't hold.
    pub fn play(&mut self, act: &Act) -> Result<Ending, Broken> {
        if act.damages {
            self.damage();
        }
        let until_ms = self.now_ms + ACT_MS_MAX;
        loop {
            let Some((mut unit, booted)) = self.switch_on()? else {
                return Ok(Ending::Stuck);
            };
            let ending = self.accompany(&mut unit, booted, act, until_ms);
            self.put_back(switch_off(unit));
            if let Some(ending) = ending? {
                return Ok(ending);
            }
        }
    }

    /// Switches the unit on and off again, with no cut planned.
    ///
    /// # Errors
    /// The first invariant that doesn't hold.
    pub fn look_once_more(&mut self) -> Result<(), Broken> {
        self.cuts.clear();
        self.restore_power();
        self.boots_max = self.boots_max.max(self.boots + u64::from(TRIAL_BOOTS) + 2);
        if let Some((unit, _)) = self.switch_on()? {
            self.put_back(switch_off(unit));
        }
        Ok(())
    }

    /// Whether the server knows of the last confirmation.
    #[must_use]
    pub fn has_told_its_end(&self) -> bool {
        let confirmed = self
            .history
            .confirmed
            .filter(|_| self.history.was_seen_confirming);
        confirmed.is_none_or(|index| {
            let manifest = self.set.stage.releases[index].manifest;
            self.server.was_confirmed(manifest)
        })
    }

    /// Takes the unit's flash back, with the power as it is planned.
    fn put_back(&mut self, flash: SimulatedNor) {
        self.flash = Some(flash);
        self.restore_power();
    }

    fn restore_power(&mut self) {
        let base = self.base;
        let flash = self.flash.as_mut().expect("the unit is off");
        flash.restore_power();
        let done = flash.operations() - base;
        while self.cuts.front().is_some_and(|(at, _)| *at < done) {
            self.cuts.pop_front();
        }
        if let Some((at, cut)) = self.cuts.front() {
            flash.cut_at(at - done, *cut);
        }
    }

    /// Erases the first page of the confirmed image.
    fn damage(&mut self) {
        let mut flash = self.flash.take().expect("the unit is off");
        flash.restore_power();
        let everywhere = 0..u32::MAX;
        flash.guard(Vec::from([everywhere]));
        let region = Region::open(flash, self.set.layout);
        let mut region = region.map_err(|(_, error)| error).expect("the power is on");
        let record = region.record().ok().flatten().unwrap_or_default();
        if let Some(slot) = record.confirmed {
            let page = region.layout().image(region.place(slot));
            let erased = mainstay_device::Flash::erase_page(region.flash_mut(), page);
            erased.expect("an image begins at a page");
            self.history.is_damaged = true;
        }
        self.put_back(region.into_flash());
    }

    /// Switches the unit on until something has come up that doesn't hang.
    fn switch_on(&mut self) -> Result<Option<(Unit, Booted)>, Broken> {
        loop {
            self.boots += 1;
            self.now_ms += HANG_MS;
            if self.boots > self.boots_max {
                return self.gave_no_end();
            }
            let mut flash = self.flash.take().expect("the unit is off");
            nothing_outside_its_region(&flash, &self.blind)?;
            flash.guard(self.set.boot_loaders());
            self.boot_at = flash.operations();
            if self.boot_at > self.blind.start {
                self.blind.end = self.blind.end.min(self.boot_at);
            }
            let (mut region, booted) = match unit::boot(self.set, flash, self.now_ms) {
                Ok(up) => up,
                Err(flash) => {
                    self.put_back(*flash);
                    continue;
                }
            };
            let running = match self.look_at(&region, booted) {
                Ok(running) => running,
                Err(broken) => {
                    self.flash = Some(region.into_flash());
                    return Err(broken);
                }
            };
            let hangs =
                running.is_some_and(|index| self.set.stage.releases[index].manner == Manner::Hangs);
            if hangs {
                self.put_back(region.into_flash());
                continue;
            }
            let image = image_address(&region, booted).unwrap_or(u32::MAX);
            let allowed = self.set.applications(booted.slot, image);
            region.flash_mut().guard(allowed);
            match unit::start(self.set, region, booted, self.now_ms) {
                Ok(unit) => return self.listen_to(unit, booted, running).map(Some),
                Err(flash) => self.put_back(*flash),
            }
        }
    }

    /// Whether the silent fault came since the last boot began: then what the boot loader has read may have
    /// gone bad right behind its back, which nobody finds before the next boot.
    fn has_just_failed(&self, region: &Region) -> bool {
        let now = region.flash().operations();
        (self.boot_at..now).contains(&self.blind.start)
    }

    /// What a unit says as soon as it is up.
    fn listen_to(
        &mut self,
        unit: Unit,
        booted: Booted,
        running: Option<usize>,
    ) -> Result<(Unit, Booted), Broken> {
        let silent = self.has_silent_fault;
        let is_true = match self.has_just_failed(unit.storage()) {
            true => Ok(()),
            false => says_what_runs(self.set, &unit, booted, running, silent),
        };
        let is_kept = match self.has_silent_fault {
            true => Ok(()),
            false => papers_are_kept(&self.history, &unit),
        };
        match is_true.and(is_kept) {
            Ok(()) => Ok((unit, booted)),
            Err(broken) => {
                self.flash = Some(switch_off(unit));
                Err(broken)
            }
        }
    }

    fn gave_no_end(&self) -> Result<Option<(Unit, Booted)>, Broken> {
        match self.has_silent_fault {
            true => Ok(None),
            false => Err(Broken {
                invariant: "boots_are_bounded",
                found: format!("{} boots, and no end", self.boots_max),
            }),
        }
    }

    /// Looks at what a boot loader has decided, and tells what really runs.
    fn look_at(&mut self, region: &Region, booted: Booted) -> Result<Option<usize>, Broken> {
        let running = booted
            .slot
            .and_then(|slot| genuine_in(self.set, region, slot));
        // One of a journal's copies may be unreadable; not both.
        let record = region.record().ok().flatten().unwrap_or_default();
        self.history
            .note_boot(&self.set.stage, &record, booted.reason, running);
        nothing_outside_its_region(region.flash(), &self.blind)?;
        if self.has_just_failed(region) {
            return Ok(running);
        }
        invariants::after_boot(&Sight {
            set: self.set,
            region,
            booted,
            record: &record,
            history: &self.history,
            running,
            has_silent_fault: self.has_silent_fault,
        })?;
        Ok(running)
    }

    /// Does what the unit wants until the act ends, or the unit restarts or loses its power.
    fn accompany(
        &mut self,
        unit: &mut Unit,
        booted: Booted,
        act: &Act,
        until_ms: u64,
    ) -> Result<Option<Ending>, Broken> {
        let running = index_of(&self.set.stage, unit.running_release());
        for _ in 0..WANTS_MAX {
            self.history.note_up(&self.set.stage, unit);
            nothing_outside_its_region(unit.storage().flash(), &self.blind)?;
            let want = unit.wants(self.now_ms);
            if let Some(ending) =
                ending::of(self.set, &self.server, act, unit, (booted.reason, want))
            {
                return Ok(Some(ending));
            }
            match want {
                Want::Reboot => return Ok(None),
                Want::Sleep { until_ms } => self.now_ms = until_ms,
                want => match unit::serve(self.set, act, &mut self.server, unit, want, self.now_ms)
                {
                    Err(_) => return Ok(None),
                    Ok(None) => {}
                    Ok(Some(said)) => {
                        let silent = self.has_silent_fault;
                        told_the_truth(self.set, &self.history, running, &said, silent)?;
                    }
                },
            }
            if self.now_ms > until_ms {
                break;
            }
        }
        if self.has_silent_fault {
            return Ok(Some(Ending::Stuck));
        }
        Err(Broken {
            invariant: "it_ends",
            found: format!(
                "{:?} never came, at {:?}",
                act.ends,
                unit.wants(self.now_ms)
            ),
        })
    }
}
