//! The list of what is in a backup, and its form as `backup.json`. Read [`Manifest`].
//!
//! It isn't signed: whoever may write where backups lie may make another one. What devices believe is signed elsewhere, by people.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use jiff::Timestamp;
use mainstay_store::whole::Counted;
use mainstay_trust::Digest;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::error::{BackupError, unusable};
use super::name::Name;

/// The list's file.
pub(super) const NAME: &str = "backup.json";

/// The file with the list's digest.
pub(super) const SUM_NAME: &str = "backup.sha256";

/// The only format that there is yet. A later one gets a higher number, whatever changes.
const FORMAT: u32 = 1;

/// A file takes some 200 bytes in it: room for 150,000 payloads, of a fleet that had a release every hour for fifteen years.
const MANIFEST_BYTES_MAX: u64 = 32 * 1024 * 1024;

/// A digest in hex, a name and the signs between them.
const SUM_BYTES_MAX: u64 = 200;

/// So much of a name that is none is told.
const NAME_CHARS_TOLD: usize = 200;

/// What is in a backup.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Manifest {
    /// The moment of which it tells: nothing that was acknowledged until then is missing.
    pub made: Timestamp,
    /// The version that made it.
    pub mainstay: String,
    /// The version of its database's tables.
    pub schema: u32,
    /// Every file but this one and its digest's.
    pub files: BTreeMap<Name, Kept>,
    /// The database's tables, with their rows.
    pub tables: Vec<Table>,
}

/// A file's size and digest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Kept {
    pub bytes: u64,
    pub sha256: Digest,
}

/// A table, as [`Counted`] tells it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Table {
    table: String,
    rows: u64,
    digest: String,
}

impl From<&Counted> for Table {
    fn from(counted: &Counted) -> Self {
        Self {
            table: counted.table.to_owned(),
            rows: counted.rows,
            digest: counted.digest.clone(),
        }
    }
}

/// The same as JSON.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    format: u32,
    made: Timestamp,
    mainstay: String,
    schema: u32,
    files: Vec<WrittenFile>,
    tables: Vec<Table>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenFile {
    name: String,
    bytes: u64,
    sha256: String,
}

/// What is read before anything else: a later format may have everything else otherwise.
#[derive(Deserialize)]
struct Beginning {
    format: u32,
    #[serde(default)]
    mainstay: String,
}

impl Manifest {
    /// The two files that a backup has of it: the list, and what `sha256sum -c` reads.
    pub fn written(&self) -> Result<(Vec<u8>, Vec<u8>), BackupError> {
        let files = self.files.iter().map(|(name, kept)| WrittenFile {
            name: name.to_string(),
            bytes: kept.bytes,
            sha256: kept.sha256.to_string(),
        });
        let written = Written {
            format: FORMAT,
            made: self.made,
            mainstay: self.mainstay.clone(),
            schema: self.schema,
            files: files.collect(),
            tables: self.tables.clone(),
        };
        let list = serde_json::to_vec_pretty(&written);
        let list = list.map_err(|error| BackupError::Manifest(error.to_string()))?;
        if list.len() as u64 > MANIFEST_BYTES_MAX {
            return Err(BackupError::Manifest("it would be too large".to_owned()));
        }
        let sum = sum_of(&list);
        Ok((list, sum.into_bytes()))
    }

    /// The list of the backup in `folder`.
    ///
    /// # Errors
    /// [`BackupError::Missing`], if there is none; else what is wrong with it.
    pub fn read(folder: &Path) -> Result<Self, BackupError> {
        let list = bounded(&folder.join(NAME), MANIFEST_BYTES_MAX)?;
        let list = list.ok_or_else(|| BackupError::Missing(folder.to_owned()))?;
        let sum = bounded(&folder.join(SUM_NAME), SUM_BYTES_MAX)?;
        // It is written before the list: without it the folder isn't unfinished, but damaged.
        let sum = sum.ok_or_else(|| BackupError::Damaged {
            name: SUM_NAME.to_owned(),
            because: "it isn't there".to_owned(),
        })?;
        if sum != sum_of(&list).as_bytes() {
            let name = NAME.to_owned();
            let because = format!("its digest isn't the one in {SUM_NAME}");
            return Err(BackupError::Damaged { name, because });
        }
        Self::parse(&list)
    }

    fn parse(list: &[u8]) -> Result<Self, BackupError> {
        let wrong = |error: serde_json::Error| BackupError::Manifest(error.to_string());
        let Beginning { format, mainstay } = serde_json::from_slice(list).map_err(wrong)?;
        if format != FORMAT {
            return Err(BackupError::Newer {
                found: format,
                known: FORMAT,
                by: mainstay
                    .escape_debug()
                    .to_string()
                    .chars()
                    .take(20)
                    .collect(),
            });
        }
        let written: Written = serde_json::from_slice(list).map_err(wrong)?;
        let mut files = BTreeMap::new();
        for file in written.files {
            let (name, kept) = file.parse()?;
            if files.insert(name.clone(), kept).is_some() {
                return Err(BackupError::Manifest(format!("it names {name} twice")));
            }
        }
        let lacks = Name::always_there().find(|name| !files.contains_key(name));
        if let Some(name) = lacks {
            return Err(BackupError::Manifest(format!("it doesn't name {name}")));
        }
        Ok(Self {
            made: written.made,
            mainstay: written.mainstay,
            schema: written.schema,
            files,
            tables: written.tables,
        })
    }

