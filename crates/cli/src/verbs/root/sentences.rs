//! What changes between two roots, in plain sentences, and as values for machines.

use mainstay_artifact::identity::uuid_text;
use mainstay_artifact::root_diff::RootChange;
use mainstay_trust::{Algorithm, KeyState, Role};
use serde_json::{Value, json};

use crate::moment;

/// One change as a sentence.
pub fn sentence(change: &RootChange) -> String {
    match change {
        RootChange::Version { from, to } => format!("version {from} becomes {to}"),
        RootChange::Identity { from, to } => {
            format!("it is of {to}, no longer of {from}: no device follows")
        }
        RootChange::Expires { from, to } => format!(
            "it lasts until {}, not {}",
            moment::text(*to),
            moment::text(*from)
        ),
        RootChange::Joined {
            role,
            holder,
            key,
            algorithm,
        } => {
            let (role, algorithm) = (role.id(), algorithm.id());
            format!("{holder} joins role {role} with the {algorithm} key {key}")
        }
        RootChange::Left { role, holder, key } => {
            format!("{holder} leaves role {} with the key {key}", role.id())
        }
        RootChange::State {
            holder, key, to, ..
        } => {
            format!("the key {key} of {holder} {}", became(*to))
        }
        RootChange::Holder { key, from, to } => {
            format!("the key {key} is held by {to}, no longer by {from}")
        }
        RootChange::Threshold { role, from, to } => {
            format!("role {} takes {to}, not {from}", role.id())
        }
        RootChange::Algorithms { role, from, to } => format!(
            "role {} signs in {}, not in {}",
            role.id(),
            algorithms(to).join(" and "),
            algorithms(from).join(" and ")
        ),
        RootChange::Epoch { role, from, to } => {
            format!("role {} enters epoch {to} after {from}", role.id())
        }
        RootChange::Policy { class, from, to } => format!(
            "the class {} takes {}, not {}",
            uuid_text(class),
            roles(to).join(", "),
            roles(from).join(", ")
        ),
    }
}

/// The same for a machine.
pub fn value(change: &RootChange) -> Value {
    match change {
        RootChange::Version { from, to } => json!({ "change": "version", "from": from, "to": to }),
        RootChange::Identity { from, to } => {
            json!({ "change": "identity", "from": from, "to": to })
        }
        RootChange::Expires { from, to } => json!({ "change": "expires", "from": from, "to": to }),
        RootChange::Joined {
            role,
            holder,
            key,
            algorithm,
        } => json!({
            "change": "joined", "role": role.id(), "holder": holder, "kid": key.to_string(),
            "algorithm": algorithm.id(),
        }),
        RootChange::Left { role, holder, key } => json!({
            "change": "left", "role": role.id(), "holder": holder, "kid": key.to_string(),
        }),
        RootChange::State {
            holder,
            key,
            from,
            to,
        } => json!({
            "change": "state", "holder": holder, "kid": key.to_string(),
            "from": from.map(state_value), "to": to.map(state_value),
        }),
        RootChange::Holder { key, from, to } => {
            json!({ "change": "holder", "kid": key.to_string(), "from": from, "to": to })
        }
        RootChange::Threshold { role, from, to } => {
            json!({ "change": "threshold", "role": role.id(), "from": from, "to": to })
        }
        RootChange::Algorithms { role, from, to } => json!({
            "change": "algorithms", "role": role.id(),
            "from": algorithms(from), "to": algorithms(to),
        }),
        RootChange::Epoch { role, from, to } => {
            json!({ "change": "epoch", "role": role.id(), "from": from, "to": to })
        }
        RootChange::Policy { class, from, to } => json!({
            "change": "policy", "class": uuid_text(class), "from": roles(from), "to": roles(to),
        }),
    }
}

fn became(state: Option<KeyState>) -> String {
    match state {
        None => "is listed no more".to_owned(),
        Some(KeyState::Active) => "may sign everything of its roles".to_owned(),
        Some(KeyState::Retired { max_sequence }) => format!("signs nothing above {max_sequence}"),
        Some(KeyState::Revoked) => "is revoked: whatever it signs is refused".to_owned(),
    }
}

/// A key's state in a word, with the last number of a retired one.
pub fn state_text(state: KeyState) -> String {
    match state {
        KeyState::Active => "active".to_owned(),
        KeyState::Retired { max_sequence } => format!("retired after {max_sequence}"),
        KeyState::Revoked => "revoked".to_owned(),
    }
}

/// A key's state for a machine.
pub fn state_value(state: KeyState) -> Value {
    match state {
        KeyState::Active => json!({ "state": "active" }),
        KeyState::Retired { max_sequence } => {
            json!({ "state": "retired", "max_sequence": max_sequence })
        }
        KeyState::Revoked => json!({ "state": "revoked" }),
    }
}

fn algorithms(list: &[Algorithm]) -> Vec<&'static str> {
    list.iter().map(|algorithm| algorithm.id()).collect()
}

fn roles(list: &[Role]) -> Vec<&'static str> {
    list.iter().map(|role| role.id()).collect()
}
