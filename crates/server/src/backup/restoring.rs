//! A data folder made of a backup. Read [`restore`].

use std::path::{Path, PathBuf};

use jiff::Timestamp;
use mainstay_store::FolderBlobs;
use mainstay_store::whole::{self, StoreAt, Watch};
use serde::Serialize;

use super::aftermath::{self, Aftermath};
use super::checking::{Checked, expect_database, expect_nothing_else};
use super::error::BackupError;
use super::manifest::Manifest;
use super::name::{BLOBS, Name};
use super::new_folder::{self, NewFolder, Place};
use super::payloads::Filling;
use crate::data_dir::DataDir;

/// A server's folder that was made of a backup.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Restored {
    /// Where.
    pub to: PathBuf,
    /// What was restored.
    pub backup: Checked,
    /// What was done so that nothing goes on by itself.
    pub aftermath: Aftermath,
}

/// Makes a data folder at `to`, where nothing or an empty folder may be, of the backup in `from`. Each byte is checked on its way, the
/// database where it came to, as by [`super::check`]; it is brought up to date, and nothing in it is under way any more. The folder is
/// there whole or not at all, with the database and the payloads in it, wherever they were before, and a mark that says what it is.
///
/// # Errors
/// The first thing that is wrong with the backup; [`BackupError::Clock`], if it was made after `now`; if something is at `to`.
pub async fn restore(
    from: &Path,
    to: &Path,
    now: Timestamp,
    watch: &mut Watch<'_>,
) -> Result<Restored, BackupError> {
    let manifest = Manifest::read(from)?;
    let made = manifest.made;
    if made > now {
        return Err(BackupError::Clock { made, now });
    }
    expect_nothing_else(from, &manifest)?;
    let folder = NewFolder::begin(to, Place::FreeOrEmpty)?;
    let mut filling = Filling::of(&folder, watch, manifest.bytes());
    for (name, kept) in &manifest.files {
        filling.file(from, name, *kept)?;
    }
    expect_database(folder.path(), &manifest, watch).await?;

    let database = Name::Database.below(folder.path());
    let server = DataDir::at(folder.path());
    let root = server.read_root()?;
    let aftermath = aftermath::settle(&database, &root, made, now).await?;
    expect_in_order(&server, watch).await?;
    new_folder::make_private(&database)?;
    folder.write(&server.restored_mark(), mark(made, now).as_bytes())?;
    folder.publish()?;
    Ok(Restored {
        to: to.to_owned(),
        backup: Checked::of(&manifest),
        aftermath,
    })
}

/// Once more, as the server will find it: what an older version kept is read here for the first time.
async fn expect_in_order(server: &DataDir, watch: &mut Watch<'_>) -> Result<(), BackupError> {
    let blobs = FolderBlobs::looked_at(server.path().join(BLOBS));
    let checked = whole::check(&StoreAt::File(server.database()), Some(&blobs), watch).await?;
    match checked.findings.first() {
        None => Ok(()),
        Some(finding) => Err(BackupError::Database {
            because: format!("{} {}: {}", finding.table, finding.row, finding.because),
            more: checked.findings.len() as u64 - 1 + checked.more,
        }),
    }
}

/// What a server that starts on the folder tells.
fn mark(made: Timestamp, now: Timestamp) -> String {
    format!("from a backup of {made:.0}, at {now:.0}\n")
}
