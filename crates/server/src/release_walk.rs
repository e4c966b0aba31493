//! Every release, a page at a time: lists for people end somewhere, and what is withdrawn must reach what was handed in years ago, too.
//! Read [`ReleaseWalk`].

use mainstay_release::{Release, ReleaseId};
use mainstay_store::{Store, StoreError};

/// So many are in memory at once: a megabyte or so.
const PAGE_RELEASES: u32 = 500;

/// A walk over all releases, the newest first. It doesn't come to those that are handed in meanwhile.
pub(crate) struct ReleaseWalk<'a> {
    store: &'a dyn Store,
    last: Option<ReleaseId>,
}

impl<'a> ReleaseWalk<'a> {
    /// One that begins.
    pub(crate) fn over(store: &'a dyn Store) -> Self {
        Self { store, last: None }
    }

    /// The releases that come next; none once all of them came.
    ///
    /// # Errors
    /// If the store fails; asked again, it goes on from there.
    pub(crate) async fn page(&mut self) -> Result<Option<Vec<Release>>, StoreError> {
        let last = self.last.as_ref();
        let page = self.store.releases_after(last, PAGE_RELEASES).await?;
        let Some(last) = page.last() else {
            return Ok(None);
        };
        self.last = Some(last.id.clone());
        Ok(Some(page))
    }
}
