//! What lies where: 256 KB of flash in pages of 1 KB, and 16 KB of RAM.
//!
//! | from | bytes | what |
//! |---|---|---|
//! | 0x00000 | 83 K | the boot loader, which also is safe mode and serves applications |
//! | 0x14C00 | 7 K | what the factory put in: `factory.rs` |
//! | 0x16800 | 154 K | the device's region: journal, papers, heads, and two places for images of 57 K |
//! | 0x3D000 | 12 K | documents of a bundle that is coming in |
//!
//! The first place begins at 0x20800: that is where images run, and what `app.x` says too. What follows from [`region`]
//! is compared with the table by whoever puts a device together.
//!
//! | from | bytes | what |
//! |---|---|---|
//! | 0x20000000 | | the stack's end; nothing is static |
//! | 0x20003FE0 | 32 | the hand-over from boot loader to application: `handover.rs` |

use mainstay_device::{Grain, Layout, Place, Strategy};

/// Bytes of a page: what is erased at once.
pub const PAGE_BYTES: u32 = 1024;
/// Bytes of a word: what is written at once.
pub const WORD_BYTES: u32 = 4;

/// First byte of what the factory put in.
pub const FACTORY: u32 = 0x1_4C00;
/// Bytes of it.
pub const FACTORY_BYTES: u32 = 7 * PAGE_BYTES;
/// First byte of the device's region.
pub const REGION: u32 = FACTORY + FACTORY_BYTES;
/// First byte of the documents that are coming in.
pub const STAGING: u32 = 0x3_D000;
/// Bytes of them.
pub const STAGING_BYTES: u32 = FLASH_BYTES - STAGING;
/// Bytes of all flash.
pub const FLASH_BYTES: u32 = 256 * PAGE_BYTES;
/// Room for an image.
pub const IMAGE_BYTES: u32 = 57 * PAGE_BYTES;
/// Where images run.
pub const EXECUTION: u32 = 0x2_0800;

/// First byte of the hand-over.
pub const HANDOVER: u32 = 0x2000_3FE0;

/// What stack holds that was never used: nothing that code would leave there by chance.
pub const STACK_PAINT: u32 = 0xA5C3_5AE1;

/// How the device's region is laid out.
///
/// # Panics
/// Never: the sizes are constants that a test has tried.
#[must_use]
pub fn region() -> Layout {
    Layout::new(PAGE_BYTES, WORD_BYTES, IMAGE_BYTES)
        .and_then(|layout| layout.with(Strategy::Swap))
        .unwrap_or_else(|_| unreachable!("constant sizes that were tried"))
}

/// In which pieces the documents' pages are written.
#[must_use]
pub fn staging_grain() -> Grain {
    Grain {
        image_bytes: 0,
        page_bytes: PAGE_BYTES,
        write_bytes: WORD_BYTES,
        single_slot: false,
    }
}

/// Where images run by the layout, and the first byte behind the region: what [`EXECUTION`] and [`STAGING`] must be
/// and must not be below.
#[must_use]
pub fn region_says() -> (u32, u32) {
    let layout = region();
    let execution = REGION + layout.image(Place::First);
    (execution, REGION + layout.total_bytes())
}
