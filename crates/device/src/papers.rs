//! Papers: the newest signed root and revocations that a device has accepted, two copies each.
//!
//! A save goes to the copy that does not hold the newest one, so that a power cut leaves the old paper
//! or the new one. All numbers are little-endian.
//!
//! | offset | bytes | what |
//! |---|---|---|
//! | 0 | 4 | "MSP1" |
//! | 4 | 4 | number of the copy; the higher one of two counts |
//! | 8 | 4 | bytes of the document |
//! | 12 | 4 | CRC-32 (ISO-HDLC) of all before, and of the document |
//! | 16 | 16 | erased: the document begins at a multiple of every write size |
//! | 32 | up to the bound | the signed document |
//! | at the end of the pages | up to 16 writes | seals: a copy without one doesn't count, see `paper_seals.rs` |
//!
//! What is read back is verified again before it counts: a checksum finds accidents, a signature
//! finds more. The root from the factory stands behind it all. Read [`Papers`] first.

use mainstay_protocol::HeldRevocations;
use mainstay_trust::{Authority, Document as _, Primitives, Refusal, Revocations, Root, Verified};
use mainstay_trust::{signed::Signed, verify};

use crate::flash::{Flash, FlashError};
use crate::layout::{Layout, WRITE_BYTES_MAX};
use crate::paper_seals;
use crate::provision::write_image;
use crate::record_wire::CRC;
use crate::storage::Storage;

/// The largest signed root that this device keeps: some 20 P-256 keys and six signatures. With the
/// feature `hybrid`, eight keys of ML-DSA-65 beside them and two signatures by such.
pub const ROOT_BYTES_MAX: usize = if cfg!(feature = "hybrid") {
    28 * 1024
} else {
    6 * 1024
};

/// The largest signed revocations that this device keeps: full ones with six P-256 signatures. With
/// the feature `hybrid`, with three holders who sign by ML-DSA-65 too.
pub const REVOCATIONS_BYTES_MAX: usize = if cfg!(feature = "hybrid") {
    14 * 1024
} else {
    4 * 1024
};

/// Bytes before the document.
pub const HEADER_BYTES: usize = WRITE_BYTES_MAX;
const MAGIC: [u8; 4] = *b"MSP1";
const CRC_AT: usize = 12;
/// Bytes read at once when a copy is only checked.
const PIECE_BYTES: usize = 64;

/// One of the two kinds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Paper {
    /// The newest root.
    Root,
    /// The newest revocations.
    Revocations,
}

impl Paper {
    /// The largest document of this kind, in bytes.
    #[must_use]
    pub const fn bytes_max(self) -> usize {
        match self {
            Self::Root => ROOT_BYTES_MAX,
            Self::Revocations => REVOCATIONS_BYTES_MAX,
        }
    }
}

/// The papers of a device, as its storage lends them. The default is a device fresh from the factory.
#[derive(Debug, Clone)]
pub struct Papers<V> {
    root: Option<V>,
    revocations: Option<V>,
}

impl<V> Default for Papers<V> {
    fn default() -> Self {
        Self {
            root: None,
            revocations: None,
        }
    }
}

/// Papers that were verified.
#[derive(Debug, Clone, Copy)]
pub struct Opened<'p> {
    /// The newest root.
    pub root: Verified<Root<'p>>,
    /// The newest revocations, if there are any of the root's epoch.
    pub revocations: Option<Verified<Revocations<'p>>>,
}

impl<V: AsRef<[u8]>> Papers<V> {
    /// The papers that lie in a storage.
    ///
    /// # Errors
    /// If the storage fails.
    pub fn lent_by<'s, S: Storage<View<'s> = V>>(storage: &'s S) -> Result<Self, FlashError> {
        Ok(Self {
            root: storage.paper(Paper::Root)?,
            revocations: storage.paper(Paper::Revocations)?,
        })
    }

