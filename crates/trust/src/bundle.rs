//! The bundle statement: the word of operations that one release may be installed offline.
//!
//! It stands in for the status and the schedule where no server can be asked. It is bound to one
//! release and to the revocations that its author knew, and refreshes nothing: neither the time nor
//! any counter of a device moves by it.
//!
//! ```text
//! { 1: manifest digest, 2: revocations' epoch, 3: revocations' seq, 4: issued, 5: expires }
//! ```

use crate::cbor::Canonical;
use crate::decoder::Decoder;
use crate::digest::Digest;
use crate::document::{Document, lasts};
use crate::encoder::Encoder;
use crate::fields::Fields;
use crate::list::Item;
use crate::mark::Mark;
use crate::refusal::Refusal;
use crate::root::Role;

/// The longest life of a statement, in seconds: 400 days. The plan sets a shorter one.
pub const BUNDLE_S_MAX: u64 = 400 * 86_400;

/// That one release may be installed offline.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub struct BundleStatement {
    /// The release, by its manifest digest.
    pub release: Digest,
    /// The revocations that its author knew; zero if nobody holds role revocation. A device that
    /// knows newer ones refuses, and one that has older ones takes those of the bundle first.
    pub revocations: Mark,
    /// When it was made, in Unix seconds.
    pub issued: u64,
    /// From this moment on it is void, in Unix seconds.
    pub expires: u64,
}

impl<'a> Document<'a> for BundleStatement {
    const CONTENT_TYPE: &'static str = "application/vnd.mainstay.bundle+cbor";
    const ROLE: Role = Role::Operations;
    /// A digest and four numbers.
    const BYTES_MAX: usize = 96;

    fn read(d: &mut Decoder<'a>) -> Self {
        let mut fields = Fields::open(d);
        let statement = BundleStatement {
            release: Digest::read(fields.need(1)),
            revocations: Mark {
                epoch: fields.need(2).u32(),
                number: fields.need(3).u64(),
            },
            issued: fields.need(4).u64(),
            expires: fields.need(5).u64(),
        };
        fields.end();
        statement
    }

    fn check(&self) -> Result<(), Refusal> {
        lasts(self.issued, self.expires, BUNDLE_S_MAX)
    }

    fn sequence(&self) -> u64 {
        self.issued
    }
}

impl Canonical for BundleStatement {
    fn write(&self, e: &mut Encoder<'_>) {
        e.map(5).int(1).bytes(&self.release.0);
        e.int(2).uint(self.revocations.epoch.into());
        e.int(3).uint(self.revocations.number);
        e.int(4).uint(self.issued);
        e.int(5).uint(self.expires);
    }
}
