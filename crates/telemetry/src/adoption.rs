//! Which versions the fleet runs, told apart by whether the devices have said so themselves.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// How many devices run one version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Adoption {
    /// The version; none for devices that have never said what they run.
    pub version: Option<String>,
    /// Booted it, stayed healthy, confirmed, and said so.
    pub verified: u32,
    /// Are trying it out.
    pub unverified: u32,
}

/// What some devices run, and whether that is verified; none of those that never said.
pub type Runs<'a> = Option<(&'a str, bool)>;

/// Counts the fleet by version, most devices first, then by name. Each item is what some devices run, and how many: one, or all that are alike.
pub fn adoption<'a>(running: impl IntoIterator<Item = (Runs<'a>, u32)>) -> Vec<Adoption> {
    let mut counts = BTreeMap::<Option<&str>, (u32, u32)>::new();
    for (runs, devices) in running {
        let (version, verified) = runs.unzip();
        let (yes, no) = counts.entry(version).or_default();
        match verified {
            Some(true) => *yes += devices,
            Some(false) | None => *no += devices,
        }
    }
    let mut adoption: Vec<_> = counts
        .into_iter()
        .map(|(version, (verified, unverified))| Adoption {
            version: version.map(str::to_owned),
            verified,
            unverified,
        })
        .collect();
    adoption.sort_by_key(|a| core::cmp::Reverse(a.verified + a.unverified));
    adoption
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn trying_a_version_out_is_not_running_it() {
        let fleet = [
            (Some(("1.0.0", true)), 2),
            (Some(("1.1.0", false)), 1),
            (Some(("1.1.0", true)), 1),
            (Some(("1.1.0", true)), 3),
            (None, 3),
        ];
        let told: Vec<_> = adoption(fleet)
            .into_iter()
            .map(|a| (a.version, a.verified, a.unverified))
            .collect();
        let expected = [
            (Some("1.1.0".to_owned()), 4, 1),
            (None, 0, 3),
            (Some("1.0.0".to_owned()), 2, 0),
        ];
        assert_eq!(told, expected);
    }
}
