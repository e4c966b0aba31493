//! What makes a root valid, before any signature over it counts.
//!
//! [`check`] is run by devices on every root they verify, and by hosts before a root is signed. It
//! looks at one root alone: whether it may follow another one isn't decided here.

use crate::key::KeyId;
use crate::primitives::Primitives;
use crate::refusal::Refusal;
use crate::root::{ClassPolicy, Key, Role, RoleRule, Root};

/// Roles that may stand empty, since nothing can need them yet; all others must be held.
const MAY_BE_EMPTY: [Role; 2] = [Role::Operations, Role::Revocation];

/// Checks that keys are what they are called, roles name listed keys, thresholds can be reached,
/// the three separated roles share neither key nor holder, and class policies can be met.
///
/// # Errors
/// [`Refusal::RootKey`], [`Refusal::RootRole`], [`Refusal::RootThreshold`],
/// [`Refusal::KeyConflict`], [`Refusal::HolderConflict`] or [`Refusal::RootPolicy`].
pub fn check(root: &Root<'_>, primitives: &impl Primitives) -> Result<(), Refusal> {
    check_keys(root, primitives)?;
    for role in Role::ALL {
        check_role(root, role)?;
    }
    check_separation(root)?;
    check_policies(root)
}

fn check_keys(root: &Root<'_>, primitives: &impl Primitives) -> Result<(), Refusal> {
    for (place, key) in root.keys.iter().enumerate() {
        let listed_before = root.keys[..place].iter().any(|other| other.id == key.id);
        if listed_before || KeyId::of(&key.public, primitives) != key.id {
            return Err(Refusal::RootKey);
        }
    }
    Ok(())
}

fn check_role(root: &Root<'_>, role: Role) -> Result<(), Refusal> {
    let rule = root.role(role);
    for (place, id) in rule.keys.iter().enumerate() {
        if rule.keys[..place].contains(id) || root.key(id).is_none() {
            return Err(Refusal::RootRole);
        }
    }
    if is_reachable(root, rule) || (is_unheld(rule) && MAY_BE_EMPTY.contains(&role)) {
        Ok(())
    } else {
        Err(Refusal::RootThreshold)
    }
}

/// Whether the threshold is between one and the number of holders, in each of the algorithms.
fn is_reachable(root: &Root<'_>, rule: &RoleRule) -> bool {
    let enough = |algorithm| {
        let keys = keys_of(root, rule).filter(move |key| key.public.algorithm() == algorithm);
        (1..=distinct_holders(keys)).contains(&usize::from(rule.threshold))
    };
    !rule.required_algorithms.is_empty() && rule.required_algorithms.iter().copied().all(enough)
}

fn is_unheld(rule: &RoleRule) -> bool {
    rule.keys.is_empty() && rule.threshold == 0 && rule.required_algorithms.is_empty()
}

fn keys_of<'r, 'a>(
    root: &'r Root<'a>,
    rule: &'r RoleRule,
) -> impl Iterator<Item = &'r Key<'a>> + Clone {
    rule.keys.iter().filter_map(|id| root.key(id))
}

/// Counts people, not keys: a holder's second key adds nothing.
pub(crate) fn distinct_holders<'r, 'a: 'r>(
    keys: impl Iterator<Item = &'r Key<'a>> + Clone,
) -> usize {
    let first_of_holder = |(place, key): &(usize, &Key<'a>)| {
        !keys
            .clone()
            .take(*place)
            .any(|earlier| earlier.holder == key.holder)
    };
    keys.clone().enumerate().filter(first_of_holder).count()
}

fn check_separation(root: &Root<'_>) -> Result<(), Refusal> {
    for (place, role) in Role::SEPARATED.iter().enumerate() {
        for other in &Role::SEPARATED[place + 1..] {
            check_disjoint(root, root.role(*role), root.role(*other))?;
        }
    }
    Ok(())
}

fn check_disjoint(root: &Root<'_>, one: &RoleRule, other: &RoleRule) -> Result<(), Refusal> {
    if one.keys.iter().any(|id| other.keys.contains(id)) {
        return Err(Refusal::KeyConflict);
    }
    let holds_other = |holder| keys_of(root, other).any(|key| key.holder == holder);
    if keys_of(root, one).any(|key| holds_other(key.holder)) {
        return Err(Refusal::HolderConflict);
    }
    Ok(())
}

fn check_policies(root: &Root<'_>) -> Result<(), Refusal> {
    let rising = root.policy.is_sorted_by(|one, next| one.class < next.class);
    if rising && root.policy.iter().all(|policy| can_be_met(root, policy)) {
        Ok(())
    } else {
        Err(Refusal::RootPolicy)
    }
}

fn can_be_met(root: &Root<'_>, policy: &ClassPolicy) -> bool {
    let roles = &policy.roles;
    roles.is_sorted_by(|one, next| one < next)
        && [Role::Build, Role::Release]
            .iter()
            .all(|role| roles.contains(role))
        && roles.iter().all(|role| !root.role(*role).keys.is_empty())
}
