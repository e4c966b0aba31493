//! Looking at a file before it is opened, and making a new one whole.
//!
//! Layout of the first bytes (SQLite file format, section 1.3):
//!
//! | offset | bytes | |
//! |---|---|---|
//! | 0 | 16 | `SQLite format 3` and a zero |
//! | 60 | 4 | user version, big-endian: the number of our newest migration |
//! | 68 | 4 | application id, big-endian: `MNST` |

use std::fs::{self, File};
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use super::migrate::{self, NEWEST};
use super::{options, pool};
use crate::StoreError;

const MAGIC: &[u8; 16] = b"SQLite format 3\0";
const APPLICATION: [u8; 4] = *b"MNST";
const HEADER_BYTES: usize = 72;

/// Whether `path` is a database that this version can open. It only reads.
pub(crate) fn inspect(path: &Path) -> Result<(), StoreError> {
    let metadata = fs::metadata(path).map_err(|error| absent(path, error))?;
    if !metadata.is_file() {
        let error = io::Error::other("it isn't a file");
        return Err(StoreError::unreadable(path, error));
    }
    let header = header(path).map_err(|error| StoreError::unreadable(path, error))?;
    check(path, &header)
}

fn absent(path: &Path, error: io::Error) -> StoreError {
    if error.kind() == io::ErrorKind::NotFound {
        let path = path.to_owned();
        return StoreError::Missing { path };
    }
    StoreError::unreadable(path, error)
}

fn header(path: &Path) -> io::Result<Vec<u8>> {
    let mut header = Vec::with_capacity(HEADER_BYTES);
    File::open(path)?
        .take(HEADER_BYTES as u64)
        .read_to_end(&mut header)?;
    Ok(header)
}

fn check(path: &Path, header: &[u8]) -> Result<(), StoreError> {
    let not_a_database = |because| StoreError::NotADatabase {
        path: path.to_owned(),
        because,
    };
    if header.is_empty() {
        return Err(not_a_database("it is empty"));
    }
    if !header.starts_with(MAGIC) {
        return Err(not_a_database("it begins with something else"));
    }
    let word = |at: usize| {
        header
            .get(at..at + 4)
            .and_then(|bytes| <[u8; 4]>::try_from(bytes).ok())
    };
    let (Some(version), Some(application)) = (word(60), word(68)) else {
        return Err(not_a_database("it is cut off"));
    };
    if application != APPLICATION {
        return Err(StoreError::Foreign {
            path: path.to_owned(),
        });
    }
    migrate::known(path, u32::from_be_bytes(version)).map(drop)
}

/// Makes a new database: under another name first, so that nobody ever sees a half-made one.
pub(super) async fn create(path: &Path) -> Result<(), StoreError> {
    if fs::symlink_metadata(path).is_ok() {
        return Err(StoreError::already_exists("database", path.display()));
    }
    let new = beside(path);
    let made = fill(&new).await.and_then(|()| publish(&new, path));
    // With the new file linked to its name, this one is only a second name.
    let _ = fs::remove_file(&new);
    made
}

/// A name in the same folder that no other creation uses.
pub(crate) fn beside(path: &Path) -> PathBuf {
    static CREATIONS: AtomicU64 = AtomicU64::new(0);
    let creation = CREATIONS.fetch_add(1, Ordering::Relaxed);
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(format!(".new-{}-{creation}", std::process::id()));
    path.with_file_name(name)
}

pub(crate) async fn fill(new: &Path) -> Result<(), StoreError> {
    File::create_new(new).map_err(|error| StoreError::unreadable(new, error))?;
    let writer = pool(1).connect_with(options(new)).await?;
    let migrated = migrate::up_to_date(&writer, new).await;
    // Closing the last connection moves everything from the log into the file.
    writer.close().await;
    debug_assert!(
        migrated.is_err() || header(new).is_ok_and(|h| h[60..64] == NEWEST.to_be_bytes())
    );
    migrated
}

/// Gives the file its name, unless somebody else has one there by now.
pub(crate) fn publish(new: &Path, path: &Path) -> Result<(), StoreError> {
    let unreadable = |error| StoreError::unreadable(path, error);
    File::open(new)
        .and_then(|file| file.sync_all())
        .map_err(unreadable)?;
    match fs::hard_link(new, path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            Err(StoreError::already_exists("database", path.display()))
        }
        linked => linked.and_then(|()| sync_folder(path)).map_err(unreadable),
    }
}

/// Makes a new name in a folder durable. Windows does so by itself, and can't open folders.
fn sync_folder(path: &Path) -> io::Result<()> {
    match path.parent() {
        Some(folder) if cfg!(unix) && !folder.as_os_str().is_empty() => {
            File::open(folder)?.sync_all()
        }
        _ => Ok(()),
    }
}
