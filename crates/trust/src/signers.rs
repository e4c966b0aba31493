//! Which of a root's keys have signed a document, and how many people that makes.

use crate::key::Algorithm;
use crate::root::{KEYS_MAX, Key, RoleRule, Root};

/// A set of a root's keys, one bit for each by its place in the root. A key that signed twice is
/// there once.
#[derive(Copy, Clone, Debug)]
pub(crate) struct Signers(u32);

// Each place of a key has its bit.
const _: () = assert!(KEYS_MAX <= u32::BITS);

impl Signers {
    pub(crate) fn none() -> Signers {
        Signers(0)
    }

    pub(crate) fn is_empty(self) -> bool {
        self.0 == 0
    }

    pub(crate) fn add(&mut self, place: usize) {
        self.0 |= 1 << place;
    }

    fn has(self, place: usize) -> bool {
        self.0 & (1 << place) != 0
    }

    /// How many different holders of `rule` have signed in `algorithm`.
    pub(crate) fn people(
        self,
        root: &Root<'_>,
        rule: &RoleRule<'_>,
        algorithm: Algorithm,
    ) -> usize {
        let counts = |(place, key): &(usize, Key<'_>)| {
            self.has(*place) && key.public.algorithm() == algorithm && rule.keys.contains(&key.id)
        };
        let keys = root.keys.iter().enumerate().filter(counts);
        distinct_holders(keys.map(|(_, key)| key))
    }
}

/// Counts people, not keys: a holder's second key adds nothing.
pub(crate) fn distinct_holders<'a>(keys: impl Iterator<Item = Key<'a>> + Clone) -> usize {
    let first_of_holder = |(place, key): &(usize, Key<'a>)| {
        !keys
            .clone()
            .take(*place)
            .any(|earlier| earlier.holder == key.holder)
    };
    keys.clone().enumerate().filter(first_of_holder).count()
}
