//! Which devices a release may meet.

use super::{Broken, Case, Reason, Rule};
use crate::finding::Severity;

pub(crate) const FMP001: Rule = Rule {
    reason: Reason {
        id: "FMP001",
        why: "firmware for a sister model can leave a device unable to work and to be updated again",
        source: "LockState 2017; ETSI EN 303 645 5.3; RFC 9124",
    },
    severity: Severity::Error,
    statement: "Every class lists its hardware revisions and the bootloaders it needs, and devices \
         check both.",
    judge,
};

/// A missing list is found while reading; a range that every bootloader meets is no check.
fn judge(case: &Case<'_>) -> Vec<Broken> {
    let unchecked = |(index, class): (usize, &crate::Class)| {
        (class.bootloader.min == (0, 0, 0)).then(|| {
            Broken::new(
                format!("class.{index}.bootloader"),
                format!(
                    "{} accepts any bootloader, so its devices check none.",
                    class.id
                ),
                "name the oldest version that was tested: bootloader = \">=1.0.0\"",
            )
        })
    };
    case.plan
        .classes
        .iter()
        .enumerate()
        .filter_map(unchecked)
        .collect()
}
