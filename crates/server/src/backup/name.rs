//! What a file of a backup may be called. Read [`Name`].

use std::fmt;
use std::path::{Path, PathBuf};

use mainstay_trust::Digest;

use crate::issuing;

/// The database.
pub(super) const DATABASE: &str = "mainstay.sqlite";

/// The folder of payloads.
pub(super) const BLOBS: &str = "blobs";

/// The small files of a data folder, and whether each backup has them. They lie in a backup under the same names.
const SMALL: [(&str, bool); 7] = [
    ("root.cbor", true),
    ("status-key", true),
    ("status-key.pub", true),
    (STATUS_USES, false),
    ("status-key.next", false),
    ("status-key.next.pub", false),
    (issuing::USES, false),
];

/// The record of uses of the online key.
const STATUS_USES: &str = "status-key.uses";

/// The name of a file in a backup, relative to its folder, with slashes: one of a closed list, so that it leads nowhere else.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Name {
    /// The database.
    Database,
    /// A root, a key, or a record of a key's uses.
    Small(&'static str),
    /// A payload.
    Blob(Digest),
}

impl Name {
    /// The name in this text, if it is one, written as [`fmt::Display`] writes it.
    pub fn parse(text: &str) -> Option<Self> {
        if text == DATABASE {
            return Some(Self::Database);
        }
        if let Some((small, _)) = SMALL.iter().find(|(small, _)| *small == text) {
            return Some(Self::Small(small));
        }
        let (_, digest) = text.strip_prefix(BLOBS)?.rsplit_once('/')?;
        let blob = Self::Blob(Digest::parse_hex(digest)?);
        (blob.to_string() == text).then_some(blob)
    }

    /// The small files, and whether each backup has them.
    pub fn small() -> impl Iterator<Item = (Self, bool)> {
        SMALL.iter().map(|(name, must)| (Self::Small(name), *must))
    }

    /// The files without which a folder is no whole backup.
    pub fn always_there() -> impl Iterator<Item = Self> {
        let small = Self::small().filter(|(_, must)| *must);
        std::iter::once(Self::Database).chain(small.map(|(name, _)| name))
    }

    /// Whether it is a record that a server goes on with while it is kept.
    pub fn grows(&self) -> bool {
        matches!(self, Self::Small(STATUS_USES | issuing::USES))
    }

    /// Where it lies in a folder, a data folder or a backup.
    pub fn below(&self, folder: &Path) -> PathBuf {
        self.to_string()
            .split('/')
            .fold(folder.to_owned(), |path, part| path.join(part))
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Database => f.write_str(DATABASE),
            Self::Small(name) => f.write_str(name),
            Self::Blob(digest) => {
                let digest = digest.to_string();
                write!(f, "{BLOBS}/{}/{digest}", &digest[..2])
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_of_a_closed_list() {
        let blob = format!("blobs/0a/{}", "0a".repeat(32));
        for good in [
            "mainstay.sqlite",
            "root.cbor",
            "status-key.next.pub",
            "device-issuer.uses",
            &blob,
        ] {
            let name = Name::parse(good).expect(good);
            assert_eq!(name.to_string(), good);
            assert!(name.below(Path::new("x")).starts_with("x"));
        }
        let digits = "0a".repeat(32);
        for bad in [
            "",
            "lock",
            "moved",
            "restored",
            "acme-account",
            "acme-certificate",
            "backup.json",
            "device-issuer",
            "mainstay.sqlite-wal",
            "/etc/passwd",
            "../root.cbor",
            "./root.cbor",
            "blobs",
            "blobs/",
            "blobs/0a",
            "Root.cbor",
            "root.cbor\0",
            "blobs\\0a",
            &digits,
            &format!("blobs/{digits}"),
            &format!("blobs/0b/{digits}"),
            &format!("blobs/../0a/{digits}"),
            &format!("blobs/0a/../0a/{digits}"),
            &format!("blobs//0a/{digits}"),
            &format!("blobsx/0a/{digits}"),
            &format!("blobs/0A/{}", digits.to_uppercase()),
            &format!("blobs/0a/{digits}0"),
        ] {
            assert_eq!(Name::parse(bad), None, "{bad:?}");
        }
    }
}
