//! In which words a device asks: as long as they are the same, and nothing else has changed, so is the answer. Read [`Asked`].

use mainstay_protocol::{BootReason, CheckIn, HeldRevocations, SelfTest};

/// What an answer depends on, of all that a device sends.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Asked<'a> {
    /// By our own protocol.
    Native(Words<'a>),
    /// By hawkBit's.
    Ddi {
        /// The path, as it was sent: the tenant and the controller.
        path: &'a str,
        /// How the server was reached, and what the client calls itself, as headers say so: always the same headers, in one order.
        heads: [Option<&'a [u8]>; HEADS],
    },
}

/// So many headers count.
pub(crate) const HEADS: usize = 4;

/// Whoever asks in more words than this isn't remembered. Clients need some two hundred bytes; HTTP lets anybody who has a token send
/// hundreds of thousands, and each entry would keep them.
pub(super) const ASKED_BYTES_MAX: usize = 1024;

/// What a check-in says that the answer depends on: nothing of its health, which is read where somebody wants it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Words<'a> {
    manifest: [u8; 32],
    sequence: u64,
    version: &'a str,
    confirmed: bool,
    last_resort: bool,
    root_version: u32,
    revocations: Option<HeldRevocations>,
}

impl Words<'_> {
    fn naming<'b>(&self, version: &'b str) -> Words<'b> {
        Words {
            manifest: self.manifest,
            sequence: self.sequence,
            version,
            confirmed: self.confirmed,
            last_resort: self.last_resort,
            root_version: self.root_version,
            revocations: self.revocations,
        }
    }
}

impl<'a> Asked<'a> {
    /// What a check-in says; none if it brings news by itself: reports, an image that is lost, a self-test that fails.
    pub fn by(check_in: &'a CheckIn<'_>) -> Option<Self> {
        let is_well = check_in.health.self_test != SelfTest::Failed;
        let runs = check_in.boot != BootReason::SafeMode;
        let is_plain = is_well && runs && check_in.reports.0.is_empty();
        is_plain.then(|| {
            Self::Native(Words {
                manifest: check_in.running.manifest.0,
                sequence: check_in.running.sequence,
                version: check_in.running.version,
                confirmed: check_in.running.confirmed,
                last_resort: check_in.boot == BootReason::LastResort,
                root_version: check_in.root_version,
                revocations: check_in.revocations,
            })
        })
    }
}

impl Asked<'_> {
    /// How many bytes would be kept of it.
    pub(super) fn bytes(&self) -> usize {
        match self {
            Self::Native(words) => words.version.len(),
            Self::Ddi { path, heads } => {
                let heads = heads.iter().flatten().map(|head| head.len());
                path.len() + heads.sum::<usize>()
            }
        }
    }
}

/// The same, kept.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Kept {
    Native {
        words: Words<'static>,
        version: Box<str>,
    },
    Ddi {
        path: Box<str>,
        heads: Box<[u8]>,
    },
}

impl Kept {
    pub fn of(asked: &Asked<'_>) -> Self {
        match asked {
            Asked::Native(words) => Self::Native {
                version: words.version.into(),
                words: words.naming(""),
            },
            Asked::Ddi { path, heads } => Self::Ddi {
                path: (*path).into(),
                heads: joined(heads),
            },
        }
    }

    pub fn is(&self, asked: &Asked<'_>) -> bool {
        match (self, asked) {
            (Self::Native { words, version }, Asked::Native(said)) => {
                words.naming(version) == *said
            }
            (
                Self::Ddi { path, heads },
                Asked::Ddi {
                    path: to,
                    heads: said,
                },
            ) => **path == **to && is_joined(heads, said),
            _ => false,
        }
    }
}

/// Each after its length; that none was sent is a length of its own.
fn joined(heads: &[Option<&[u8]>]) -> Box<[u8]> {
    let each = heads.iter().flat_map(|head| {
        let bytes = head.unwrap_or_default();
        length(head).into_iter().chain(bytes.iter().copied())
    });
    each.collect()
}

fn is_joined(joined: &[u8], heads: &[Option<&[u8]>]) -> bool {
    let rest = heads.iter().try_fold(joined, |rest, head| {
        let rest = rest.strip_prefix(&length(head))?;
        rest.strip_prefix(head.unwrap_or_default())
    });
    rest.is_some_and(<[u8]>::is_empty)
}

fn length(head: &Option<&[u8]>) -> [u8; 4] {
    let length = head.map(|bytes| u32::try_from(bytes.len()).unwrap_or(u32::MAX - 1));
    length.unwrap_or(u32::MAX).to_be_bytes()
}
