//! A file to download. Read [`Artifact`] first.

use std::fmt;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};

use super::{Link, Links};

/// A file to download.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Artifact {
    /// Its name; SWUpdate installs what ends in `.swu` and overlooks what ends in nothing.
    pub filename: String,
    /// Its length.
    pub size: ArtifactSize,
    /// Its digests.
    pub hashes: Hashes,
    /// Where it is.
    #[serde(rename = "_links")]
    pub links: ArtifactLinks,
}

/// A length in bytes, 1 to 2^31 - 1: SWUpdate and Zephyr read it into 32 bits with a sign.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(transparent)]
pub struct ArtifactSize(u32);

/// A file that no client of this protocol can be told of: it is empty, or has 2^31 bytes or more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TooLarge {
    /// Its length.
    pub bytes: u64,
}

impl fmt::Display for TooLarge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bytes = self.bytes;
        write!(f, "a file of {bytes} bytes; clients read 1 to 2147483647")
    }
}

impl std::error::Error for TooLarge {}

impl TryFrom<u64> for ArtifactSize {
    type Error = TooLarge;

    fn try_from(bytes: u64) -> Result<Self, TooLarge> {
        let fits = i32::try_from(bytes).is_ok_and(|bytes| bytes > 0);
        let size = fits.then(|| u32::try_from(bytes).ok()).flatten();
        size.map(Self).ok_or(TooLarge { bytes })
    }
}

impl ArtifactSize {
    /// In bytes.
    pub const fn bytes(self) -> u32 {
        self.0
    }
}

impl<'de> Deserialize<'de> for ArtifactSize {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let bytes = u64::deserialize(deserializer)?;
        Self::try_from(bytes).map_err(D::Error::custom)
    }
}

/// Three digests in lower-case hexadecimal. All are there: SWUpdate and RAUC's updater check SHA-1, Zephyr SHA-256, others read none if
/// one is missing. SHA-1 and MD5 are what old clients calculate, and protect nothing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hashes {
    sha1: String,
    md5: String,
    sha256: String,
}

impl Hashes {
    /// Of the digests' bytes.
    pub fn of(sha1: &[u8; 20], md5: &[u8; 16], sha256: &[u8; 32]) -> Self {
        Self {
            sha1: hex(sha1),
            md5: hex(md5),
            sha256: hex(sha256),
        }
    }

    /// The MD5, in hexadecimal.
    pub fn md5(&self) -> &str {
        &self.md5
    }

    /// The SHA-256, in hexadecimal.
    pub fn sha256(&self) -> &str {
        &self.sha256
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Where a file is, twice: SWUpdate and RAUC's updater prefer `download`, Zephyr reads only `download-http`. Both say the same, so that no
/// client is sent around TLS.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct ArtifactLinks {
    download: Link,
    download_http: Link,
    md5sum: Link,
    md5sum_http: Link,
}

impl ArtifactLinks {
    /// Of a module's file.
    pub fn of(links: &Links, module: u64, file: &str) -> Self {
        let (download, md5sum) = (links.artifact(module, file), links.md5sum(module, file));
        Self {
            download_http: download.clone(),
            download,
            md5sum_http: md5sum.clone(),
            md5sum,
        }
    }

    /// Where its bytes are.
    pub fn download(&self) -> &Link {
        &self.download
    }
}

/// What `.MD5SUM` is answered: as the program `md5sum` writes it, and reads it back.
pub fn md5sum_line(artifact: &Artifact) -> String {
    format!("{}  {}", artifact.hashes.md5, artifact.filename)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_fit_what_clients_read() {
        for bytes in [1, 2_147_483_647] {
            assert_eq!(
                ArtifactSize::try_from(bytes).map(|size| u64::from(size.bytes())),
                Ok(bytes)
            );
        }
        for bytes in [0, 2_147_483_648, u64::MAX] {
            assert_eq!(ArtifactSize::try_from(bytes), Err(TooLarge { bytes }));
        }
    }
}
