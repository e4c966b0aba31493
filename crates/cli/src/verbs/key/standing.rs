//! What a root says of a key.

use std::fmt;
use std::path::Path;

use mainstay_trust::{KeyId, KeyState, Role, Root, Verified};
use serde::Serialize;

use crate::failure::Failure;
use crate::verbs::root::RootFile;

/// A key's roles and its state.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Standing {
    /// Its roles; none if the root doesn't list it in any.
    pub roles: Vec<&'static str>,
    /// `active`, `retired`, `revoked`, or `unknown` to the root.
    pub state: &'static str,
    /// For a retired key, the last sequence number that it may sign.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_sequence: Option<u64>,
}

impl Standing {
    /// Of one key, under a root.
    pub fn of(key: KeyId, root: &Verified<Root<'_>>) -> Self {
        let root = root.get();
        let plays = |role: &Role| root.role(*role).keys.contains(&key);
        let (state, max_sequence) = match root.key(&key).map(|key| key.state) {
            None => ("unknown", None),
            Some(KeyState::Active) => ("active", None),
            Some(KeyState::Retired { max_sequence }) => ("retired", Some(max_sequence)),
            Some(KeyState::Revoked) => ("revoked", None),
        };
        let roles = Role::ALL.into_iter().filter(plays).map(Role::id).collect();
        Self {
            roles,
            state,
            max_sequence,
        }
    }
}

impl fmt::Display for Standing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let roles = match self.roles[..] {
            [] => "no role".to_owned(),
            _ => self.roles.join(", "),
        };
        write!(f, "{roles}; {}", self.state)?;
        match self.max_sequence {
            Some(number) => write!(f, " after sequence {number}"),
            None => Ok(()),
        }
    }
}

/// Judges keys by the root in a file, if one was given.
pub fn judged<T>(
    root: Option<&Path>,
    judge: impl FnOnce(&dyn Fn(KeyId) -> Option<Standing>) -> Result<T, Failure>,
) -> Result<T, Failure> {
    let Some(path) = root else {
        return judge(&|_| None);
    };
    let file = RootFile::read(path)?;
    let root = file.open()?;
    judge(&|key| Some(Standing::of(key, &root)))
}