    /// Verifies the papers. A kept root that isn't newer than the one from the `factory`, or that
    /// doesn't verify, doesn't count; nor do revocations of another epoch.
    ///
    /// # Errors
    /// If not even the factory's root verifies.
    pub fn open<'p>(
        &'p self,
        factory: &'p [u8],
        primitives: &impl Primitives,
    ) -> Result<Opened<'p>, Refusal> {
        let given = verify::pinned_root(factory, primitives)?;
        let kept = self.root.as_ref().map(AsRef::as_ref);
        let kept = kept.and_then(|signed| verify::pinned_root(signed, primitives).ok());
        let root = match kept {
            Some(kept) if kept.get().version > given.get().version => kept,
            _ => given,
        };
        let revocations = self.revocations.as_ref().map(AsRef::as_ref);
        let open = |signed| verify::revocations(signed, &root, primitives).ok();
        Ok(Opened {
            root,
            revocations: revocations.and_then(open),
        })
    }
}

impl Opened<'_> {
    /// Whose word counts.
    #[must_use]
    pub fn authority(&self) -> Authority<'_, '_> {
        Authority::new(&self.root, self.revocations.as_ref())
    }

    /// Which revocations it holds, for the check-in.
    #[must_use]
    pub fn held(&self) -> Option<HeldRevocations> {
        let revocations = self.revocations.as_ref()?.get();
        Some(HeldRevocations {
            epoch: revocations.epoch,
            seq: revocations.seq,
        })
    }
}

/// The version that a signed root claims; none if it can't be read.
#[must_use]
pub fn claimed_version(signed: &[u8]) -> Option<u32> {
    let document = Signed::parse(signed).ok()?;
    Root::parse(document.payload).ok().map(|root| root.version)
}

/// What a copy's header says.
struct Header {
    number: u32,
    length: u32,
    bytes: [u8; CRC_AT],
    crc: u32,
}

fn header(
    flash: &impl Flash,
    address: u32,
    length_max: usize,
) -> Result<Option<Header>, FlashError> {
    let mut all = [0; CRC_AT + 4];
    // A part with error correction refuses to read what a cut write left behind.
    match flash.read(address, &mut all) {
        Err(FlashError::Failed) => return Ok(None),
        outcome => outcome?,
    }
    let word = |at: usize| u32::from_le_bytes([all[at], all[at + 1], all[at + 2], all[at + 3]]);
    let mut bytes = [0; CRC_AT];
    bytes.copy_from_slice(&all[..CRC_AT]);
    let length = word(8);
    let sound = all[..4] == MAGIC && length as usize <= length_max;
    Ok(sound.then_some(Header {
        number: word(4),
        length,
        bytes,
        crc: word(CRC_AT),
    }))
}

/// The header of a copy, if the whole copy is sound.
fn sound(flash: &impl Flash, address: u32, paper: Paper) -> Result<Option<Header>, FlashError> {
    let Some(header) = header(flash, address, paper.bytes_max())? else {
        return Ok(None);
    };
    let mut digest = CRC.digest();
    digest.update(&header.bytes);
    let mut piece = [0; PIECE_BYTES];
    let mut at = 0;
    while at < header.length {
        let count = (header.length - at).min(PIECE_BYTES as u32);
        let part = &mut piece[..count as usize];
        match flash.read(address + HEADER_BYTES as u32 + at, part) {
            Err(FlashError::Failed) => return Ok(None),
            outcome => outcome?,
        }
        digest.update(part);
        at += count;
    }
    let is_whole = digest.finalize() == header.crc;
    Ok(is_whole.then_some(header))
}

/// The header of a copy, if it counts.
fn sealed(
    flash: &impl Flash,
    layout: &Layout,
    paper: Paper,
    copy: u32,
) -> Result<Option<Header>, FlashError> {
    match paper_seals::read(flash, layout, paper, copy)?.is_sealed {
        true => sound(flash, layout.paper(paper, copy), paper),
        false => Ok(None),
    }
}

