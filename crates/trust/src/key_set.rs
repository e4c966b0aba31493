//! Sets of a root's keys, and how many people hold them.

use crate::key::Algorithm;
use crate::root::{KEYS_MAX, Key, RoleRule, Root};

/// A set of a root's keys, one bit for each by its place in the root. A key that signed twice is
/// there once.
#[derive(Copy, Clone, Eq, PartialEq, Debug, Default)]
pub(crate) struct KeySet(u32);

// Each place of a key has its bit.
const _: () = assert!(KEYS_MAX <= u32::BITS);

impl KeySet {
    /// Those that `belongs` picks.
    pub(crate) fn of(root: &Root<'_>, belongs: impl Fn(&Key<'_>) -> bool) -> KeySet {
        let mut set = KeySet::default();
        for (place, key) in root.keys.iter().enumerate() {
            if belongs(&key) {
                set.add(place);
            }
        }
        set
    }

    /// Those that a role names.
    pub(crate) fn of_rule(root: &Root<'_>, rule: &RoleRule<'_>) -> KeySet {
        KeySet::of(root, |key| rule.keys.contains(&key.id))
    }

    pub(crate) fn add(&mut self, place: usize) {
        self.0 |= 1 << place;
    }

    fn has(self, place: usize) -> bool {
        self.0 & (1 << place) != 0
    }

    pub(crate) fn is_empty(self) -> bool {
        self.0 == 0
    }

    pub(crate) fn len(self) -> usize {
        self.0.count_ones() as usize
    }

    /// Those in both.
    pub(crate) fn and(self, other: KeySet) -> KeySet {
        KeySet(self.0 & other.0)
    }

    /// Those in either.
    pub(crate) fn or(self, other: KeySet) -> KeySet {
        KeySet(self.0 | other.0)
    }

    /// How many different people hold them: a holder's second key adds nothing.
    #[inline(never)]
    pub(crate) fn people(self, root: &Root<'_>) -> usize {
        let within = || {
            (0..)
                .zip(root.keys.iter())
                .filter(|(place, _)| self.has(*place))
        };
        let is_first_of_holder = |(place, key): &(usize, Key<'_>)| {
            let mut earlier = within().take_while(|(other, _)| other < place);
            !earlier.any(|(_, other)| other.holder == key.holder)
        };
        within().filter(is_first_of_holder).count()
    }

    /// How many different people hold those of `rule` that sign in `algorithm`.
    #[inline(never)]
    pub(crate) fn people_of(
        self,
        root: &Root<'_>,
        rule: &RoleRule<'_>,
        algorithm: Algorithm,
    ) -> usize {
        let speaks = |key: &Key<'_>| key.public.algorithm() == algorithm;
        let able = KeySet::of(root, |key| speaks(key) && rule.keys.contains(&key.id));
        self.and(able).people(root)
    }
}
