//! In which words a device asks: as long as they are the same, and nothing else has changed, so is the answer. Read [`Asked`].

use mainstay_fleet::ClientProfile;
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
        /// What links begin with.
        origin: &'a str,
        /// What the request shows of its client.
        client: ClientProfile,
    },
}

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

/// The same, kept.
#[derive(Debug)]
pub(super) enum Kept {
    Native {
        words: Words<'static>,
        version: Box<str>,
    },
    Ddi {
        path: Box<str>,
        origin: Box<str>,
        client: ClientProfile,
    },
}

impl Kept {
    pub fn of(asked: &Asked<'_>) -> Self {
        match asked {
            Asked::Native(words) => Self::Native {
                version: words.version.into(),
                words: words.naming(""),
            },
            Asked::Ddi {
                path,
                origin,
                client,
            } => Self::Ddi {
                path: (*path).into(),
                origin: (*origin).into(),
                client: *client,
            },
        }
    }

    pub fn is(&self, asked: &Asked<'_>) -> bool {
        match self {
            Self::Native { words, version } => *asked == Asked::Native(words.naming(version)),
            Self::Ddi {
                path,
                origin,
                client,
            } => {
                *asked
                    == Asked::Ddi {
                        path,
                        origin,
                        client: *client,
                    }
            }
        }
    }
}
