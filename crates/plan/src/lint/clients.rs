//! Whether devices with other clients can be believed, and can pass at all.

use super::{Broken, Case, Reason, Rule};
use crate::class::Class;
use crate::client::{ClientName, WithoutWord};
use crate::finding::Severity;
use crate::read::written;

pub(super) const FMP032: Rule = Rule {
    reason: Reason {
        id: "FMP032",
        why: "who says that something is installed hasn't said that it works, and who never says it counts as silent",
        source: "LockState 2017; spinnaker#5622; flagger#1035",
    },
    severity: Severity::Error,
    statement: "A class whose devices run another client says in which attribute they tell what they run, or that they are \
         taken at their word, and does so before they are scored.",
    judge: can_pass,
};

fn can_pass(case: &Case<'_>) -> Vec<Broken> {
    case.of_classes(|index, class| match class.clients.without_version_word {
        WithoutWord::Unverified => never_verified(case, index, class),
        WithoutWord::TakenAtItsWord { .. } => believed_too_late(case, index, class),
    })
}

/// Nothing that such a device may say makes it count as updated. A client that nobody knows may say it by another way: it
/// may report what is installed without being asked.
fn never_verified(case: &Case<'_>, index: usize, class: &Class) -> Option<Broken> {
    let rules = &class.clients;
    let client = rules.client?;
    let path = format!("class.{index}.version_attribute");
    let says = rules.version_attribute.is_some() || !case.was_read(&path);
    let believes = !case.was_read(&format!("class.{index}.without_version_word"));
    if says || believes {
        return None;
    }
    let message = format!(
        "No device of {} can say which version it runs: {} tells it in an attribute, and none is named. Its canary can never pass.",
        class.id,
        client.id()
    );
    let fix = "version_attribute = \"sw_version\", the attribute in which clients send it, or \
               without_version_word = \"taken-at-its-word after 24h\"";
    let broken = Broken::new(format!("class.{index}.client"), message, fix);
    Some(match client {
        ClientName::Generic => broken.mild(),
        ClientName::Swupdate | ClientName::Rauc | ClientName::Zephyr => broken,
    })
}

/// A device is scored when the horizon is over since it began. The span until it is taken at its word runs from the end of its
/// install, so that it has to be the shorter one.
fn believed_too_late(case: &Case<'_>, index: usize, class: &Class) -> Option<Broken> {
    let rules = &class.clients;
    let WithoutWord::TakenAtItsWord { after } = rules.without_version_word else {
        return None;
    };
    let horizon = case.plan.health.install.horizon;
    (after >= horizon).then(|| {
        let (after, horizon) = (written(after), written(horizon));
        let message = format!(
            "{} takes a device at its word {after} after its install, and scores it as silent {horizon} after it began.",
            class.id
        );
        let fix = format!("horizon longer than {after} in [health.install], or a shorter span here");
        let path = format!("class.{index}.without_version_word");
        let broken = Broken::new(path, message, fix);
        match rules.version_attribute {
            Some(_) => broken.mild(),
            None => broken,
        }
    })
}

/// No rule of the list, but what a person who puts a plan into force is to know: it believes more than the one before.
pub(super) const LOOSENED: Rule = Rule {
    reason: Reason {
        id: "plan.loosened",
        why: "what a plan believes without a proof should be a decision, not an edit that nobody saw",
        source: "",
    },
    severity: Severity::Warn,
    statement: "A plan that believes more than the one in force says so.",
    judge: believes_more,
};

fn believes_more(case: &Case<'_>) -> Vec<Broken> {
    let mut broken = case.of_classes(|index, class| takes_more_words(case, index, class));
    broken.extend(case.of_classes(|index, class| checks_less(case, index, class)));
    broken
}

fn takes_more_words(case: &Case<'_>, index: usize, class: &Class) -> Option<Broken> {
    let before = &case
        .facts
        .in_force
        .as_ref()?
        .classes
        .get(&class.id)?
        .clients;
    let (was, is) = (
        before.without_version_word,
        class.clients.without_version_word,
    );
    is.is_looser_than(was).then(|| {
        let message = format!(
            "A device of {} that doesn't say what it runs was {}, and is now {}.",
            class.id,
            was.words(),
            is.words()
        );
        let fix = format!(
            "without_version_word = \"{}\", unless this is meant",
            was.words()
        );
        Broken::new(format!("class.{index}.without_version_word"), message, fix)
    })
}

fn checks_less(case: &Case<'_>, index: usize, class: &Class) -> Option<Broken> {
    let before = &case
        .facts
        .in_force
        .as_ref()?
        .classes
        .get(&class.id)?
        .clients;
    let checks = class.clients.checks_signature
        || class.clients.client == Some(ClientName::Rauc) // always does
        || !case.was_read(&format!("class.{index}.client_checks"));
    (before.checks_signature && !checks).then(|| {
        let message = format!(
            "Clients of {} were said to check a signature, and now aren't: whoever has the server has those devices.",
            class.id
        );
        let fix = "client_checks = \"signature\", unless they check none any more";
        Broken::new(format!("class.{index}.client_checks"), message, fix)
    })
}
