//! A set: one scenario on one part with one strategy, made ready once and then run thousands of times.

use std::ops::Range;

use mainstay_device::config::TrialPolicy;
use mainstay_device::{Config, Layout, Paper, Slot, Strategy};
use mainstay_trust::BootloaderVersion;

use crate::geometry::{Geometry, name_of};
use crate::scenario::{Scenario, Stage};
use crate::vendor::{Size, class};

/// A trial of a minute: half of it healthy is enough.
const CONFIRM_WITHIN_MS: u64 = 60_000;
/// How many boots an image on trial gets.
pub const TRIAL_BOOTS: u8 = 3;

/// One scenario on one part with one strategy.
pub struct Set {
    /// Which scenario.
    pub scenario: Scenario,
    /// Which part.
    pub geometry: Geometry,
    /// How it gets from one image to the other.
    pub strategy: Strategy,
    /// What lies where.
    pub layout: Layout,
    /// What the scenario needs.
    pub stage: Stage,
    /// What the device was built with.
    pub config: Config<Vec<u8>>,
}

impl Set {
    /// Sets a scenario up.
    #[must_use]
    pub fn new(scenario: Scenario, geometry: Geometry, strategy: Strategy) -> Self {
        // Two pages and a bit, which leaves the last write and the last page unfilled.
        let size = Size {
            bytes: 2 * geometry.page_bytes + 197,
            per_slot: geometry.wants_image_per_slot(strategy),
        };
        let stage = (scenario.stage)(size);
        let config = config(&stage, geometry, size.per_slot);
        Self {
            scenario,
            geometry,
            strategy,
            layout: geometry.layout(strategy),
            stage,
            config,
        }
    }

    /// The options that choose this set.
    #[must_use]
    pub fn options(&self) -> String {
        let (scenario, strategy) = (self.scenario.name, name_of(self.strategy));
        let geometry = self.geometry;
        format!("--scenario {scenario} --geometry {geometry} --strategy {strategy}")
    }

    /// What a boot loader may write to: the journal, the papers (it seals or drops what a cut left undecided), and to
    /// swap, both images and what it notes on the way.
    #[must_use]
    pub fn boot_loaders(&self) -> Vec<Range<u32>> {
        let mut ranges = vec![self.journal(), self.papers()];
        if self.strategy == Strategy::Swap {
            let papers_end = self.papers().end;
            ranges.push(papers_end..self.layout.head(Slot::A));
            ranges.push(self.images());
        }
        ranges
    }

    /// What an application may write to that runs from a slot, if from any: the journal, the papers, and what is
    /// not its own. `image` is where its own image lies.
    #[must_use]
    pub fn applications(&self, running: Option<Slot>, image: u32) -> Vec<Range<u32>> {
        let mut ranges = vec![self.journal(), self.papers()];
        let size = self.layout.image_bytes();
        for slot in [Slot::A, Slot::B] {
            if running != Some(slot) && self.layout.has(slot) {
                ranges.push(self.head(slot));
            }
        }
        let images = self.images();
        let mut start = images.start;
        while start < images.end {
            if running.is_none() || start != image {
                ranges.push(start..start + size);
            }
            start += size;
        }
        ranges
    }

    /// Where the papers end.
    #[must_use]
    pub fn papers_end(&self) -> u32 {
        self.papers().end
    }

    fn journal(&self) -> Range<u32> {
        self.layout.journal(0)..self.layout.paper(Paper::Root, 0)
    }

    fn papers(&self) -> Range<u32> {
        let last = self.layout.paper_pages(Paper::Revocations, 1).last();
        let last = last.expect("revocations take pages");
        self.layout.paper(Paper::Root, 0)..last + self.layout.page_bytes()
    }

    fn head(&self, slot: Slot) -> Range<u32> {
        let pages = self.layout.head_pages_of(slot).count() as u32;
        let start = self.layout.head(slot);
        start..start + pages * self.layout.page_bytes()
    }

    fn images(&self) -> Range<u32> {
        let last = [Slot::B, Slot::A]
            .into_iter()
            .find(|slot| self.layout.has(*slot));
        let last = last.expect("there is a slot");
        self.head(last).end..self.layout.total_bytes()
    }
}

fn config(stage: &Stage, geometry: Geometry, image_per_slot: bool) -> Config<Vec<u8>> {
    let class = class("B");
    Config {
        root: stage.vendor.roots[0].clone(),
        device_id: b"th-0042".to_vec(),
        trusts_clock: false,
        image_per_slot,
        vendor_id: class.vendor_id(),
        class_id: class.class_id(),
        bootloader: BootloaderVersion {
            major: 1,
            minor: 4,
            patch: 0,
        },
        trial: TrialPolicy::within(TRIAL_BOOTS, CONFIRM_WITHIN_MS),
        fetch_bytes: geometry.page_bytes / 2,
        checkpoint_bytes: geometry.page_bytes,
        retry_ms: 1000,
    }
}
