//! A backup, made while the server serves. Read [`make`].

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use jiff::tz::TimeZone;
use mainstay_store::whole::{self, StoreAt, Watch};
use serde::Serialize;

use super::error::{BackupError, unusable};
use super::manifest::{self, Manifest, Table};
use super::name::Name;
use super::new_folder::{self, NewFolder, Place};
use super::payloads::{self, Filling, kept_bytes};
use crate::data_dir::{DataDir, DataDirError};
use crate::homes;
use crate::settings::StorePlace;

/// A root takes some kilobytes and a key one; the record of a key's uses has a line for each start of a server.
const SMALL_BYTES_MAX: u64 = mainstay_keys::use_log::LOG_BYTES_MAX;

/// A backup that is there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Made {
    /// Where.
    pub to: PathBuf,
    /// The moment of which it tells.
    pub made: Timestamp,
    /// How many files are in it, beside its list.
    pub files: usize,
    /// How many of them are payloads.
    pub payloads: usize,
    /// Their bytes.
    pub bytes: u64,
    /// The rows of its database.
    pub rows: u64,
}

/// Keeps the server whose folder this is at `to`, where nothing may be yet; the server may serve meanwhile. Its database is copied as it is
/// at one moment, from wherever it is, with every row read; then each payload that a release of that moment needs. It is there whole or
/// not at all. `now` is the moment before: nothing that was acknowledged until then is missing, and something later may be in it.
///
/// # Errors
/// If the server's folder was moved, a payload is damaged, a row can't be read, or something is at `to`.
pub async fn make(
    server: &DataDir,
    to: &Path,
    now: Timestamp,
    watch: &mut Watch<'_>,
) -> Result<Made, BackupError> {
    server.check()?;
    if server.homes().store == StorePlace::Sqlite {
        server.expect_not_moved()?;
    }
    let source = homes::store_at(server, server.homes())?;
    let blobs = homes::look_into_blobs(server, server.homes())?;
    let folder = NewFolder::begin(to, Place::Free)?;
    let keys = small_files(server.path())?;
    let database = Name::Database.below(folder.path());
    let copied = whole::snapshot(&source, &database, watch).await?;
    let schema = whole::missing(&StoreAt::File(database.clone()))
        .await?
        .version;
    let (needed, first_root) = payloads::needed(&database).await?;
    expect_own_root(&keys, first_root.as_deref())?;
    new_folder::make_private(&database)?;

    let mut files = BTreeMap::from([(Name::Database, payloads::kept(&database)?)]);
    let of = needed.iter().map(|payload| payload.bytes).sum();
    let mut filling = Filling::of(&folder, watch, of);
    let payloads = needed.len();
    for payload in needed {
        let (name, kept) = filling.payload(&*blobs, payload).await?;
        files.insert(name, kept);
    }
    for (name, bytes) in unchanged(server.path(), &keys)? {
        folder.write(&name.below(folder.path()), &bytes)?;
        files.insert(name, kept_bytes(&bytes));
    }
    let manifest = Manifest {
        made: now,
        mainstay: env!("CARGO_PKG_VERSION").to_owned(),
        schema,
        files,
        tables: copied.tables.iter().map(Table::from).collect(),
    };
    finish(folder, &manifest)?;
    Ok(Made {
        to: to.to_owned(),
        made: now,
        files: manifest.files.len(),
        payloads,
        bytes: manifest.bytes(),
        rows: copied.tables.iter().map(|counted| counted.rows).sum(),
    })
}

/// Folder and settings may be named apart: a root, and a key that its devices believe, beside another fleet's database would be no server.
fn expect_own_root(keys: &Small, first: Option<&[u8]>) -> Result<(), BackupError> {
    let own = keys.get(&Name::Small("root.cbor")).map(Vec::as_slice);
    match first.is_none_or(|first| Some(first) == own) {
        true => Ok(()),
        false => Err(DataDirError::OtherFleet("it has another first root").into()),
    }
}

/// The list comes last: a folder without it is no backup.
fn finish(folder: NewFolder, manifest: &Manifest) -> Result<(), BackupError> {
    let (list, sum) = manifest.written()?;
    folder.write(&folder.path().join(manifest::SUM_NAME), &sum)?;
    folder.write(&folder.path().join(manifest::NAME), &list)?;
    folder.publish()
}

type Small = BTreeMap<Name, Vec<u8>>;

/// Root and keys, as they are now.
fn small_files(folder: &Path) -> Result<Small, BackupError> {
    let mut files = Small::new();
    for (name, must) in Name::small() {
        let path = name.below(folder);
        match File::open(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound && !must => {}
            Err(error) => return Err(unusable(&path)(error)),
            Ok(file) => {
                let mut bytes = Vec::new();
                let read = file.take(SMALL_BYTES_MAX + 1).read_to_end(&mut bytes);
                read.map_err(unusable(&path))?;
                if bytes.len() as u64 > SMALL_BYTES_MAX {
                    let cause = io::Error::from(io::ErrorKind::FileTooLarge);
                    return Err(unusable(&path)(cause));
                }
                files.insert(name, bytes);
            }
        }
    }
    Ok(files)
}

/// Root and keys, which go with the database only if nobody changed them since before it was copied: `server rotate` puts a root into the
/// one and a key beside the other. Records of uses grow whenever a server starts, or opens a key anew; their newest lines are kept.
fn unchanged(folder: &Path, before: &Small) -> Result<Small, BackupError> {
    let after = small_files(folder)?;
    let names = Name::small().map(|(name, _)| name);
    let mut others = names.filter(|name| !name.grows());
    match others.find(|name| before.get(name) != after.get(name)) {
        None => Ok(after),
        Some(name) => Err(BackupError::Changed(name.below(folder))),
    }
}

/// What a folder is called that is made at `now` in another one: names in the order of time, in signs that any file system takes.
pub fn folder_name(now: Timestamp) -> String {
    let now = TimeZone::UTC.to_datetime(now);
    now.strftime("%Y-%m-%dT%H-%M-%SZ").to_string()
}

/// Whether a name in a folder of backups is one that [`folder_name`] gives.
fn is_folder_name(name: &str) -> bool {
    let form = b"0000-00-00T00-00-00Z";
    let fits = |(sign, form): (u8, &u8)| match form {
        b'0' => sign.is_ascii_digit(),
        other => sign == *other,
    };
    name.len() == form.len() && name.bytes().zip(form).all(fits)
}

/// Clears away the unfinished backups that commands which were killed left in a folder of backups.
///
/// # Errors
/// If it isn't there: a disk that isn't mounted would otherwise be filled in another one's place.
pub fn clear_leftovers(shelf: &Path) -> Result<(), BackupError> {
    new_folder::clear_leftovers(shelf, is_folder_name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_are_named_by_the_moment() {
        let now: Timestamp = "2026-11-27T02:30:00.5Z".parse().expect("a constant");
        let name = folder_name(now);
        assert_eq!(name, "2026-11-27T02-30-00Z");
        assert!(is_folder_name(&name));
        for other in [
            "",
            "backup",
            "2026-11-27T02-30-00",
            "2026-11-27 02-30-00Z",
            "2026-11-27T02-30-00Z.partial",
        ] {
            assert!(!is_folder_name(other), "{other}");
        }
    }
}
