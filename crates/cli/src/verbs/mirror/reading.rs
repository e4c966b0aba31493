//! Reading again what lies in a mirror: a round looks at sizes, and a disk that loses bits keeps those. What is damaged comes again in the same round, or in the
//! next one. Read [`Round::read_all`].

use mainstay_trust::Digest;
use tokio::time::Instant;

use super::manifest::Manifest;
use super::round::{Done, Round, Undone, is_whole};
use crate::failure::Failure;
use crate::moment;

impl Round<'_> {
    /// Reads what is to be read again: all that is there if it is to be verified, else what wasn't read for a day.
    pub(super) async fn read_all(
        &self,
        manifest: &mut Manifest,
        done: &mut Done,
    ) -> Result<(), Failure> {
        for digest in manifest.to_read(self.rules.verify, moment::now()) {
            self.read_again(manifest, &digest, done).await?;
        }
        Ok(())
    }

    /// Reads what wasn't read for a day, one payload after the other, and begins with none after this moment.
    pub(super) async fn read_until(&self, end: Instant, done: &mut Done) -> Result<(), Failure> {
        let Some(mut manifest) = Manifest::read(self.home).await? else {
            return Ok(());
        };
        for digest in manifest.to_read(false, moment::now()) {
            if Instant::now() >= end {
                break;
            }
            self.read_again(&mut manifest, &digest, done).await?;
        }
        Ok(())
    }

    /// Reads one, and notes what that found. That it can't be opened now says nothing of its bytes.
    async fn read_again(
        &self,
        manifest: &mut Manifest,
        digest: &str,
        done: &mut Done,
    ) -> Result<(), Failure> {
        let image = Digest::parse_hex(digest).expect("the manifest was read so");
        let bytes = manifest.payloads.get(digest).map(|held| held.bytes);
        match is_whole(self.home, &image, bytes.unwrap_or_default()).await {
            Ok(is_right) => {
                manifest.note_read(digest, is_right, moment::now());
                manifest.write(self.home).await?;
                if !is_right {
                    done.damaged.push(digest.to_owned());
                }
            }
            Err(failure) => done.failed.push(Undone {
                digest: digest.to_owned(),
                because: failure.what,
            }),
        }
        Ok(())
    }
}
