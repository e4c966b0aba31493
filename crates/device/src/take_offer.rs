//! Taking an offer: judged against what the device holds, and handed to the machine.

use mainstay_trust::admission::Admitted;
use mainstay_trust::status::NONCE_BYTES;
use mainstay_trust::{Digest, Offer, Primitives, Refusal};

use crate::device::Device;
use crate::error::DeviceError;
use crate::flash::FlashError;
use crate::offer::{Standing, admit_offer};
use crate::papers::Papers;
use crate::slot::Slot;
use crate::state::Input;
use crate::storage::Storage;

impl<S: Storage, P: Primitives, R: AsRef<[u8]>> Device<S, P, R> {
    /// Where the confirmed release lies, if that is what runs.
    pub(crate) fn confirmed_slot(&self) -> Option<Slot> {
        let record = &self.state.record;
        let slot = self.state.running.map(|release| release.slot)?;
        let runs = record.confirmed == Some(slot) && !record.last_resort;
        runs.then_some(slot)
    }

    /// Where the confirmed release lies, if safe mode only came to write over it: it still says what it may be
    /// taken back to.
    fn visited_slot(&self) -> Option<Slot> {
        let is_visit = self.state.is_visit() && !self.state.record.last_resort;
        self.state.record.confirmed.filter(|_| is_visit)
    }

    pub(crate) fn take_offer(
        &mut self,
        offer: &Offer<'_>,
        nonce: Option<[u8; NONCE_BYTES]>,
        now_ms: u64,
    ) -> Result<(), DeviceError> {
        if !self.state.may_install() {
            return Ok(());
        }
        let outcome = self.judge(offer, nonce, now_ms)?;
        Ok(self.feed_with(offer.envelope, Input::Offered(outcome), now_ms)?)
    }

    fn judge(
        &self,
        offer: &Offer<'_>,
        nonce: Option<[u8; NONCE_BYTES]>,
        now_ms: u64,
    ) -> Result<Result<Admitted, (Digest, Refusal)>, FlashError> {
        let papers = Papers::lent_by(&self.storage)?;
        let confirmed = match self.confirmed_slot().or_else(|| self.visited_slot()) {
            Some(slot) => self.storage.head(slot)?,
            None => None,
        };
        let standing = Standing {
            record: &self.state.record,
            papers: &papers,
            confirmed: confirmed.as_ref(),
            nonce,
            now_s: now_ms / 1000,
            grain: self.storage.grain(),
            target: self.state.target(),
        };
        Ok(admit_offer(
            offer,
            &standing,
            &self.config,
            &self.primitives,
        ))
    }
}
