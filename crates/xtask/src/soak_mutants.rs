//! The test of the soak: a rule that is broken in one small way must be caught.
//!
//! Read [`MUTANTS`].

use std::path::Path;

use anyhow::Context as _;

use crate::campaign;
use crate::worse::{self, BROKEN, Worse};

/// What the soak must notice.
const MUTANTS: &[Worse] = &[
    Worse {
        name: "a halt is not sticky",
        file: "crates/rollout/src/step.rs",
        from: "        Phase::Halted { .. } => (rollout.clone(), returns::actions(rollout, view)),\n",
        to: "        Phase::Halted { wave, .. } => (\n            \
             Rollout { phase: Phase::Rolling { wave: *wave }, ..rollout.clone() },\n            \
             returns::actions(rollout, view),\n        ),\n",
    },
    Worse {
        name: "windows are in UTC",
        file: "crates/rollout/src/windows.rs",
        from: "        let zone = Zone::parse(zone).map_err(unknown)?.time_zone().clone();\n",
        to: "        let _ = Zone::parse(zone).map_err(unknown)?;\n        let zone = TimeZone::UTC;\n",
    },
    Worse {
        name: "a device counts as updated before it is verified",
        file: "crates/telemetry/src/fold.rs",
        from: "DeviceEvent::TrialBooted { .. } => try_out(progress, at),",
        to: "DeviceEvent::TrialBooted { .. } => confirm(try_out(progress, at), at),",
    },
    Worse {
        name: "each server keeps a budget of its own",
        file: "crates/store/src/sqlite/promise.rs",
        from: "    match has_room(rollout, &under_way, at) {",
        to: "    match has_room(rollout, &under_way, at) || under_way.len() < usize::MAX {",
    },
    Worse {
        name: "no class waits for another",
        file: "crates/rollout/src/needs.rs",
        from: "        (unmet.devices == 0 || unmet.ready < unmet.needed).then_some(unmet)\n",
        to: "        (unmet.devices == 0 || unmet.ready < unmet.needed).then_some(unmet).filter(|_| false)\n",
    },
    Worse {
        name: "a paused rollout begins on further devices",
        file: "crates/rollout/src/pause.rs",
        from: "        Some(paused) if !paused.lets_end(device) => Err(paused.wait()),\n",
        to: "        Some(paused) if !paused.lets_end(device) && rollout.pauses.len() > PAUSES_MAX => Err(paused.wait()),\n",
    },
    Worse {
        name: "the canary is whoever was registered first",
        file: "crates/rollout/src/urn.rs",
        from: "    let begin = one.lot.cmp(&other.lot);\n",
        to: "    let begin = one.id.cmp(&other.id).then(one.lot.cmp(&other.lot));\n",
    },
];

/// At most so many seeds are looked at; the first that breaks a promise is enough.
const SEEDS: &str = "120";

/// Makes every mutant, and lets the soak look at it.
///
/// # Errors
/// If a mutant's text isn't there exactly once, one doesn't compile, or one isn't caught.
pub fn run() -> anyhow::Result<()> {
    let tree = worse::copy("soak-mutants")?;
    expect(&tree, 0).context("the unchanged sources")?;
    worse::each("soak", MUTANTS, |way| {
        way.in_copy(&tree, || expect(&tree, BROKEN))
    })
}

fn expect(tree: &Path, code: i32) -> anyhow::Result<String> {
    worse::expect(tree, campaign::SOAK, &["--seeds", SEEDS], code)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_mutant_finds_its_text() {
        worse::check_texts(MUTANTS);
    }
}
