//! What must hold after each boot, and whenever a unit speaks. One function each.
//!
//! | invariant | holds with a silent fault too |
//! |---|---|
//! | [`authentic_image_runs`]: what runs is, byte for byte and in stable bits, a genuine release of the right class | yes |
//! | [`runs_from_its_place`]: a swapped image runs from the first place | yes |
//! | [`says_what_runs`]: what the unit says runs is what runs, and why | yes |
//! | [`nothing_outside_its_region`]: no operation outside of what its doer may write to | yes |
//! | [`nothing_below_the_floor`]: nothing is tried or kept that lies below a floor that was confirmed | no |
//! | [`floor_is_earned`]: no floor counts that no confirmed release had | yes |
//! | [`confirmed_is_kept`]: a confirmed image is there, whole, and what is gone back to | no |
//! | [`papers_are_kept`]: a root or revocations once held are held | no |
//! | bounded boots, a named end, and that the end is told: `run.rs` | no |
//!
//! A silent fault may lose what was saved: a part that says it wrote and didn't has no witness until somebody reads
//! back. What was lost then is old news taken for new; it is never another image, and never a lie about the image.
//! The fault itself is found where it is read next: a record when it was saved, an image before it may boot and at
//! every boot, a paper at its next use. Until the next power-up nobody can know of what went bad behind a check that
//! was just made; [`nothing_outside_its_region`] says what that may cost.

use std::ops::Range;

use mainstay_device::{Booted, Record, SimulatedNor, Slot, Strategy};
use mainstay_protocol::{BootReason, CheckIn, read};
use mainstay_trust::Digest;

use crate::history::History;
use crate::set::Set;
use crate::unit::{Region, Unit, has_recovery_image, image_address};

/// An invariant that doesn't hold.
#[derive(Debug, Clone)]
pub struct Broken {
    /// Which one.
    pub invariant: &'static str,
    /// What was found in its place.
    pub found: String,
}

/// Whether an invariant holds.
pub type Check = Result<(), Broken>;

fn broken(invariant: &'static str, found: impl Into<String>) -> Check {
    Err(Broken {
        invariant,
        found: found.into(),
    })
}

/// What there is to see of a unit that its boot loader has decided for.
pub struct Sight<'s> {
    /// What is tried.
    pub set: &'s Set,
    /// Its flash.
    pub region: &'s Region,
    /// What its boot loader decided.
    pub booted: Booted,
    /// What it has saved.
    pub record: &'s Record,
    /// What is known of it.
    pub history: &'s History,
    /// What really runs, by index.
    pub running: Option<usize>,
    /// Whether its part has a fault that it doesn't tell of.
    pub has_silent_fault: bool,
}

/// Which genuine release lies in a slot, whole and in bits that read the same every time.
#[must_use]
pub fn genuine_in(set: &Set, region: &Region, slot: Slot) -> Option<usize> {
    let address = region.layout().image(region.place(slot));
    set.stage.releases.iter().position(|release| {
        let image = release.image_for(slot);
        let found = region.flash().peek(address, image.len() as u32);
        release.is_genuine && found.as_deref() == Some(image)
    })
}

/// All that must hold once a boot loader has decided.
///
/// # Errors
/// The first that doesn't.
pub fn after_boot(sight: &Sight<'_>) -> Check {
    authentic_image_runs(sight)?;
    runs_from_its_place(sight)?;
    floor_is_earned(sight)?;
    if sight.has_silent_fault {
        return Ok(());
    }
    nothing_below_the_floor(sight)?;
    confirmed_is_kept(sight)
}

/// An authentic image of the right class runs. Where nothing was ever confirmed, or the scenario has
/// damaged it, or an update writes over the only slot, it may be none: safe mode.
///
/// # Errors
/// If something else runs, or nothing without need.
pub fn authentic_image_runs(sight: &Sight<'_>) -> Check {
    const NAME: &str = "authentic_image_runs";
    if let Some(slot) = sight.booted.slot {
        return match sight.running {
            Some(_) => Ok(()),
            None => broken(NAME, format!("slot {slot:?} holds no genuine release")),
        };
    }
    let history = sight.history;
    let has_need = history.confirmed.is_none() || history.is_damaged || sight.has_silent_fault;
    match has_need || has_recovery_image(sight.set) {
        true => Ok(()),
        false => broken(NAME, "safe mode, although an image was confirmed"),
    }
}

/// With a swap, what runs lies in the first place.
///
/// # Errors
/// If it doesn't.
pub fn runs_from_its_place(sight: &Sight<'_>) -> Check {
    let layout = sight.region.layout();
    let first = layout.image(mainstay_device::Place::First);
    let lies = image_address(sight.region, sight.booted);
    match sight.set.strategy == Strategy::Swap && lies.is_some_and(|lies| lies != first) {
        true => broken("runs_from_its_place", "it lies in the second place"),
        false => Ok(()),
    }
}

