//! The effects of the machine, performed over flash in the order in which it names them.
//!
//! This is the only place of a running device that writes, erases or reads back; nothing is decided
//! here. See [`Device::feed`].

use mainstay_trust::admission::{Admitted, check_payload};
use mainstay_trust::{Primitives, Refusal};

use crate::device::Device;
use crate::flash::{Flash, FlashError};
use crate::journal;
use crate::machine::step;
use crate::slot::{Slot, measure};
use crate::state::{Effect, Input, Phase, Policy};

impl<F: Flash, P: Primitives, R: AsRef<[u8]>> Device<F, P, R> {
    /// Feeds the machine, and performs its effects in their order. An effect that has a result feeds
    /// it on.
    pub(crate) fn feed(&mut self, input: Input, now_ms: u64) -> Result<(), FlashError> {
        let policy = self.policy();
        let (state, effects) = step(&policy, self.state.clone(), input, now_ms);
        self.state = state;
        for effect in effects {
            if let Some(next) = self.perform(effect)? {
                self.feed(next, now_ms)?;
            }
        }
        Ok(())
    }

    fn perform(&mut self, effect: Effect) -> Result<Option<Input>, FlashError> {
        let layout = self.config.layout;
        match effect {
            Effect::Save => journal::save(&mut self.flash, &layout, &mut self.state.record)?,
            Effect::SavePaper(paper) => self.papers.save(&mut self.flash, &layout, paper)?,
            Effect::EraseSlot(slot) => {
                layout
                    .pages(slot)
                    .try_for_each(|page| self.flash.erase_page(page))?;
            }
            Effect::EraseImageFrom(slot, offset) => {
                let start = layout.image(slot) + offset;
                let pages = layout.pages(slot).filter(|page| *page >= start);
                for page in pages {
                    self.flash.erase_page(page)?;
                }
            }
            Effect::WriteHead(slot) => {
                if let Some(head) = self.offered.take() {
                    head.save(&mut self.flash, &layout, slot)?;
                }
            }
            Effect::CheckPayload(slot) => return self.check_payload(slot).map(Some),
        }
        Ok(None)
    }

    fn check_payload(&mut self, slot: Slot) -> Result<Input, FlashError> {
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
        &mut self,
        admitted: Admitted,
        slot: Slot,
        written: u32,
    ) -> Result<Result<(), Refusal>, FlashError> {
        let layout = self.config.layout;
        let algorithm = admitted.image().algorithm();
        let (flash, primitives) = (&mut self.flash, &self.primitives);
        let image = measure(flash, &layout, slot, written, algorithm, primitives)?;
        Ok(check_payload(admitted, &image))
    }

    fn policy(&self) -> Policy {
        Policy {
            trial: self.config.trial,
            page_bytes: self.config.layout.page_bytes(),
            checkpoint_bytes: self.config.checkpoint_bytes,
            retry_ms: self.config.retry_ms,
        }
    }
}
