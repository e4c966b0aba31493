//! The stories behind the cases, by what the attack aims at.

mod banks;
mod bytes;
mod digests;
mod epochs;
mod freshness;
mod hybrid;
mod profile;
mod releases;
mod root_rules;
mod roots;
mod signatures;
mod signers;
mod turns;
mod withdrawn;

use crate::story::Story;

/// Every story.
pub fn all() -> Vec<Story> {
    [
        signatures::stories(),
        signers::stories(),
        hybrid::stories(),
        digests::stories(),
        banks::stories(),
        bytes::stories(),
        profile::stories(),
        roots::stories(),
        root_rules::stories(),
        freshness::stories(),
        withdrawn::stories(),
        epochs::stories(),
        turns::stories(),
        releases::stories(),
    ]
    .into_iter()
    .flatten()
    .collect()
}
