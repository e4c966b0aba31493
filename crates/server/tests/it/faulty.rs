//! A home of blobs that fails on demand, as disks and buckets do. Read [`under`].

use std::io;
use std::ops::Range;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use futures_util::{StreamExt as _, stream};
use mainstay_server::{Advance, AppConfig, PagesAccess};
use mainstay_store::{Blobs, FolderBlobs, Pieces, PutError, StoreError};
use mainstay_trust::Digest;
use tokio::sync::Notify;

use crate::house::House;
use crate::patience::until;

/// What goes wrong, until something else does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    None,
    /// No question is answered.
    Hangs,
    /// Each question is answered with an error.
    Fails,
    /// What is read breaks off after a thousand bytes.
    BreaksOff,
    /// The same, and it waits for [`FaultyBlobs::go_on`] before.
    BreaksOffLater,
    /// A put waits for [`FaultyBlobs::go_on`] before it takes anything.
    PutWaits,
    /// A put fails before it takes anything.
    Full,
}

/// A folder of blobs with a fault. It counts what it is asked.
pub struct FaultyBlobs {
    kept: FolderBlobs,
    fault: Mutex<Fault>,
    go_on: Arc<Notify>,
    looks: AtomicU32,
    waits: AtomicU32,
}

/// Serves the house anew, on the same store and folder, over blobs that can fail.
pub async fn under(house: &mut House) -> Arc<FaultyBlobs> {
    let blobs = Arc::new(FaultyBlobs {
        kept: house.same_blobs().await,
        fault: Mutex::new(Fault::None),
        go_on: Arc::default(),
        looks: AtomicU32::new(0),
        waits: AtomicU32::new(0),
    });
    let config = AppConfig {
        pages: PagesAccess::Anyone,
        advance: Advance::ByCaller,
        ..AppConfig::default()
    };
    let store = house.same_store().await;
    house.serve_anew(store, blobs.clone(), config).await;
    blobs
}

impl FaultyBlobs {
    pub fn set(&self, fault: Fault) {
        *self.fault.lock().unwrap() = fault;
    }

    pub fn go_on(&self) {
        self.go_on.notify_one();
    }

    /// How often a size was asked for.
    pub fn looks(&self) -> u32 {
        self.looks.load(Ordering::SeqCst)
    }

    /// Waits until somebody waits for [`FaultyBlobs::go_on`].
    pub async fn is_waited_for(&self) {
        let is_so = async || self.waits.load(Ordering::SeqCst) > 0;
        until("somebody waits", is_so).await;
    }

    async fn asked(&self) -> Result<Fault, StoreError> {
        let fault = *self.fault.lock().unwrap();
        match fault {
            Fault::Hangs => std::future::pending().await,
            Fault::Fails => Err(StoreError::Unreadable {
                path: "the disk".into(),
                source: broken(),
            }),
            fault => Ok(fault),
        }
    }
}

fn broken() -> io::Error {
    io::Error::other("a bad sector")
}

#[async_trait]
impl Blobs for FaultyBlobs {
    async fn put(&self, digest: &Digest, bytes: u64, pieces: Pieces<'_>) -> Result<(), PutError> {
        match self.asked().await? {
            Fault::Full => return Err(StoreError::Full.into()),
            Fault::PutWaits => {
                self.waits.fetch_add(1, Ordering::SeqCst);
                self.go_on.notified().await;
            }
            _ => {}
        }
        self.kept.put(digest, bytes, pieces).await
    }

    async fn probe(&self) -> Result<(), StoreError> {
        match self.asked().await? {
            Fault::Full => Err(StoreError::Full),
            _ => self.kept.probe().await,
        }
    }

    async fn size(&self, digest: &Digest) -> Result<Option<u64>, StoreError> {
        self.looks.fetch_add(1, Ordering::SeqCst);
        self.asked().await?;
        self.kept.size(digest).await
    }

    async fn read(
        &self,
        digest: &Digest,
        range: Range<u64>,
    ) -> Result<Option<Pieces<'static>>, StoreError> {
        let fault = self.asked().await?;
        let is_later = fault == Fault::BreaksOffLater;
        if !is_later && fault != Fault::BreaksOff {
            return self.kept.read(digest, range).await;
        }
        let begun = self.kept.read(digest, range.start..range.start + 1000);
        let go_on = self.go_on.clone();
        self.waits.fetch_add(1, Ordering::SeqCst);
        let end = async move {
            if is_later {
                go_on.notified().await;
            }
            Err(broken())
        };
        Ok(begun
            .await?
            .map(|begun| begun.chain(stream::once(end)).boxed()))
    }
}