/// Nothing below a floor that was confirmed is tried or kept. What is gone back to may be older.
///
/// # Errors
/// If something is.
pub fn nothing_below_the_floor(sight: &Sight<'_>) -> Check {
    let Some(running) = sight.running else {
        return Ok(());
    };
    let sequence = sight.set.stage.releases[running].sequence;
    let floor = sight.history.floor;
    match sight.booted.reason == BootReason::Trial && sequence < floor {
        true => broken(
            "nothing_below_the_floor",
            format!("release {sequence} is on trial below floor {floor}"),
        ),
        false => Ok(()),
    }
}

/// The floor is that of a release which was confirmed.
///
/// # Errors
/// If it is higher.
pub fn floor_is_earned(sight: &Sight<'_>) -> Check {
    let (counts, earned) = (sight.record.counters.floor.number, sight.history.floor);
    match counts > earned {
        true => broken(
            "floor_is_earned",
            format!("floor {counts} counts, and {earned} was confirmed"),
        ),
        false => Ok(()),
    }
}

/// The confirmed release is known, and with two slots it is there, whole, and what is gone back to.
///
/// # Errors
/// If it isn't.
pub fn confirmed_is_kept(sight: &Sight<'_>) -> Check {
    const NAME: &str = "confirmed_is_kept";
    let Some(confirmed) = sight.history.confirmed else {
        return Ok(());
    };
    let expected = &sight.set.stage.releases[confirmed];
    let record = sight.record;
    if record.confirmed_manifest != expected.manifest {
        return broken(
            NAME,
            format!("its record names {}", record.confirmed_manifest),
        );
    }
    if has_recovery_image(sight.set) || sight.history.is_damaged {
        return Ok(());
    }
    let Some(slot) = record.confirmed.filter(|_| !record.last_resort) else {
        return broken(NAME, format!("its record says {:?}", record.confirmed));
    };
    match genuine_in(sight.set, sight.region, slot) == Some(confirmed) {
        true => Ok(()),
        false => broken(NAME, format!("slot {slot:?} holds something else")),
    }
}

/// What the unit says runs is what runs, and the reason is the true one.
///
/// # Errors
/// If it says something else.
pub fn says_what_runs(
    set: &Set,
    unit: &Unit,
    booted: Booted,
    running: Option<usize>,
    has_silent_fault: bool,
) -> Check {
    const NAME: &str = "says_what_runs";
    let true_name = running.map(|index| set.stage.releases[index].manifest);
    if unit.running_release() != true_name {
        return broken(NAME, format!("it says {:?}", unit.running_release()));
    }
    if unit.boot_reason() != booted.reason {
        return broken(NAME, format!("it says because of {:?}", unit.boot_reason()));
    }
    if has_silent_fault {
        // What it saved may be lost; the boot loader's own word isn't.
        return Ok(());
    }
    let record = unit.record();
    let is_right = match booted.reason {
        BootReason::Trial => record
            .trial
            .is_some_and(|trial| Some(trial.slot) == booted.slot),
        BootReason::Confirmed | BootReason::Reverted => record.confirmed == booted.slot,
        BootReason::LastResort => record.last_resort && record.confirmed == booted.slot,
        BootReason::SafeMode | BootReason::Recovery => booted.slot.is_none(),
    };
    match is_right {
        true => Ok(()),
        false => broken(
            NAME,
            format!("{:?}, and its record says otherwise", booted.reason),
        ),
    }
}

/// What it told a server in a check-in is true.
///
/// # Errors
/// If it isn't.
pub fn told_the_truth(
    set: &Set,
    history: &History,
    running: Option<usize>,
    said: &[u8],
    has_silent_fault: bool,
) -> Check {
    const NAME: &str = "says_what_runs";
    let Ok(message) = read::<CheckIn<'_>>(said) else {
        return broken(NAME, "a check-in that can't be read");
    };
    let true_name = running.map_or(Digest::ZERO, |index| set.stage.releases[index].manifest);
    if message.running.manifest != true_name {
        return broken(NAME, format!("it told {}", message.running.manifest));
    }
    let is_confirmed = running.is_some() && running == history.confirmed;
    match message.running.confirmed && !is_confirmed && !has_silent_fault {
        true => broken(NAME, "it told that this is confirmed, and it never was"),
        false => Ok(()),
    }
}

/// Papers that were once held are held.
///
/// # Errors
/// If one has gone back.
pub fn papers_are_kept(history: &History, unit: &Unit) -> Check {
    const NAME: &str = "papers_are_kept";
    let (root, before) = (unit.root_version(), history.root_version);
    if root < before {
        return broken(NAME, format!("root {root} after root {before}"));
    }
    let (held, before) = (
        unit.revocations().map_or(0, |held| held.seq),
        history.revocations,
    );
    match held < before {
        true => broken(NAME, format!("revocations {held} after {before}")),
        false => Ok(()),
    }
}

/// Nothing was written or erased where its doer may not. `blind` are the operations for which that isn't asked: a
/// unit whose own head has gone bad since it was started takes itself for one in safe mode.
///
/// # Errors
/// If something was.
pub fn nothing_outside_its_region(flash: &SimulatedNor, blind: &Range<u64>) -> Check {
    let mut trespasses = flash.trespasses().iter();
    match trespasses.find(|operation| !blind.contains(&operation.index)) {
        Some(operation) => broken("nothing_outside_its_region", operation.to_string()),
        None => Ok(()),
    }
}
