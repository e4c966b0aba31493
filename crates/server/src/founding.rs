//! What a server's folder and its database must agree on: the first root, and with a fleet that others began, its plan.

use mainstay_keys::HostPrimitives;
use mainstay_store::{Store, StoreError, StoredRoot};
use mainstay_trust::verify;

use crate::app::AppError;
use crate::clock::{Clock as _, SystemClock};
use crate::data_dir::{Contents, DataDirError};

/// Puts the first plan into force; in the database of a fleet that other servers have begun, looks whether this folder belongs to it.
pub(crate) async fn begin(store: &dyn Store, contents: &Contents<'_>) -> Result<(), DataDirError> {
    let (text, digest) = (contents.plan_text, contents.plan.digest.0);
    if store.active_plan().await?.is_none() {
        return Ok(store
            .activate_plan(text, digest, contents.by, contents.at)
            .await?);
    }
    let first = store.roots().await?.into_iter().next();
    if first.is_some_and(|first| first.signed != contents.root) {
        return Err(DataDirError::OtherFleet("it has another first root"));
    }
    match store.was_in_force(digest).await? {
        true => Ok(()),
        false => Err(DataDirError::OtherFleet(
            "this plan was never in force in it",
        )),
    }
}

/// Every root, oldest first; `first` is the folder's own. A database that has none takes that one in.
pub(crate) async fn chain(store: &dyn Store, first: Vec<u8>) -> Result<Vec<Vec<u8>>, DataDirError> {
    let mut known = store.roots().await?;
    if known.is_empty() {
        match add_first(store, &first).await {
            // Another server was a moment faster.
            Err(DataDirError::Store(StoreError::AlreadyExists { .. })) | Ok(()) => {}
            Err(error) => return Err(error),
        }
        known = store.roots().await?;
    }
    if known.first().is_none_or(|oldest| oldest.signed != first) {
        return Err(StoreError::damaged("first root", "the folder holds another one").into());
    }
    Ok(known.into_iter().map(|root| root.signed).collect())
}

/// What doesn't verify isn't taken in; the caller says so.
async fn add_first(store: &dyn Store, first: &[u8]) -> Result<(), DataDirError> {
    let opened = verify::pinned_root(first, &HostPrimitives).map_err(AppError::Root)?;
    let root = StoredRoot {
        version: opened.get().version,
        signed: first.to_vec(),
        at: SystemClock.now(),
        by: None,
    };
    Ok(store.add_root(&root).await?)
}
