//! The next root in a stopped server's folder, and the online key that it names.
//!
//! A running server takes a root over HTTP, but only one under which its own key still speaks. When
//! that key itself is replaced, both change together here: the new key lies beside the old one before
//! the root is stored, and takes its place after, so that a power cut between leaves a server that
//! starts. Read [`DataDir::rotate`].

use std::fs;
use std::io;
use std::path::PathBuf;

use jiff::Timestamp;
use mainstay_keys::{FileSigner, HostPrimitives, Passphrase, SecretKey, file};
use mainstay_store::StoredRoot;
use mainstay_trust::verify;

use crate::app::AppError;
use crate::data_dir::{DataDir, DataDirError, unusable, write_durably};
use crate::founding::chain;
use crate::{homes, root_chain};

impl DataDir {
    /// Puts the next root into force, and `new_key`, if there is one, in the place of the online key,
    /// encrypted under `passphrase`. Returns the root's version. Where several servers share one database, the first of them has put
    /// the root there already: then only the key changes.
    ///
    /// # Errors
    /// If a server runs on the folder or works with its database, the root doesn't follow the newest one, or the online key
    /// can't sign statuses under it. Nothing is changed then.
    pub async fn rotate(
        &self,
        root: &[u8],
        new_key: Option<&SecretKey>,
        passphrase: &Passphrase,
        now: Timestamp,
    ) -> Result<u32, DataDirError> {
        let _lock = self.lock()?;
        // A server elsewhere would go on with its old key under the new root, and be refused by each device that has climbed to that.
        homes::expect_unused(self.homes()).await?;
        let opened = self.open_store().await?;
        let store = opened.get();
        let mut roots = chain(store, self.read_root()?).await?;
        let is_there = new_key.is_some() && roots.last().is_some_and(|newest| newest == root);
        if !is_there {
            roots.push(root.to_vec());
        }
        let signer = match new_key {
            Some(key) => key.signer()?,
            None => self.open_status_key(&roots, passphrase)?,
        };
        root_chain::check(&roots, &signer)?;
        if let Some(key) = new_key {
            self.lay_beside(key, passphrase)?;
        }
        let version = version(root)?;
        let root = StoredRoot {
            version,
            signed: root.to_vec(),
            at: now,
            by: None,
        };
        if !is_there {
            store.add_root(&root).await?;
        }
        opened.close().await;
        if new_key.is_some() {
            self.replace_status_key()?;
        }
        Ok(version)
    }

    /// The online key that may sign under the newest of `roots`. If that is the next one, because a
    /// rotation was cut short after its root was stored, the rotation is finished.
    ///
    /// # Errors
    /// If the key can't be opened. Whether it fits is for the caller to check.
    pub(crate) fn open_status_key(
        &self,
        roots: &[Vec<u8>],
        passphrase: &Passphrase,
    ) -> Result<FileSigner, DataDirError> {
        if self.next_key().exists()
            && let Ok(next) = file::open(&self.next_key(), passphrase)
            && root_chain::check(roots, &next).is_ok()
        {
            self.replace_status_key()?;
            return Ok(next);
        }
        Ok(file::open(&self.status_key(), passphrase)?)
    }

    fn next_key(&self) -> PathBuf {
        self.status_key().with_added_extension("next")
    }

    fn lay_beside(&self, key: &SecretKey, passphrase: &Passphrase) -> Result<(), DataDirError> {
        for leftover in [self.next_key(), public_half(&self.next_key())] {
            match fs::remove_file(&leftover) {
                Err(cause) if cause.kind() != io::ErrorKind::NotFound => {
                    return Err(unusable(&leftover, cause));
                }
                _ => {}
            }
        }
        file::create(&self.next_key(), key, passphrase)?;
        Ok(())
    }

    /// The public half is copied and the key moves after it, so that up to that moment the next key
    /// can be opened where it lies.
    fn replace_status_key(&self) -> Result<(), DataDirError> {
        let (next, present) = (self.next_key(), self.status_key());
        let public = public_half(&next);
        let half = fs::read(&public).map_err(|cause| unusable(&public, cause))?;
        write_durably(&public_half(&present), &half)?;
        fs::rename(&next, &present).map_err(|cause| unusable(&present, cause))?;
        fs::remove_file(&public).map_err(|cause| unusable(&public, cause))
    }
}

fn public_half(key: &std::path::Path) -> PathBuf {
    key.with_added_extension("pub")
}

/// The version of a root that [`root_chain::check`] has accepted.
fn version(root: &[u8]) -> Result<u32, DataDirError> {
    let opened = verify::pinned_root(root, &HostPrimitives).map_err(AppError::Root)?;
    Ok(opened.get().version)
}