/// The newest sound copy: which one it is, and its header.
fn newest(
    flash: &impl Flash,
    layout: &Layout,
    paper: Paper,
) -> Result<Option<(u32, Header)>, FlashError> {
    let first = sealed(flash, layout, paper, 0)?;
    let second = sealed(flash, layout, paper, 1)?;
    Ok(match (first, second) {
        (Some(first), Some(second)) if second.number > first.number => Some((1, second)),
        (Some(first), _) => Some((0, first)),
        (None, second) => second.map(|second| (1, second)),
    })
}

/// The newest sound copy of a paper; none if there is none.
///
/// # Errors
/// If flash fails.
pub fn load<'f, F: Flash>(
    flash: &'f F,
    layout: &Layout,
    paper: Paper,
) -> Result<Option<F::View<'f>>, FlashError> {
    let Some((copy, header)) = newest(flash, layout, paper)? else {
        return Ok(None);
    };
    let address = layout.paper(paper, copy) + HEADER_BYTES as u32;
    flash.view(address, header.length).map(Some)
}

/// Saves a paper over the copy that isn't the newest.
///
/// # Errors
/// [`FlashError::OutOfRange`] if it is over [`Paper::bytes_max`]; or if flash fails. The paper that was
/// saved before is still there then.
pub fn save(
    flash: &mut impl Flash,
    layout: &Layout,
    paper: Paper,
    document: &[u8],
) -> Result<(), FlashError> {
    if document.len() > paper.bytes_max() {
        return Err(FlashError::OutOfRange);
    }
    let kept = newest(flash, layout, paper)?;
    let (copy, number) = kept.map_or((1, 0), |(copy, header)| (copy, header.number));
    let copy = copy ^ 1;
    let length = u32::try_from(document.len()).map_err(|_| FlashError::OutOfRange)?;
    let mut header = [0xff; HEADER_BYTES];
    header[..4].copy_from_slice(&MAGIC);
    header[4..8].copy_from_slice(&number.saturating_add(1).to_le_bytes());
    header[8..12].copy_from_slice(&length.to_le_bytes());
    let mut digest = CRC.digest();
    digest.update(&header[..CRC_AT]);
    digest.update(document);
    header[CRC_AT..CRC_AT + 4].copy_from_slice(&digest.finalize().to_le_bytes());
    for page in layout.paper_pages(paper, copy) {
        flash.erase_page(page)?;
    }
    let (address, unit) = (layout.paper(paper, copy), layout.write_bytes() as usize);
    flash.write(address, &header)?;
    write_image(flash, address + HEADER_BYTES as u32, document, unit)?;
    paper_seals::set_first(flash, layout, paper, copy)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fake::{Cut, SimulatedNor};

    fn parts() -> (SimulatedNor, Layout) {
        let layout = Layout::new(1024, 4, 1000).expect("good sizes");
        (SimulatedNor::new(layout.total_bytes(), 1024, 4), layout)
    }

    fn kept(flash: &SimulatedNor, layout: &Layout, paper: Paper) -> Option<Vec<u8>> {
        load(flash, layout, paper).expect("flash works")
    }

    fn put(flash: &mut SimulatedNor, layout: &Layout, document: &[u8]) -> Result<(), FlashError> {
        save(flash, layout, Paper::Root, document)
    }

    #[test]
    fn the_newest_counts_and_each_kind_has_its_place() {
        let (mut flash, layout) = parts();
        assert_eq!(kept(&flash, &layout, Paper::Root), None);
        for number in 0..5_u8 {
            let document = std::vec![number; 3000 + usize::from(number)];
            put(&mut flash, &layout, &document).expect("flash works");
            assert_eq!(kept(&flash, &layout, Paper::Root), Some(document));
        }
        save(&mut flash, &layout, Paper::Revocations, b"withdrawn").expect("flash works");
        let revocations = kept(&flash, &layout, Paper::Revocations);
        assert_eq!(revocations.as_deref(), Some(&b"withdrawn"[..]));
        assert_eq!(kept(&flash, &layout, Paper::Root), Some(std::vec![4; 3004]));
    }

    #[test]
    fn the_largest_ones_fit_their_regions_and_no_larger_ones() {
        let (mut flash, layout) = parts();
        for paper in [
            Paper::Root,
            Paper::Revocations,
            Paper::Root,
            Paper::Revocations,
        ] {
            let largest = std::vec![7; paper.bytes_max()];
            save(&mut flash, &layout, paper, &largest).expect("it fits");
            assert_eq!(kept(&flash, &layout, paper), Some(largest));
            let larger = std::vec![8; paper.bytes_max() + 1];
            let refused = save(&mut flash, &layout, paper, &larger);
            assert_eq!(refused, Err(FlashError::OutOfRange));
        }
        assert!(kept(&flash, &layout, Paper::Root).is_some());
    }

    #[test]
    fn a_cut_leaves_the_old_or_the_new_paper() {
        let (old, new) = ([1_u8; 1500], [2_u8; 1600]);
        let save_operations = {
            let (mut flash, layout) = parts();
            put(&mut flash, &layout, &old).expect("flash works");
            let before = flash.operations();
            put(&mut flash, &layout, &new).expect("flash works");
            flash.operations() - before
        };
        assert!(save_operations > 2, "{save_operations}");
        for operation in 0..save_operations {
            let weak = (0..8).map(|part| Cut::Weak { bytes: 113 * part });
            let torn = [300, 990].map(|permille| Cut::Torn { permille });
            for cut in [Cut::Before, Cut::After]
                .into_iter()
                .chain(torn)
                .chain(weak)
            {
                let (mut flash, layout) = parts();
                flash.seed(operation);
                put(&mut flash, &layout, &old).expect("flash works");
                flash.cut_at(operation, cut);
                assert!(put(&mut flash, &layout, &new).is_err());
                flash.restore_power();
                paper_seals::restate(&mut flash, &layout, Paper::Root).expect("flash works");
                let relied_on = kept(&flash, &layout, Paper::Root);
                let found = relied_on.as_deref().expect("a paper");
                assert!(
                    found == old || found == new,
                    "operation {operation}, {cut:?}"
                );
                for _ in 0..20 {
                    assert_eq!(kept(&flash, &layout, Paper::Root), relied_on, "{cut:?}");
                }
            }
        }
    }

    /// The first save is cut off in the document's last bytes, which then read well now and then; and so is the erase that
    /// drops it. A full power-cut sweep found it: a page that is being erased looked like one with seals.
    #[test]
    fn what_was_dropped_half_never_counts_for_a_while() {
        let document = [0x5a; 166];
        let operations = {
            let (mut flash, layout) = parts();
            put(&mut flash, &layout, &document).expect("flash works");
            flash.operations()
        };
        for seed in 0..24 {
            for bytes in (0..1024).step_by(60) {
                let (flash, layout) = parts();
                let mut flash = flash.with_error_correction();
                flash.seed(seed * 1024 + u64::from(bytes));
                // Two seals come behind the document's last bytes.
                flash.cut_at(operations - 3, Cut::Weak { bytes: 3 });
                assert!(put(&mut flash, &layout, &document).is_err());
                flash.restore_power();
                flash.cut_at(0, Cut::Weak { bytes });
                assert!(paper_seals::restate(&mut flash, &layout, Paper::Root).is_err());
                flash.restore_power();
                paper_seals::restate(&mut flash, &layout, Paper::Root).expect("flash works");
                let relied_on = kept(&flash, &layout, Paper::Root);
                for _ in 0..20 {
                    assert_eq!(
                        kept(&flash, &layout, Paper::Root),
                        relied_on,
                        "{seed} {bytes}"
                    );
                }
            }
        }
    }
}
