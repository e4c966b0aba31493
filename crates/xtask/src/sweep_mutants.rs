//! The test of the sweep: a device core that is worse in one small way must be caught.
//!
//! Read [`MUTANTS`].

use std::path::Path;

use anyhow::Context as _;

use crate::campaign;
use crate::worse::{self, BROKEN, Worse};

/// A worse core, and where the sweep looks for it: the scenario whose business it is.
struct Mutant {
    way: Worse,
    scenario: &'static str,
}

/// What the sweep must notice.
const MUTANTS: &[Mutant] = &[
    Mutant {
        way: Worse {
            name: "the journal's checksum is dropped",
            file: "crates/device/src/record_wire.rs",
            from: "if bytes[..4] != MAGIC || crc != CRC.checksum(&bytes[..CRC_AT]) {",
            to: "if bytes[..4] != MAGIC || crc == 1 {",
        },
        scenario: "confirm",
    },
    Mutant {
        way: Worse {
            name: "the floor is committed before the trial is confirmed",
            file: "crates/device/src/install.rs",
            from: "    report(state, now_ms, Event::Installed { manifest });\n",
            to: "    report(state, now_ms, Event::Installed { manifest });\n    \
                 let mark = admitted.release();\n    \
                 state.record.counters.release_confirmed(state.record.counters.confirmed, mark);\n",
        },
        scenario: "floor",
    },
    Mutant {
        way: Worse {
            name: "the new image is marked confirmed before its trial",
            file: "crates/device/src/install.rs",
            from: "    report(state, now_ms, Event::Installed { manifest });\n",
            to: "    report(state, now_ms, Event::Installed { manifest });\n    \
                 state.record.confirmed = Some(slot);\n",
        },
        scenario: "revert",
    },
    Mutant {
        way: Worse {
            name: "the new image is marked confirmed before its slot is erased",
            file: "crates/device/src/install.rs",
            from: "    state.record.counters.install_began(&admitted);\n",
            to: "    state.record.counters.install_began(&admitted);\n    \
                 state.record.confirmed_manifest = manifest;\n",
        },
        scenario: "update",
    },
    Mutant {
        way: Worse {
            name: "the journal's other copies are skipped",
            file: "crates/device/src/journal.rs",
            from: "    let address = layout.journal(copy);\n    let mut bytes = [0xff; PADDED_BYTES];",
            to: "    let address = layout.journal(copy * 0);\n    let mut bytes = [0xff; PADDED_BYTES];",
        },
        scenario: "update",
    },
    Mutant {
        way: Worse {
            name: "the second copy of the papers is skipped",
            file: "crates/device/src/papers.rs",
            from: "    let copy = copy ^ 1;\n",
            to: "    let copy = copy & 0;\n",
        },
        scenario: "root-rotation",
    },
    Mutant {
        way: Worse {
            name: "a record that was cut off is not written once more",
            file: "crates/device/src/journal.rs",
            from: "survey.newest.filter(|(_, copy)| !survey.is_sealed(*copy))",
            to: "survey.newest.filter(|(_, copy)| false && !survey.is_sealed(*copy))",
        },
        scenario: "update",
    },
    Mutant {
        way: Worse {
            name: "a trial costs no boots",
            file: "crates/device/src/boot.rs",
            from: "boots_left: trial.boots_left.saturating_sub(1),",
            to: "boots_left: trial.boots_left,",
        },
        scenario: "hang",
    },
    Mutant {
        way: Worse {
            name: "an image is booted without being compared",
            file: "crates/device/src/on_flash.rs",
            from: "        Ok(image.digest.ct_eq(&head.image_digest))",
            to: "        Ok(image.digest.ct_eq(&head.image_digest) || head.image_bytes > 0)",
        },
        scenario: "safe-mode",
    },
    Mutant {
        way: Worse {
            name: "a download goes on without erasing what was torn",
            file: "crates/device/src/install.rs",
            from: "        return effects(&[Effect::Save, Effect::EraseImageFrom(slot, written)]);",
            to: "        return effects(&[Effect::Save]);",
        },
        scenario: "update",
    },
    Mutant {
        way: Worse {
            name: "an unfinished download is taken for a last resort",
            file: "crates/device/src/boot.rs",
            from: "        .find(|slot| intact(*slot) && unfinished != Some(*slot));",
            to: "        .find(|slot| intact(*slot) && unfinished.is_none_or(|_| true));",
        },
        scenario: "fresh-install",
    },
];

/// Makes every mutant, and lets the sweep look at it.
///
/// # Errors
/// If a mutant's text isn't there exactly once, one doesn't compile, or one isn't caught.
pub fn run() -> anyhow::Result<()> {
    let tree = worse::copy("sweep-mutants")?;
    expect(&tree, "update", 0).context("the unchanged core")?;
    worse::each("sweep", ways(), |way| {
        let mutant = MUTANTS.iter().find(|mutant| mutant.way.name == way.name);
        let scenario = mutant.context("a mutant of ours")?.scenario;
        way.in_copy(&tree, || expect(&tree, scenario, BROKEN))
    })
}

fn ways() -> impl Iterator<Item = &'static Worse> {
    MUTANTS.iter().map(|mutant| &mutant.way)
}

fn expect(tree: &Path, scenario: &str, code: i32) -> anyhow::Result<String> {
    worse::expect(tree, campaign::SWEEP, &["--scenario", scenario], code)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_mutant_finds_its_text() {
        worse::check_texts(ways());
    }
}
