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

/// Counts the fleet by version, most devices first, then by name. Each item is what a device runs
/// and whether that is verified.
pub fn adoption<'a>(running: impl IntoIterator<Item = Option<(&'a str, bool)>>) -> Vec<Adoption> {
    let mut counts = BTreeMap::<Option<&str>, (u32, u32)>::new();
    for device in running {
        let (version, verified) = device.unzip();
        let (yes, no) = counts.entry(version).or_default();
        match verified {
            Some(true) => *yes += 1,
            Some(false) | None => *no += 1,
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
            Some(("1.0.0", true)),
            Some(("1.1.0", false)),
            Some(("1.1.0", true)),
            Some(("1.1.0", true)),
            None,
        ];
        let told: Vec<_> = adoption(fleet)
            .into_iter()
            .map(|a| (a.version, a.verified, a.unverified))
            .collect();
        let expected = [
            (Some("1.1.0".to_owned()), 2, 1),
            (None, 0, 1),
            (Some("1.0.0".to_owned()), 1, 0),
        ];
        assert_eq!(told, expected);
    }
}
