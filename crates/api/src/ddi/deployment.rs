//! An order as a device reads it. Read [`DeploymentBase`] first.

use serde::{Deserialize, Serialize};

use super::{ActionNumber, Artifact};

/// What to install, in which way, under which number; also what was installed last.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DeploymentBase {
    /// Its number.
    pub id: ActionNumber,
    /// What and how.
    pub deployment: Deployment,
    /// What was said of it so far; only when the client asks for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub action_history: Option<ActionHistory>,
}

/// What to install and in which way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Deployment {
    /// How downloading is handled. RAUC's updater requires it.
    pub download: Handling,
    /// How installing is handled. Always there: SWUpdate reads a missing one as `skip`, and reports success without installing.
    pub update: Handling,
    /// Whether now is the time to install; absent if the order has no such times.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub maintenance_window: Option<MaintenanceWindow>,
    /// One with one artifact is what all clients take: RAUC's updater and Zephyr refuse more.
    pub chunks: Vec<Chunk>,
}

/// How urgent one part of the work is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Handling {
    /// Not now. Never for SWUpdate, which reports success and installs nothing.
    Skip,
    /// When it suits.
    Attempt,
    /// At once.
    Forced,
}

/// Whether now is the time to install.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum MaintenanceWindow {
    /// It is.
    Available,
    /// It isn't; `update` then says `skip`.
    Unavailable,
}

/// One piece of software.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Chunk {
    /// Its kind: "os", or "bApp", the only one that Zephyr accepts.
    pub part: String,
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// Its files.
    pub artifacts: Vec<Artifact>,
    /// What else is to be known of it; clients overlook it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub metadata: Vec<Metadata>,
}

/// A pair of texts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Metadata {
    /// Its name.
    pub key: String,
    /// What it says.
    pub value: String,
}

/// What was said of an order so far.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ActionHistory {
    /// Where it stands, in capitals, such as `RUNNING`.
    pub status: String,
    /// What was said, newest first.
    pub messages: Vec<String>,
}

/// The release that a device says it runs (`PUT installedBase`).
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct InstalledVersion {
    /// The name of the software, as [`Chunk::name`].
    pub name: String,
    /// Its version.
    pub version: String,
}

/// The `c` of a deployment's address: another one whenever what is said of it differs, so that the answer to a poll differs too. Only the
/// difference counts; it protects nothing. `sha256` is the payload's digest in hexadecimal.
pub fn change_hash(
    download: Handling,
    update: Handling,
    window: Option<MaintenanceWindow>,
    sha256: &str,
) -> i32 {
    let window = match window {
        None => 0,
        Some(MaintenanceWindow::Available) => 1,
        Some(MaintenanceWindow::Unavailable) => 2,
    };
    let how = [download as u8, update as u8, window];
    let bytes = how.into_iter().chain(sha256.bytes());
    // FNV-1a in 32 bits: offset basis and prime of the FNV reference.
    let hash = bytes.fold(0x811c_9dc5_u32, |hash, byte| {
        (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193)
    });
    hash.cast_signed()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_difference_is_another_hash() {
        use Handling::{Attempt, Forced, Skip};
        let (open, shut) = (MaintenanceWindow::Available, MaintenanceWindow::Unavailable);
        let sha256 = "ab".repeat(32);
        let other = "ac".repeat(32);
        let mut hashes = vec![change_hash(Forced, Forced, None, &other)];
        for window in [None, Some(open), Some(shut)] {
            for (download, update) in [(Forced, Forced), (Attempt, Attempt), (Forced, Skip)] {
                hashes.push(change_hash(download, update, window, &sha256));
            }
        }
        let all = hashes.len();
        hashes.sort_unstable();
        hashes.dedup();
        assert_eq!(hashes.len(), all);
    }
}
