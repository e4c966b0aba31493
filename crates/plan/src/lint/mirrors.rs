//! What mirrors give away.

use super::{Broken, Case, Reason, Rule};
use crate::delivery::Links;
use crate::finding::Severity;

/// It is in no list of rules.
pub(super) const OPEN: Rule = Rule {
    reason: Reason {
        id: "plan.open-mirror",
        why: "an image is no secret to its devices, and is one to everybody else who might look for weaknesses in it",
        source: "",
    },
    severity: Severity::Warn,
    statement: "A mirror lets in whom the server has sent there.",
    judge,
};

fn judge(case: &Case<'_>) -> Vec<Broken> {
    let mirrors = case.plan.delivery.mirrors.iter().enumerate();
    let open = mirrors.filter(|(_, mirror)| matches!(mirror.links, Links::Plain { .. }));
    open.map(|(index, mirror)| {
        let name = &mirror.name;
        let message = format!("{name} gives an image to whoever knows its digest.");
        let fix = "links = \"signed\", and a mirror that checks the signature (docs/delivery.md), unless the images are public";
        Broken::new(format!("delivery.mirror.{index}.links"), message, fix)
    })
    .collect()
}
