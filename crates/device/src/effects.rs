//! The effects of the machine, performed over the storage in the order in which it names them.
//!
//! This is the only place of a running device that writes, erases or reads back; nothing is decided
//! here. See [`Device::feed`].

use mainstay_trust::admission::{Admitted, check_payload};
use mainstay_trust::{Digest, Primitives, Refusal};

use crate::device::Device;
use crate::flash::FlashError;
use crate::machine::step_in_place;
use crate::offer::head_of;
use crate::slot::Slot;
use crate::state::{Effect, Input, Phase, Policy, State};
use crate::storage::Storage;

impl<S: Storage, P: Primitives, R: AsRef<[u8]>> Device<S, P, R> {
    /// Feeds the machine, and performs its effects in their order. An effect that has a result feeds
    /// it on.
    pub(crate) fn feed(&mut self, input: Input, now_ms: u64) -> Result<(), FlashError> {
        self.feed_with(&[], input, now_ms)
    }

    /// The same for an input about a document, which is kept as it came: the paper that was taken, or the
    /// envelope that was offered.
    pub(crate) fn feed_with(
        &mut self,
        document: &[u8],
        input: Input,
        now_ms: u64,
    ) -> Result<(), FlashError> {
        let before = self.state.clone();
        let effects = step_in_place(&self.policy(), &mut self.state, input, now_ms);
        for effect in effects {
            let next = match self.perform(effect, document) {
                Ok(next) => next,
                Err(error) => return self.not_done((effect, error), &before, input, now_ms),
            };
            if let Some(next) = next {
                self.feed(next, now_ms)?;
            }
        }
        Ok(())
    }

    /// An effect failed. When the power goes away, whoever starts next begins with what is stored. A storage
    /// that refuses is lived with: the device goes back to `before`, since nothing may rely on what isn't
    /// saved, and says that it failed.
    #[inline(never)]
    fn not_done(
        &mut self,
        (effect, error): (Effect, FlashError),
        before: &State,
        input: Input,
        now_ms: u64,
    ) -> Result<(), FlashError> {
        let cause = error.as_failure().ok_or(error)?;
        if matches!(input, Input::InstallFailed { .. }) {
            // That is what couldn't be saved; it is sent from memory.
            return Ok(());
        }
        let manifest = self.state.at_work_on().or_else(|| before.at_work_on());
        let manifest = manifest.unwrap_or(Digest::ZERO);
        if !stands(input, effect, &self.state) {
            self.state.clone_from(before);
        }
        self.feed(Input::InstallFailed { manifest, cause }, now_ms)
    }

    fn perform(&mut self, effect: Effect, document: &[u8]) -> Result<Option<Input>, FlashError> {
        match effect {
            Effect::Save => self.storage.save_record(&mut self.state.record)?,
            Effect::SavePaper(paper) => self.storage.save_paper(paper, document)?,
            Effect::EraseSlot(slot) => self.storage.erase(slot)?,
            Effect::EraseImageFrom(slot, offset) => {
                self.storage.erase_image_from(slot, offset)?;
            }
            Effect::WriteHead(slot) => self.write_head(slot, document)?,
            Effect::CheckPayload(slot) => return self.check_payload(slot).map(Some),
            Effect::Arm(slot, boots) => self.storage.arm(slot, boots)?,
            Effect::Settle(slot) => self.storage.settle(slot)?,
        }
        Ok(None)
    }

    fn write_head(&mut self, slot: Slot, envelope: &[u8]) -> Result<(), FlashError> {
        let Phase::Fetching { admitted, .. } = self.state.phase else {
            return Ok(());
        };
        let head = head_of(&admitted, envelope, self.root_version());
        self.storage.write_head(slot, &head)
    }

    fn check_payload(&self, slot: Slot) -> Result<Input, FlashError> {
        let Phase::Fetching {
            admitted, written, ..
        } = self.state.phase
        else {
            return Ok(Input::ExchangeFailed);
        };
        Ok(Input::PayloadChecked(
            self.compare(admitted, slot, written)?,
        ))
    }

    fn compare(
        &self,
        admitted: Admitted,
        slot: Slot,
        written: u32,
    ) -> Result<Result<(), Refusal>, FlashError> {
        let algorithm = admitted.image().algorithm();
        let image = self
            .storage
            .measure(slot, written, algorithm, &self.primitives)?;
        Ok(check_payload(admitted, &image))
    }

    fn policy(&self) -> Policy {
        Policy {
            trial: self.config.trial,
            page_bytes: self.storage.grain().page_bytes,
            checkpoint_bytes: self.config.checkpoint_bytes,
            single_slot: self.storage.grain().single_slot,
            retry_ms: self.config.retry_ms,
        }
    }
}

/// What holds although an effect of it failed: that the device has started; that it goes back, since the boot
/// decision can't count a trial's boots then, and starts the confirmed image; and a trial that was saved and no boot
/// loader could be told of, which is then taken back in the record too.
fn stands(input: Input, failed: Effect, after: &State) -> bool {
    let gives_up = after
        .record
        .trial
        .is_some_and(|trial| trial.given_up.is_some());
    match input {
        Input::Started { .. } => true,
        Input::Looked(_) => gives_up,
        _ => matches!(failed, Effect::Arm(..)),
    }
}
