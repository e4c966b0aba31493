//! What changes from one root to another, as values; whoever shows them makes the sentences.

use mainstay_trust::manifest::Uuid;
use mainstay_trust::{Algorithm, KeyId, KeyState, Role, Root};

/// One difference between two roots. `from` is the older root's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RootChange {
    /// Another version.
    Version {
        /// Before.
        from: u32,
        /// After.
        to: u32,
    },
    /// Another vendor or environment: no device follows.
    Identity {
        /// Vendor and environment before.
        from: String,
        /// And after.
        to: String,
    },
    /// Another end, in Unix seconds.
    Expires {
        /// Before.
        from: u64,
        /// After.
        to: u64,
    },
    /// A key plays a role that it didn't.
    Joined {
        /// The role.
        role: Role,
        /// Who.
        holder: String,
        /// With which key.
        key: KeyId,
        /// In which algorithm.
        algorithm: Algorithm,
    },
    /// A key plays a role no more.
    Left {
        /// The role.
        role: Role,
        /// Who.
        holder: String,
        /// Which key.
        key: KeyId,
    },
    /// A key's state is another.
    State {
        /// Who.
        holder: String,
        /// Which key.
        key: KeyId,
        /// Before; none if the root didn't list it.
        from: Option<KeyState>,
        /// After; none if the root doesn't list it any more.
        to: Option<KeyState>,
    },
    /// Another person is named for a key.
    Holder {
        /// Which key.
        key: KeyId,
        /// Before.
        from: String,
        /// After.
        to: String,
    },
    /// Another number of people.
    Threshold {
        /// The role.
        role: Role,
        /// Before.
        from: u8,
        /// After.
        to: u8,
    },
    /// Other algorithms.
    Algorithms {
        /// The role.
        role: Role,
        /// Before.
        from: Vec<Algorithm>,
        /// After.
        to: Vec<Algorithm>,
    },
    /// Another epoch.
    Epoch {
        /// The role.
        role: Role,
        /// Before.
        from: u32,
        /// After.
        to: u32,
    },
    /// A class needs other roles.
    Policy {
        /// The class id.
        class: Uuid,
        /// Before.
        from: Vec<Role>,
        /// After.
        to: Vec<Role>,
    },
}

/// What changes from `one` root to the `other`, in the order of the root's fields.
pub fn diff(one: &Root<'_>, other: &Root<'_>) -> Vec<RootChange> {
    let mut changes = heads(one, other);
    for role in Role::ALL {
        changes.extend(membership(role, one, other));
        changes.extend(rule(role, one, other));
    }
    changes.extend(keys(one, other));
    changes.extend(policies(one, other));
    changes
}

fn heads(one: &Root<'_>, other: &Root<'_>) -> Vec<RootChange> {
    let name = |root: &Root<'_>| format!("{} ({})", root.vendor, root.environment);
    let version = (one.version != other.version).then_some(RootChange::Version {
        from: one.version,
        to: other.version,
    });
    let identity = (name(one) != name(other)).then(|| RootChange::Identity {
        from: name(one),
        to: name(other),
    });
    let expires = (one.expires != other.expires).then_some(RootChange::Expires {
        from: one.expires,
        to: other.expires,
    });
    version.into_iter().chain(identity).chain(expires).collect()
}

fn membership(role: Role, one: &Root<'_>, other: &Root<'_>) -> Vec<RootChange> {
    let (before, after) = (one.role(role).keys, other.role(role).keys);
    let left = before.iter().filter(|key| !after.contains(key));
    let left = left
        .filter_map(|key| one.key(&key))
        .map(|key| RootChange::Left {
            role,
            holder: key.holder.to_owned(),
            key: key.id,
        });
    let joined = after.iter().filter(|key| !before.contains(key));
    let joined = joined
        .filter_map(|key| other.key(&key))
        .map(|key| RootChange::Joined {
            role,
            holder: key.holder.to_owned(),
            key: key.id,
            algorithm: key.public.algorithm(),
        });
    left.chain(joined).collect()
}

fn rule(role: Role, one: &Root<'_>, other: &Root<'_>) -> Vec<RootChange> {
    let (before, after) = (one.role(role), other.role(role));
    let threshold = (before.threshold != after.threshold).then_some(RootChange::Threshold {
        role,
        from: before.threshold,
        to: after.threshold,
    });
    let (from, to) = (before.required_algorithms, after.required_algorithms);
    let algorithms = (from != to).then(|| RootChange::Algorithms {
        role,
        from: from.iter().collect(),
        to: to.iter().collect(),
    });
    let epoch = (before.epoch != after.epoch).then_some(RootChange::Epoch {
        role,
        from: before.epoch,
        to: after.epoch,
    });
    threshold
        .into_iter()
        .chain(algorithms)
        .chain(epoch)
        .collect()
}

/// States and holders. A key that comes or goes with its role isn't told twice.
fn keys(one: &Root<'_>, other: &Root<'_>) -> Vec<RootChange> {
    let mut changes = Vec::new();
    for key in other.keys.iter() {
        let before = one.key(&key.id);
        if let Some(before) = before.filter(|before| before.holder != key.holder) {
            changes.push(RootChange::Holder {
                key: key.id,
                from: before.holder.to_owned(),
                to: key.holder.to_owned(),
            });
        }
        let from = before.map(|before| before.state);
        let told = from.is_none() && key.state == KeyState::Active && plays(&key.id, other);
        if from != Some(key.state) && !told {
            changes.push(state(key.holder, key.id, from, Some(key.state)));
        }
    }
    let dropped = one.keys.iter().filter(|key| other.key(&key.id).is_none());
    let untold = dropped.filter(|key| !plays(&key.id, one));
    changes.extend(untold.map(|key| state(key.holder, key.id, Some(key.state), None)));
    changes
}

fn plays(key: &KeyId, root: &Root<'_>) -> bool {
    root.roles.iter().any(|rule| rule.keys.contains(key))
}

fn state(holder: &str, key: KeyId, from: Option<KeyState>, to: Option<KeyState>) -> RootChange {
    RootChange::State {
        holder: holder.to_owned(),
        key,
        from,
        to,
    }
}

fn policies(one: &Root<'_>, other: &Root<'_>) -> Vec<RootChange> {
    let classes = one.policy.iter().chain(other.policy.iter());
    let mut classes: Vec<Uuid> = classes.map(|policy| policy.class).collect();
    classes.sort_unstable();
    classes.dedup();
    let changed = classes.into_iter().filter_map(|class| {
        let from: Vec<_> = one.required_roles(&class).iter().collect();
        let to: Vec<_> = other.required_roles(&class).iter().collect();
        (from != to).then_some(RootChange::Policy { class, from, to })
    });
    changed.collect()
}