    /// The bytes of all files.
    pub fn bytes(&self) -> u64 {
        let sizes = self.files.values().map(|kept| kept.bytes);
        sizes.fold(0, u64::saturating_add)
    }
}

impl WrittenFile {
    fn parse(self) -> Result<(Name, Kept), BackupError> {
        let Some(name) = Name::parse(&self.name) else {
            let told = self.name.chars().take(NAME_CHARS_TOLD).collect();
            return Err(BackupError::Name(told));
        };
        let wrong = || BackupError::Manifest(format!("the digest of {name} isn't its own"));
        let sha256 = Digest::parse_hex(&self.sha256).ok_or_else(wrong)?;
        match &name {
            Name::Blob(digest) if *digest != sha256 => Err(wrong()),
            _ => Ok((
                name,
                Kept {
                    bytes: self.bytes,
                    sha256,
                },
            )),
        }
    }
}

fn sum_of(list: &[u8]) -> String {
    let digest = Digest(Sha256::digest(list).into());
    format!("{digest}  {NAME}\n")
}

/// The bytes of a plain file, if it is there.
fn bounded(path: &Path, max: u64) -> Result<Option<Vec<u8>>, BackupError> {
    match path.symlink_metadata() {
        Ok(metadata) if metadata.is_file() => {}
        Ok(_) => return Err(BackupError::NotAFile(path.to_owned())),
        Err(error) if is_absent(&error) => return Ok(None),
        Err(error) => return Err(unusable(path)(error)),
    }
    let mut bytes = Vec::new();
    let read = File::open(path).and_then(|file| file.take(max + 1).read_to_end(&mut bytes));
    read.map_err(unusable(path))?;
    match bytes.len() as u64 > max {
        true => Err(BackupError::Manifest(format!(
            "it has more than {max} bytes"
        ))),
        false => Ok(Some(bytes)),
    }
}

fn is_absent(error: &std::io::Error) -> bool {
    use std::io::ErrorKind::{NotADirectory, NotFound};
    matches!(error.kind(), NotFound | NotADirectory)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn good() -> Value {
        let file = |name: &str| json!({ "name": name, "bytes": 3, "sha256": "0a".repeat(32) });
        json!({
            "format": 1, "made": "2026-11-27T20:24:38Z", "mainstay": "0.1.0", "schema": 8,
            "files": [
                file("mainstay.sqlite"), file("root.cbor"), file("status-key"), file("status-key.pub"),
                file(&format!("blobs/0a/{}", "0a".repeat(32))),
            ],
            "tables": [{ "table": "devices", "rows": 1, "digest": "" }],
        })
    }

    fn parsed(value: &Value) -> Result<Manifest, BackupError> {
        Manifest::parse(value.to_string().as_bytes())
    }

    /// Whatever is changed in it, it is refused with its id.
    #[track_caller]
    fn refused(id: &str, change: impl FnOnce(&mut Value)) {
        let mut value = good();
        change(&mut value);
        let refused = parsed(&value).expect_err(id);
        assert_eq!(refused.id(), id, "{refused}");
        assert!(refused.is_refusal() && refused.to_string().len() < 400);
    }

    #[test]
    fn a_list_is_read_as_it_was_written() {
        let manifest = parsed(&good()).expect("a good one");
        assert_eq!((manifest.files.len(), manifest.bytes()), (5, 15));
        let (list, sum) = manifest.written().expect("small");
        assert_eq!(Manifest::parse(&list).expect("its own"), manifest);
        assert_eq!(sum.len(), 64 + 2 + NAME.len() + 1);
    }

    #[test]
    fn what_is_no_list_is_refused() {
        for text in ["", "{", "[]", "null", "{\"format\": \"1\"}"] {
            let refused = Manifest::parse(text.as_bytes()).expect_err(text);
            assert_eq!(refused.id(), "backup.manifest");
        }
        refused("backup.newer", |list| list["format"] = json!(2));
        refused("backup.manifest", |list| list["more"] = json!(1));
        refused("backup.manifest", |list| list["made"] = json!("yesterday"));
        refused("backup.manifest", |list| list["schema"] = json!(-1));
        refused("backup.manifest", |list| {
            list["files"].as_array_mut().expect("a list").remove(2);
        });
        refused("backup.manifest", |list| {
            list["files"][1] = list["files"][0].clone();
        });
        refused("backup.manifest", |list| {
            list["files"][0]["sha256"] = json!("0A".repeat(32));
        });
        // A payload is named by its digest.
        refused("backup.manifest", |list| {
            list["files"][4]["sha256"] = json!("0b".repeat(32));
        });
    }

    #[test]
    fn a_name_that_leads_elsewhere_is_refused() {
        let long = "../".repeat(1000);
        for name in ["../root.cbor", "/etc/passwd", "lock", "blobs/../x", &long] {
            refused("backup.name", |list| {
                list["files"][1]["name"] = json!(name);
            });
        }
    }
}
