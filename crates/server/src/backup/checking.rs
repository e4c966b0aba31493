//! Whether a folder is a whole backup, byte for byte, and its database in order. Read [`check`].

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use mainstay_store::whole::{self, KeptChecked, Progress, Watch};
use mainstay_store::{FolderBlobs, StoreError};
use serde::Serialize;

use super::error::{BackupError, unusable};
use super::manifest::{self, Manifest, Table};
use super::name::{BLOBS, Name};
use super::payloads;
use crate::data_dir::DataDir;

/// A backup that is whole.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Checked {
    /// The moment of which it tells.
    pub made: Timestamp,
    /// The version that made it.
    pub mainstay: String,
    /// The version of its database's tables.
    pub schema: u32,
    /// How many files are in it, beside its list.
    pub files: usize,
    /// Their bytes.
    pub bytes: u64,
}

impl Checked {
    /// What the list says, once all of it was found.
    pub(super) fn of(manifest: &Manifest) -> Self {
        Self {
            made: manifest.made,
            mainstay: manifest.mainstay.clone(),
            schema: manifest.schema,
            files: manifest.files.len(),
            bytes: manifest.bytes(),
        }
    }
}

/// Reads all of the backup in `from`, and writes nothing: it may lie where nothing can be written. Each file must be what the list says,
/// nothing else may be there, the database must be in order, and each payload that a release needs must be in it.
///
/// # Errors
/// The first thing that is wrong.
pub async fn check(from: &Path, watch: &mut Watch<'_>) -> Result<Checked, BackupError> {
    let manifest = Manifest::read(from)?;
    expect_nothing_else(from, &manifest)?;
    let (mut done, of) = (0, manifest.bytes());
    for (name, kept) in &manifest.files {
        let tell = |more: usize| {
            done += more as u64;
            watch(Progress {
                table: "bytes",
                rows: done,
                of,
            });
        };
        payloads::read(from, name, *kept, |_| Ok(()), tell)?;
    }
    expect_database(from, &manifest, watch).await?;
    Ok(Checked::of(&manifest))
}

/// That nothing is in the backup but what the list names, in folders that it needs for that. Links are followed nowhere.
///
/// # Errors
/// [`BackupError::Stray`] or [`BackupError::NotAFile`] with the first one.
pub(super) fn expect_nothing_else(from: &Path, manifest: &Manifest) -> Result<(), BackupError> {
    let lists = [manifest::NAME, manifest::SUM_NAME].map(|name| from.join(name));
    let mut files: BTreeSet<PathBuf> = lists.into();
    files.extend(manifest.files.keys().map(|name| name.below(from)));
    let mut folders = BTreeSet::from([from.to_owned(), from.join(BLOBS)]);
    folders.extend(
        files
            .iter()
            .filter_map(|file| file.parent())
            .map(Path::to_owned),
    );
    let mut left = vec![from.to_owned()];
    while let Some(folder) = left.pop() {
        for entry in fs::read_dir(&folder).map_err(unusable(&folder))? {
            let path = entry.map_err(unusable(&folder))?.path();
            let kind = path
                .symlink_metadata()
                .map_err(unusable(&path))?
                .file_type();
            if kind.is_dir() && folders.contains(&path) {
                left.push(path);
            } else if kind.is_dir() || kind.is_file() && !files.contains(&path) {
                return Err(BackupError::Stray(path));
            } else if !kind.is_file() {
                return Err(BackupError::NotAFile(path));
            }
        }
    }
    Ok(())
}

/// That the database in `folder`, a backup or a folder that it was copied into, is in order and is the one of which the list tells. Its
/// bytes are those that were kept; but whoever wrote the list may have kept anything.
///
/// # Errors
/// [`BackupError::Database`]; [`StoreError::Newer`], if a later version wrote it.
pub(super) async fn expect_database(
    folder: &Path,
    manifest: &Manifest,
    watch: &mut Watch<'_>,
) -> Result<(), BackupError> {
    let path = Name::Database.below(folder);
    let blobs = FolderBlobs::looked_at(folder.join(BLOBS));
    let KeptChecked {
        version,
        checked,
        first_root,
    } = whole::check_kept(&path, Some(&blobs), watch)
        .await
        .map_err(about_database)?;
    if let Some(finding) = checked.findings.first() {
        let because = match finding.row.as_str() {
            "" => format!("{}: {}", finding.table, finding.because),
            row => format!("{} {row}: {}", finding.table, finding.because),
        };
        let more = checked.findings.len() as u64 - 1 + checked.more;
        return Err(BackupError::Database { because, more });
    }
    let root = DataDir::at(folder).read_root()?;
    if first_root.is_some_and(|first| first != root) {
        let because = "its first root isn't the one in root.cbor".to_owned();
        return Err(BackupError::Database { because, more: 0 });
    }
    let tables: Vec<_> = checked.tables.iter().map(Table::from).collect();
    // Of an older version the rows are read once they are up to date.
    let is_same = version == manifest.schema && (tables.is_empty() || tables == manifest.tables);
    match is_same {
        true => Ok(()),
        false => Err(BackupError::Database {
            because: "its tables aren't those that backup.json tells of".to_owned(),
            more: 0,
        }),
    }
}

fn about_database(error: StoreError) -> BackupError {
    match error {
        StoreError::Newer { .. } => error.into(),
        other => BackupError::Database {
            because: other.to_string(),
            more: 0,
        },
    }
}
