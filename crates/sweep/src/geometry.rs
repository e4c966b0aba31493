//! The parts and strategies that a campaign tries.

use std::fmt;

use mainstay_device::{Layout, Strategy};

/// Sizes of a flash part, and whether it corrects errors.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Geometry {
    /// Bytes of a page.
    pub page_bytes: u32,
    /// Bytes that a write is a multiple of.
    pub write_bytes: u32,
    /// Whether it refuses to read what doesn't agree with its code.
    pub corrects_errors: bool,
    /// Whether a device with two banks on it starts images where they lie, and needs one for each.
    pub image_per_slot: bool,
}

const fn part(page_bytes: u32, write_bytes: u32) -> Geometry {
    Geometry {
        page_bytes,
        write_bytes,
        corrects_errors: false,
        image_per_slot: false,
    }
}

/// The parts: a micro:bit's (nRF51), an STM32L4-like one (whose two banks hold an image each), one that writes as much at once as an STM32H7, and the
/// first with error correction.
pub const GEOMETRIES: [Geometry; 4] = [
    part(1024, 4),
    Geometry {
        image_per_slot: true,
        ..part(4096, 8)
    },
    part(2048, 32),
    Geometry {
        corrects_errors: true,
        ..part(1024, 4)
    },
];

/// The strategies, in the order in which they came.
pub const STRATEGIES: [Strategy; 3] = [Strategy::DualBank, Strategy::Swap, Strategy::Overwrite];

/// Pages of the largest image: a swap of more of them only repeats itself.
const IMAGE_PAGES: u32 = 3;

impl Geometry {
    /// Whether releases for such a device have an image for each slot.
    #[must_use]
    pub fn wants_image_per_slot(self, strategy: Strategy) -> bool {
        self.image_per_slot && strategy == Strategy::DualBank
    }

    /// What lies where on this part.
    #[must_use]
    pub fn layout(self, strategy: Strategy) -> Layout {
        let image_bytes = IMAGE_PAGES * self.page_bytes;
        Layout::new(self.page_bytes, self.write_bytes, image_bytes)
            .and_then(|layout| layout.with(strategy))
            .expect("the table holds possible sizes")
    }
}

impl fmt::Display for Geometry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let suffix = if self.corrects_errors { "/ecc" } else { "" };
        write!(f, "{}/{}{suffix}", self.page_bytes, self.write_bytes)
    }
}

/// How a strategy is called on the command line.
#[must_use]
pub fn name_of(strategy: Strategy) -> &'static str {
    match strategy {
        Strategy::DualBank => "dual-bank",
        Strategy::Swap => "swap",
        Strategy::Overwrite => "overwrite",
    }
}
