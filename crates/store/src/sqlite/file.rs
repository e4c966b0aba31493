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

use sqlx::SqliteConnection;

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
    remove(&new);
    made
}

/// Removes a file that was published or given up, and what SQLite may have left beside it. With it linked to its name, this one was only
/// a second name.
pub(crate) fn remove(new: &Path) {
    for path in [new, &log(new), &beside_with(new, "-shm")] {
        let _ = fs::remove_file(path);
    }
}

/// SQLite's log of a file (SQLite file format, section 4).
fn log(path: &Path) -> PathBuf {
    beside_with(path, "-wal")
}

fn beside_with(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    PathBuf::from(name)
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
    // Closing the last connection moves everything from the log into the file. If it can't, nobody is told, and the log stays.
    writer.close().await;
    debug_assert!(
        migrated.is_err() || header(new).is_ok_and(|h| h[60..64] == NEWEST.to_be_bytes())
    );
    migrated
}

/// Moves everything from SQLite's log into the file. Closing the last connection does so too, but says nothing if it can't (a full disk, one
/// that fails); and a commit is in the log alone.
pub(crate) async fn empty_log(connection: &mut SqliteConnection) -> Result<(), StoreError> {
    let left: (i64, i64, i64) = sqlx::query_as("PRAGMA wal_checkpoint(TRUNCATE)")
        .fetch_one(connection)
        .await?;
    match left {
        (0, 0, 0) => Ok(()),
        _ => Err(StoreError::Busy),
    }
}

/// Gives the file its name, unless somebody else has one there by now. What is in its log still would stay behind under the old name.
pub(crate) fn publish(new: &Path, path: &Path) -> Result<(), StoreError> {
    if fs::symlink_metadata(log(new)).is_ok() {
        let error = io::Error::other("not all of it could be moved out of its log");
        return Err(StoreError::unreadable(new, error));
    }
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

#[cfg(test)]
mod tests {
    use sqlx::Connection as _;

    use super::*;

    /// As after a close that couldn't move all of it: the file alone is cut off.
    #[tokio::test]
    async fn a_file_whose_log_is_still_there_gets_no_name() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let (new, path) = (folder.path().join("new"), folder.path().join("it"));
        fill(&new).await.expect("a new database");
        fs::write(log(&new), b"frames").expect("an own folder");
        let refused = publish(&new, &path).expect_err("not all is in the file");
        assert_eq!(refused.id(), "store.unreadable", "{refused}");
        assert!(!path.exists());
        remove(&new);
        let left = fs::read_dir(folder.path()).expect("readable").count();
        assert_eq!(left, 0);
        fill(&new).await.expect("a new database");
        publish(&new, &path).expect("all is in it");
        inspect(&path).expect("a database of ours");
    }

    #[tokio::test]
    async fn what_was_committed_is_moved_out_of_the_log() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let new = folder.path().join("new");
        fill(&new).await.expect("a new database");
        let connect = || async {
            let connected = SqliteConnection::connect_with(&options(&new)).await;
            connected.expect("it is there")
        };
        let (mut writer, mut reader) = (connect().await, connect().await);
        let run = async |connection: &mut SqliteConnection, sql: &'static str| {
            let done = sqlx::raw_sql(sql).execute(connection).await;
            done.expect("a good statement");
        };
        run(&mut writer, "UPDATE pulse SET beat = beat + 1").await;
        let bytes = || fs::metadata(log(&new)).expect("it is there").len();
        assert!(bytes() > 0);
        // Who reads an older moment needs the log: then it can't be emptied, and that is told.
        run(&mut reader, "BEGIN; SELECT count(*) FROM pulse").await;
        run(
            &mut writer,
            "UPDATE pulse SET beat = beat + 1; PRAGMA busy_timeout = 1",
        )
        .await;
        let refused = empty_log(&mut writer).await.expect_err("somebody reads");
        assert_eq!(refused.id(), "store.busy");
        run(&mut reader, "ROLLBACK").await;
        empty_log(&mut writer).await.expect("nobody reads");
        assert_eq!(bytes(), 0);
    }
}
