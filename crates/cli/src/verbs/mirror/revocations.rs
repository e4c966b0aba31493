//! Telling caches of new revocations: they may keep the old ones for as long as the plan lets them, and a withdrawal is to be seen sooner. Read
//! [`Round::tell_of_revocations`].

use mainstay_trust::Digest;

use super::manifest::Manifest;
use super::round::{Done, Round, Undone};
use crate::failure::Failure;

impl Round<'_> {
    /// Has caches told if the server has other revocations than those that they were told of last; tried until it succeeds, as with payloads. Nobody is
    /// asked where there is nobody to tell.
    pub(super) async fn tell_of_revocations(
        &self,
        manifest: &mut Manifest,
        done: &mut Done,
    ) -> Result<(), Failure> {
        if self.hook.is_none() {
            return Ok(());
        }
        let newest = match self.newest().await {
            Ok(Some(newest)) if manifest.revocations.as_ref() != Some(&newest) => newest,
            Ok(_known) => return Ok(()),
            Err(because) => {
                done.unpurged.push(undone(because));
                return Ok(());
            }
        };
        match self.hook.call_of_revocations(&newest).await {
            Ok(()) => {
                manifest.revocations = Some(newest.clone());
                manifest.write(self.home).await?;
                done.revocations = Some(newest);
            }
            Err(because) => done.unpurged.push(undone(because)),
        }
        Ok(())
    }

    /// The digest of the newest ones, which becomes a program's argument; none if there are none yet.
    async fn newest(&self) -> Result<Option<String>, String> {
        let tag = self.operator.revocations_tag().await;
        match tag.map_err(|error| error.to_string())? {
            Some(tag) if Digest::parse_hex(&tag).is_none() => {
                Err("the server names them by no digest".to_owned())
            }
            tag => Ok(tag),
        }
    }
}

fn undone(because: String) -> Undone {
    Undone {
        digest: "revocations".to_owned(),
        because,
    }
}
