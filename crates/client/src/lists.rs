//! How an [`Operator`] reads lists that grow without end.

use mainstay_api::Page;
use serde::de::DeserializeOwned;

use crate::{Answer, Operator, exchange};

impl Operator {
    /// All of the list at `path`, page after page.
    ///
    /// # Errors
    /// As every request: [`ClientError`](crate::ClientError).
    pub(crate) async fn all<T: DeserializeOwned>(&self, path: &str) -> Answer<Vec<T>> {
        let mut all = Vec::new();
        let mut after: Option<String> = None;
        loop {
            let word = after.iter().map(|after| ("after", after.as_str()));
            let page: Page<T> = self.0.get(&exchange::with_words(path, word)).await?;
            all.extend(page.items);
            match page.next {
                Some(next) => after = Some(next),
                None => return Ok(all),
            }
        }
    }
}
