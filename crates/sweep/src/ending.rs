//! Whether an act has ended, and how.
//!
//! An act is over when the unit has come to rest: it sleeps, has told everything, holds the papers that are out, and
//! runs what it should, or has told that it gave it up.

use mainstay_device::Want;
use mainstay_protocol::BootReason;

use crate::scenario::{Act, Ends};
use crate::server::Server;
use crate::set::Set;
use crate::unit::Unit;

/// How an act ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// As it should.
    AsPlanned,
    /// What should have been kept was given up: cuts had used its boots up.
    GivenUp,
    /// A silent fault keeps the unit from coming further. It was honest all the time.
    Stuck,
}

/// How an act has ended, if it has. The last two are why the unit booted what it booted, and what it wants.
#[must_use]
pub fn of(
    set: &Set,
    server: &Server,
    act: &Act,
    unit: &Unit,
    (reason, want): (BootReason, Want),
) -> Option<Ending> {
    let stage = &set.stage;
    let name = |index: usize| stage.releases[index].manifest;
    let runs = |index: usize| unit.running_release() == Some(name(index));
    let is_over = match act.ends {
        Ends::Tries(index) => unit.is_on_trial() && runs(index),
        Ends::HasHalf(index) => {
            let release = &stage.releases[index];
            matches!(want, Want::Fetch { offset, .. } if release.is_half_fetched(offset))
        }
        _ if !is_at_rest(act, unit, want) => false,
        Ends::Runs(index) if runs(index) && reason != BootReason::LastResort => true,
        // Where there is nothing else, what was given up may still run as a last resort.
        Ends::Runs(index) if server.was_given_up(name(index)) => return Some(Ending::GivenUp),
        Ends::Runs(_) => false,
        Ends::GivesUp(index) => server.was_given_up(name(index)),
        Ends::Refuses(index, why) => server.was_refused(name(index), why),
    };
    is_over.then_some(Ending::AsPlanned)
}

fn is_at_rest(act: &Act, unit: &Unit, want: Want) -> bool {
    let is_asleep = matches!(want, Want::Sleep { .. });
    let has_told_all = unit.record().reports.is_empty() && !unit.is_on_trial();
    let held = unit.revocations().map_or(0, |held| held.seq);
    let out = act.standing;
    let is_up_to_date = (unit.root_version(), held) == (out.root_version, out.revocations as u64);
    is_asleep && has_told_all && is_up_to_date
}
