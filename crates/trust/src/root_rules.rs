//! What makes a root valid, before any signature over it counts.
//!
//! [`check`] looks at one root alone, and is run by devices on every root they verify, and by hosts
//! before a root is signed. [`check_follows`] asks whether a root may come after another.

use crate::key::KeyId;
use crate::key_set::KeySet;
use crate::primitives::Primitives;
use crate::refusal::Refusal;
use crate::root::{ClassPolicy, Key, KeyState, Role, RoleRule, Root};

/// Roles that may stand empty, since nothing can need them yet; all others must be held.
const MAY_BE_EMPTY: [Role; 2] = [Role::Operations, Role::Revocation];

/// Checks that keys are what they are called, roles name listed keys, thresholds can be reached,
/// the three separated roles share neither key nor holder, and class policies can be met.
///
/// # Errors
/// [`Refusal::RootKey`], [`Refusal::RootRole`], [`Refusal::RootThreshold`],
/// [`Refusal::KeyConflict`], [`Refusal::HolderConflict`], [`Refusal::RootPolicy`] or
/// [`Refusal::RootEpoch`].
#[inline(never)]
pub fn check(root: &Root<'_>, primitives: &impl Primitives) -> Result<(), Refusal> {
    check_keys(root, primitives)?;
    for role in Role::ALL {
        check_role(root, role)?;
    }
    check_separation(root)?;
    check_policies(root)?;
    check_epochs(root)
}

/// Checks that `next` is the root after `current`: one version later, of the same vendor and
/// environment, with no epoch lowered and no key given back what it had lost.
///
/// # Errors
/// [`Refusal::RootVersion`], [`Refusal::RootIdentity`], [`Refusal::RootEpoch`] or
/// [`Refusal::RootRevival`].
pub fn check_follows(next: &Root<'_>, current: &Root<'_>) -> Result<(), Refusal> {
    if Some(next.version) != current.version.checked_add(1) {
        return Err(Refusal::RootVersion);
    }
    if (next.vendor, next.environment) != (current.vendor, current.environment) {
        return Err(Refusal::RootIdentity);
    }
    let falls = |role| next.role(role).epoch < current.role(role).epoch;
    if Role::ALL.into_iter().any(falls) {
        return Err(Refusal::RootEpoch);
    }
    let revived = |key: Key<'_>| {
        let before = current.key(&key.id);
        before.is_some_and(|before| reach(key.state) > reach(before.state))
    };
    if next.keys.iter().any(revived) {
        return Err(Refusal::RootRevival);
    }
    Ok(())
}

/// How far a key's signatures reach: nowhere, up to a number, or everywhere.
fn reach(state: KeyState) -> (u8, u64) {
    match state {
        KeyState::Revoked => (0, 0),
        KeyState::Retired { max_sequence } => (1, max_sequence),
        KeyState::Active => (2, 0),
    }
}

fn check_keys(root: &Root<'_>, primitives: &impl Primitives) -> Result<(), Refusal> {
    for (place, key) in root.keys.iter().enumerate() {
        let mut before = root.keys.iter().take(place);
        let listed_before = before.any(|other| other.id == key.id);
        if listed_before || KeyId::of(&key.public, primitives) != key.id {
            return Err(Refusal::RootKey);
        }
    }
    Ok(())
}

fn check_role(root: &Root<'_>, role: Role) -> Result<(), Refusal> {
    let rule = root.role(role);
    // The root lists each key once, so one that the rule names twice, or that isn't listed, makes the
    // set smaller than the list.
    if KeySet::of_rule(root, &rule).len() != rule.keys.len() {
        return Err(Refusal::RootRole);
    }
    if is_reachable(root, role, &rule) || (is_unheld(&rule) && MAY_BE_EMPTY.contains(&role)) {
        Ok(())
    } else {
        Err(Refusal::RootThreshold)
    }
}

/// Whether the threshold is between one and the number of holders, in each of the algorithms. For
/// role root only keys that may sign the next version are counted: a root that nobody can follow
/// would be the last one of its fleet.
fn is_reachable(root: &Root<'_>, role: Role, rule: &RoleRule<'_>) -> bool {
    let next = u64::from(root.version) + 1;
    let may_sign = |key: &Key<'_>| role != Role::Root || reach(key.state) >= (1, next);
    let able = KeySet::of(root, may_sign);
    let enough = |algorithm| {
        let people = able.people_of(root, rule, algorithm);
        (1..=people).contains(&usize::from(rule.threshold))
    };
    !rule.required_algorithms.is_empty() && rule.required_algorithms.iter().all(enough)
}

fn is_unheld(rule: &RoleRule<'_>) -> bool {
    rule.keys.is_empty() && rule.threshold == 0 && rule.required_algorithms.is_empty()
}

/// No key and no person may be in two of the separated roles. People are in both of two sets exactly
/// if together these have fewer than one after the other.
fn check_separation(root: &Root<'_>) -> Result<(), Refusal> {
    let mut seen = KeySet::default();
    for role in Role::SEPARATED {
        let keys = KeySet::of_rule(root, &root.role(role));
        let both = seen.or(keys);
        if !seen.and(keys).is_empty() {
            return Err(Refusal::KeyConflict);
        }
        if both.people(root) != seen.people(root) + keys.people(root) {
            return Err(Refusal::HolderConflict);
        }
        seen = both;
    }
    Ok(())
}

fn check_policies(root: &Root<'_>) -> Result<(), Refusal> {
    let classes = root.policy.iter().map(|policy| policy.class);
    let rising = classes.is_sorted_by(|one, next| one < next);
    if rising && root.policy.iter().all(|policy| can_be_met(root, &policy)) {
        Ok(())
    } else {
        Err(Refusal::RootPolicy)
    }
}

/// Build and release, in that order, and at most operations beside them; nobody else has a say in
/// what is installed.
fn can_be_met(root: &Root<'_>, policy: &ClassPolicy<'_>) -> bool {
    let mut roles = policy.roles.iter();
    let both = (roles.next(), roles.next()) == (Some(Role::Build), Some(Role::Release));
    match (both, roles.next(), roles.next()) {
        (true, None, None) => true,
        (true, Some(Role::Operations), None) => root.role(Role::Operations).is_held(),
        _ => false,
    }
}

/// After a theft the sequence numbers of releases begin anew, and only revocations can say which of
/// the old releases are too old. So whoever raises that epoch must have somebody to say it.
fn check_epochs(root: &Root<'_>) -> Result<(), Refusal> {
    let raised = [Role::Build, Role::Release]
        .into_iter()
        .any(|role| root.role(role).epoch > 0);
    if raised && !root.role(Role::Revocation).is_held() {
        Err(Refusal::RootEpoch)
    } else {
        Ok(())
    }
}
