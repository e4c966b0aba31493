//! Who has the line, in SQLite: one server works on a file, and has all of it.

use async_trait::async_trait;

use super::SqliteStore;
use crate::StoreError;
use crate::line_shares::{LineShares, WHOLE_PPM};

#[async_trait]
impl LineShares for SqliteStore {
    async fn share_line(&self, _server: &str, _uses_ppm: u32) -> Result<u32, StoreError> {
        Ok(WHOLE_PPM)
    }

    async fn leave_line(&self, _server: &str) -> Result<(), StoreError> {
        Ok(())
    }
}
