//! The start of a bundle file: everything before the image.
//!
//! The file is drawn in `docs/offline-bundle.md`: one CBOR item, of which only the shortest heads are taken, so that
//! a bundle has one form. It is read from its first bytes, as far as they have come. No document is looked
//! into here. Read [`BundleStart::read`].

use core::fmt;

use heapless::Vec;
use mainstay_device::BundleParts;

/// The tag's head, and the head of an array of five.
const MAGIC: [u8; 6] = [0xda, b'M', b'S', b'T', b'B', 0x85];
/// The most roots in one bundle.
const ROOTS_MAX: usize = 16;
const NULL: u8 = 0xf6;

/// The documents of a bundle, and where its image begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BundleStart<'b> {
    roots: Vec<&'b [u8], ROOTS_MAX>,
    revocations: Option<&'b [u8]>,
    statement: &'b [u8],
    envelope: &'b [u8],
    /// Bytes before the image.
    pub bytes: usize,
    /// Bytes of the image.
    pub image_bytes: u32,
}

/// Why bytes can't be the start of a bundle, whatever follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BundleStartError {
    /// They begin otherwise.
    NotABundle,
    /// A part is of another kind, or its length isn't said in the shortest way.
    MalformedHead,
    /// No root, or more than 16.
    RootCount,
}

impl BundleStartError {
    /// The stable id.
    #[must_use]
    pub fn id(self) -> &'static str {
        match self {
            Self::NotABundle => "bundle.not-a-bundle",
            Self::MalformedHead => "bundle.malformed-head",
            Self::RootCount => "bundle.root-count",
        }
    }
}

impl fmt::Display for BundleStartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NotABundle => "this isn't a bundle: make one with `mainstay bundle make`",
            Self::MalformedHead => "the bundle is damaged: fetch it again",
            Self::RootCount => "a bundle has 1 to 16 roots: name those that devices may lack",
        })
    }
}

impl core::error::Error for BundleStartError {}

/// How reading ends early.
enum Stop {
    MoreNeeded,
    Wrong(BundleStartError),
}

type Part<T> = Result<T, Stop>;

impl<'b> BundleStart<'b> {
    /// Reads the first bytes of a bundle. None if more are needed.
    ///
    /// # Errors
    /// If no bundle begins like this.
    pub fn read(bytes: &'b [u8]) -> Result<Option<Self>, BundleStartError> {
        match (Reader { bytes, at: 0 }).start() {
            Ok(start) => Ok(Some(start)),
            Err(Stop::MoreNeeded) => Ok(None),
            Err(Stop::Wrong(error)) => Err(error),
        }
    }

    /// What a device takes.
    #[must_use]
    pub fn parts(&self) -> BundleParts<'_> {
        BundleParts {
            roots: &self.roots,
            revocations: self.revocations,
            statement: self.statement,
            envelope: self.envelope,
        }
    }
}

struct Reader<'b> {
    bytes: &'b [u8],
    at: usize,
}

impl<'b> Reader<'b> {
    fn start(&mut self) -> Part<BundleStart<'b>> {
        self.magic()?;
        let roots = self.roots()?;
        let revocations = self.nullable()?;
        let statement = self.document()?;
        let envelope = self.document()?;
        let head = self.byte()?;
        let image_bytes = self.length(head)?;
        Ok(BundleStart {
            roots,
            revocations,
            statement,
            envelope,
            bytes: self.at,
            image_bytes,
        })
    }

    fn magic(&mut self) -> Part<()> {
        for expected in MAGIC {
            if self.byte()? != expected {
                return Err(Stop::Wrong(BundleStartError::NotABundle));
            }
        }
        Ok(())
    }

    fn roots(&mut self) -> Part<Vec<&'b [u8], ROOTS_MAX>> {
        let head = self.byte()?;
        let count = usize::from(head & 0x1f);
        if head & 0xe0 != 0x80 || count > 0x17 {
            return Err(Stop::Wrong(BundleStartError::MalformedHead));
        }
        if !(1..=ROOTS_MAX).contains(&count) {
            return Err(Stop::Wrong(BundleStartError::RootCount));
        }
        let mut roots = Vec::new();
        for _ in 0..count {
            let root = self.document()?;
            roots
                .push(root)
                .map_err(|_| Stop::Wrong(BundleStartError::RootCount))?;
        }
        Ok(roots)
    }

    fn nullable(&mut self) -> Part<Option<&'b [u8]>> {
        match self.byte()? {
            NULL => Ok(None),
            head => self.document_after(head).map(Some),
        }
    }

    fn document(&mut self) -> Part<&'b [u8]> {
        let head = self.byte()?;
        self.document_after(head)
    }

    fn document_after(&mut self, head: u8) -> Part<&'b [u8]> {
        let length = self.length(head)?;
        self.take(length as usize)
    }

    /// The length of a byte string whose first byte is `head`.
    fn length(&mut self, head: u8) -> Part<u32> {
        let (width, least) = match head {
            0x41..=0x57 => return Ok(u32::from(head - 0x40)),
            0x58 => (1, 0x18),
            0x59 => (2, 0x100),
            0x5a => (4, 0x1_0000),
            _ => return Err(Stop::Wrong(BundleStartError::MalformedHead)),
        };
        let digits = self.take(width)?;
        let length = digits
            .iter()
            .fold(0, |length, digit| length << 8 | u32::from(*digit));
        match length >= least {
            true => Ok(length),
            false => Err(Stop::Wrong(BundleStartError::MalformedHead)),
        }
    }

    fn byte(&mut self) -> Part<u8> {
        Ok(self.take(1)?[0])
    }

    fn take(&mut self, count: usize) -> Part<&'b [u8]> {
        let end = self.at.checked_add(count).ok_or(Stop::MoreNeeded)?;
        let taken = self.bytes.get(self.at..end).ok_or(Stop::MoreNeeded)?;
        self.at = end;
        Ok(taken)
    }
}
