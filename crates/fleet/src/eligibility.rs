//! Which devices a release may go to.

use core::fmt;

use serde::{Deserialize, Serialize};

use crate::device::Device;

/// Why a device isn't eligible for a release.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "ineligible", rename_all = "kebab-case")]
pub enum Ineligible {
    /// It is of another class.
    WrongClass {
        /// The device's class.
        class: String,
    },
    /// It has never said what it runs, so nobody knows what it would go back to.
    NeverSeen,
    /// It runs this release, or a newer one.
    AlreadyRuns {
        /// The version it runs.
        version: String,
    },
    /// It is trying out a release that it hasn't confirmed.
    OnTrial {
        /// The version on trial.
        version: String,
    },
}

impl fmt::Display for Ineligible {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::WrongClass { class } => write!(f, "it is of class {class}"),
            Self::NeverSeen => f.write_str("it has never said what it runs"),
            Self::AlreadyRuns { version } => write!(f, "it runs {version} already"),
            Self::OnTrial { version } => write!(f, "it is trying out {version}"),
        }
    }
}

/// Whether `device` may be enrolled for a release of `class` with this `sequence` number.
///
/// # Errors
/// The reason why not.
pub fn eligible(device: &Device, class: &str, sequence: u64) -> Result<(), Ineligible> {
    if device.class != class {
        return Err(Ineligible::WrongClass {
            class: device.class.clone(),
        });
    }
    let running = device.running.as_ref().ok_or(Ineligible::NeverSeen)?;
    if running.sequence >= sequence {
        return Err(Ineligible::AlreadyRuns {
            version: running.version.clone(),
        });
    }
    if !running.verified {
        return Err(Ineligible::OnTrial {
            version: running.version.clone(),
        });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use jiff::Timestamp;

    use super::*;
    use crate::{DeviceId, ReleaseDigest, Running};

    fn device(running: Option<(u64, bool)>) -> Device {
        Device {
            id: DeviceId::new("th-1").expect("a good name"),
            class: "thermo-v2".to_owned(),
            hardware: "B".to_owned(),
            zone: "America/Denver".to_owned(),
            bootloader: "1.4.0".to_owned(),
            registered_at: Timestamp::UNIX_EPOCH,
            last_seen: None,
            running: running.map(|(sequence, verified)| Running {
                release: ReleaseDigest([1; 32]),
                version: "1.0.0".to_owned(),
                sequence,
                verified,
                since: Timestamp::UNIX_EPOCH,
            }),
            attributes: BTreeMap::new(),
        }
    }

    #[test]
    fn each_reason_is_named() {
        let version = "1.0.0".to_owned();
        let cases = [
            (device(Some((1, true))), "thermo-v2", Ok(())),
            (
                device(Some((1, true))),
                "thermo-v3",
                Err(Ineligible::WrongClass {
                    class: "thermo-v2".to_owned(),
                }),
            ),
            (device(None), "thermo-v2", Err(Ineligible::NeverSeen)),
            (
                device(Some((2, true))),
                "thermo-v2",
                Err(Ineligible::AlreadyRuns {
                    version: version.clone(),
                }),
            ),
            (
                device(Some((1, false))),
                "thermo-v2",
                Err(Ineligible::OnTrial { version }),
            ),
        ];
        for (device, class, expected) in cases {
            assert_eq!(eligible(&device, class, 2), expected);
        }
    }
}
