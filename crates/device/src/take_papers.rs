//! Taking papers: the next root, newer revocations, and offline all of them from a bundle.
//!
//! Each is verified against what the device holds, and kept before anything relies on it. A paper
//! that is refused is reported, and changes nothing.

use mainstay_protocol::HeldRevocations;
use mainstay_trust::{Counters, Freshness, Offer, Primitives, Refusal, verify};

use crate::device::Device;
use crate::error::DeviceError;
use crate::flash::FlashError;
use crate::papers::{Paper, Papers, claimed_version};
use crate::state::Input;
use crate::storage::Storage;

/// The documents of a bundle; the image is fetched as any other, from wherever the bundle lies.
#[derive(Debug, Clone, Copy)]
pub struct BundleParts<'b> {
    /// Signed roots, each the successor of the one before.
    pub roots: &'b [&'b [u8]],
    /// Signed revocations.
    pub revocations: Option<&'b [u8]>,
    /// The signed statement.
    pub statement: &'b [u8],
    /// The release.
    pub envelope: &'b [u8],
}

/// Which papers count, read once: checking their signatures is slow on small devices.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct PaperStanding {
    /// The version of the root; 0 if it can't be opened, and then nothing can be admitted either.
    pub root_version: u32,
    pub revocations: Option<HeldRevocations>,
}

impl<S: Storage, P: Primitives, R: AsRef<[u8]>> Device<S, P, R> {
    /// Takes the root that follows the device's own.
    ///
    /// # Errors
    /// If flash fails. A root that is refused is reported, not an error.
    pub fn take_root(&mut self, signed: &[u8], now_ms: u64) -> Result<(), DeviceError> {
        let counters = self.follow(signed)?;
        self.take_paper(Paper::Root, signed, counters, now_ms)
    }

    /// Takes revocations in the place of those that the device holds.
    ///
    /// # Errors
    /// If flash fails. Revocations that are refused are reported, not an error.
    pub fn take_revocations(&mut self, signed: &[u8], now_ms: u64) -> Result<(), DeviceError> {
        let counters = self.withdraw(signed)?;
        self.take_paper(Paper::Revocations, signed, counters, now_ms)
    }

    /// Takes a bundle: its newer roots, its newer revocations, and then its release, if the device
    /// agrees. The payload is asked for as ever, by [`Want::Fetch`](crate::Want::Fetch).
    ///
    /// Somebody carried it there: it is tried at once and answered, also if the same release failed just before.
    ///
    /// # Errors
    /// If flash fails. What is refused is reported, not an error.
    pub fn take_bundle(
        &mut self,
        bundle: &BundleParts<'_>,
        now_ms: u64,
    ) -> Result<(), DeviceError> {
        (self.state.avoided, self.state.refused, self.state.failed) = (None, None, None);
        for signed in bundle.roots {
            if claimed_version(signed).is_none_or(|version| version > self.root_version()) {
                self.take_root(signed, now_ms)?;
            }
        }
        // Older ones than the device's own make the statement stale, which is told as such.
        if let Some(signed) = bundle.revocations
            && let Ok(counters) = self.withdraw(signed)?
        {
            self.take_paper(Paper::Revocations, signed, Ok(counters), now_ms)?;
        }
        let offer = Offer {
            envelope: bundle.envelope,
            freshness: Freshness::Bundle(bundle.statement),
            schedule: None,
        };
        self.take_offer(&offer, None, now_ms)
    }

    /// Looks anew at which papers count.
    pub(crate) fn look_at_papers(&mut self) -> Result<(), FlashError> {
        let papers = Papers::lent_by(&self.storage)?;
        let opened = papers.open(self.config.root.as_ref(), &self.primitives);
        self.standing = opened.map_or_else(
            |_| PaperStanding::default(),
            |opened| PaperStanding {
                root_version: opened.root.get().version,
                revocations: opened.held(),
            },
        );
        Ok(())
    }

    /// The counters with the next root, if it is one.
    fn follow(&self, signed: &[u8]) -> Result<Result<Counters, Refusal>, FlashError> {
        let papers = Papers::lent_by(&self.storage)?;
        let follow = || {
            let opened = papers.open(self.config.root.as_ref(), &self.primitives)?;
            let next = verify::next_root(signed, &opened.root, &self.primitives)?;
            let mut counters = self.state.record.counters;
            counters.root_accepted(&opened.root, &next);
            Ok(counters)
        };
        Ok(follow())
    }

    /// The counters with newer revocations, if they are.
    fn withdraw(&self, signed: &[u8]) -> Result<Result<Counters, Refusal>, FlashError> {
        let papers = Papers::lent_by(&self.storage)?;
        let withdraw = || {
            let opened = papers.open(self.config.root.as_ref(), &self.primitives)?;
            let next = verify::revocations(signed, &opened.root, &self.primitives)?;
            let known = opened.revocations.as_ref();
            next.get().check_follows(known.map(verify::Verified::get))?;
            let mut counters = self.state.record.counters;
            counters.revocations_accepted(&next);
            Ok(counters)
        };
        Ok(withdraw())
    }

    fn take_paper(
        &mut self,
        paper: Paper,
        signed: &[u8],
        counters: Result<Counters, Refusal>,
        now_ms: u64,
    ) -> Result<(), DeviceError> {
        let input = match counters {
            Ok(counters) if signed.len() <= paper.bytes_max() => {
                Input::PaperTaken { paper, counters }
            }
            Ok(_) => Input::PaperRefused(Refusal::TooLarge),
            Err(refusal) => Input::PaperRefused(refusal),
        };
        self.feed_with(signed, input, now_ms)?;
        Ok(self.look_at_papers()?)
    }
}
