//! Checking a bundle as a device would that has never been online: each demand by itself.
//!
//! The verdicts are those of `trust`, the code that devices run; nothing is decided here but which
//! demand a refusal belongs to. The device that is asked for is one of the release's own class, with
//! room for it, that has confirmed nothing yet. Read [`check_bundle`] first.

use std::io::{self, Read, Seek};

use mainstay_trust::signed::Signed;
use mainstay_trust::{
    Authority, Bank, BootloaderVersion, Counters, DeviceFacts, Digest, Document, Envelope,
    Freshness, List, Manifest, Offer, Primitives, Refusal, Revocations, Role, Root, Verified,
    admit, verify,
};
use serde::Serialize;

use crate::bundle_file::{BundleError, BundleFile};
use crate::payload::{MeasuringPayload, Payload};

/// What is asked of a bundle, in this order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum BundleStep {
    /// The file is one whole bundle, and nothing follows it.
    Container,
    /// From the pinned root each next one is signed to the thresholds of both.
    RootChain,
    /// The revocations are signed, and not older than those that are known.
    Revocations,
    /// Build and release have signed the release.
    Release,
    /// Operations has signed the statement, for this release and these revocations, and it holds.
    Statement,
    /// The last root hasn't expired.
    RootLifetime,
    /// The revocations aren't past their next update.
    RevocationsLifetime,
    /// The release isn't withdrawn, nor below the minimum, nor past its time.
    NotWithdrawn,
    /// The payload has the size that the manifest says.
    PayloadSize,
    /// The payload has the digests that the manifest says.
    PayloadDigest,
}

impl BundleStep {
    /// Every step, in order.
    pub const ALL: [BundleStep; 10] = [
        Self::Container,
        Self::RootChain,
        Self::Revocations,
        Self::Release,
        Self::Statement,
        Self::RootLifetime,
        Self::RevocationsLifetime,
        Self::NotWithdrawn,
        Self::PayloadSize,
        Self::PayloadDigest,
    ];
}

/// How a step ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "outcome", rename_all = "kebab-case")]
pub enum Answer {
    /// As it should be.
    Passed,
    /// Not as it should be.
    Failed {
        /// Stable id of the reason.
        id: &'static str,
        /// What is wrong.
        cause: String,
        /// What to do about it.
        cure: &'static str,
    },
    /// Not asked.
    NotApplicable {
        /// Why not.
        why: &'static str,
    },
}

/// One step and how it ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct BundleCheck {
    /// What was asked.
    pub step: BundleStep,
    /// The answer.
    #[serde(flatten)]
    pub answer: Answer,
}

/// What the device that is asked for has and knows.
#[derive(Debug, Clone, Copy)]
pub struct BundleFacts<'a> {
    /// The signed root that it holds.
    pub pinned_root: &'a [u8],
    /// The signed revocations that it knows.
    pub known_revocations: Option<&'a [u8]>,
    /// Its clock, if its owner vouches for one, in Unix seconds.
    pub clock: Option<u64>,
}

const EARLIER: &str = "an earlier check failed, so there is nothing to ask this of";
const NOBODY_REVOKES: &str = "nobody holds role revocation in the last root";
const NO_CLOCK: &str = "no clock was given, and none of the documents says that this time has come";

/// The step that an answer is about, if it failed.
type Failed = (BundleStep, Answer);

/// Asks every question of a bundle, reading its payload once if it has come so far.
pub fn check_bundle(
    source: &mut (impl Read + Seek),
    facts: &BundleFacts<'_>,
    primitives: &impl Primitives,
) -> Vec<BundleCheck> {
    match ask(source, facts, primitives) {
        Ok(untold) => answers(None, &untold),
        Err(failed) => answers(Some(failed), &[]),
    }
}

/// The first failure, if there is one.
pub fn first_failure(checks: &[BundleCheck]) -> Option<&BundleCheck> {
    let failed = |check: &&BundleCheck| matches!(check.answer, Answer::Failed { .. });
    checks.iter().find(failed)
}

/// Every step before the failed one has passed, but for those that didn't apply; none after it was
/// asked.
fn answers(failed: Option<Failed>, untold: &[(BundleStep, &'static str)]) -> Vec<BundleCheck> {
    let mut left = BundleStep::ALL.into_iter();
    let mut checks = Vec::new();
    let end = failed.as_ref().map(|(step, _)| *step);
    for step in left.by_ref().take_while(|step| Some(*step) != end) {
        let why = untold.iter().find(|(of, _)| *of == step);
        let answer = why.map_or(Answer::Passed, |(_, why)| Answer::NotApplicable { why });
        checks.push(BundleCheck { step, answer });
    }
    checks.extend(failed.map(|(step, answer)| BundleCheck { step, answer }));
    checks.extend(left.map(|step| BundleCheck {
        step,
        answer: Answer::NotApplicable { why: EARLIER },
    }));
    checks
}

fn ask(
    source: &mut (impl Read + Seek),
    facts: &BundleFacts<'_>,
    primitives: &impl Primitives,
) -> Result<Vec<(BundleStep, &'static str)>, Failed> {
    let bundle = BundleFile::read(source).map_err(|error| frame(&error))?;
    let at = |step| move |refusal: Refusal| refused(step, refusal);
    let mut counters = Counters::default();
    let root = last_root(facts.pinned_root, &bundle.roots, &mut counters, primitives)
        .map_err(at(BundleStep::RootChain))?;
    let revocations = newest_revocations(&bundle, facts, &root, primitives)
        .map_err(at(BundleStep::Revocations))?;
    if let Some(revocations) = &revocations {
        counters.revocations_accepted(revocations);
    }
    let authority = Authority::new(&root, revocations.as_ref());
    let release = verify::release(&bundle.envelope, authority, primitives)
        .map_err(at(BundleStep::Release))?;
    check_admission(&bundle, authority, counters, facts.clock, primitives)
        .map_err(|refusal| refused(step_of(refusal), refusal))?;
    check_payload(source, &bundle, release.get(), primitives)?;
    Ok(untold(&root, facts.clock))
}

/// What couldn't be asked though nothing failed.
fn untold(root: &Verified<Root<'_>>, clock: Option<u64>) -> Vec<(BundleStep, &'static str)> {
    let mut untold = Vec::new();
    if clock.is_none() {
        untold.push((BundleStep::RootLifetime, NO_CLOCK));
    }
    if !root.get().role(Role::Revocation).is_held() {
        untold.push((BundleStep::Revocations, NOBODY_REVOKES));
        untold.push((BundleStep::RevocationsLifetime, NOBODY_REVOKES));
    } else if clock.is_none() {
        untold.push((BundleStep::RevocationsLifetime, NO_CLOCK));
    }
    untold
}

/// Climbs from the pinned root to the last of the bundle's. Roots that the device has behind it are
/// passed over, so that one bundle serves devices of different ages.
///
/// # Errors
/// What `trust` says of the pinned root or of the first one that doesn't follow.
pub fn last_root<'a>(
    pinned: &'a [u8],
    chain: &'a [Vec<u8>],
    counters: &mut Counters,
    primitives: &impl Primitives,
) -> Result<Verified<Root<'a>>, Refusal> {
    let mut root = verify::pinned_root(pinned, primitives)?;
    counters.time = root.get().issued;
    for signed in chain {
        if Root::parse(Signed::parse(signed)?.payload)?.version <= root.get().version {
            continue;
        }
        let next = verify::next_root(signed, &root, primitives)?;
        counters.root_accepted(&root, &next);
        root = next;
    }
    Ok(root)
}

/// The bundle's revocations, or those that the device has if the bundle brings none.
fn newest_revocations<'a>(
    bundle: &'a BundleFile,
    facts: &BundleFacts<'a>,
    root: &Verified<Root<'_>>,
    primitives: &impl Primitives,
) -> Result<Option<Verified<Revocations<'a>>>, Refusal> {
    // Those of an epoch that the chain has ended are void.
    let known = facts
        .known_revocations
        .map(|signed| verify::revocations(signed, root, primitives));
    let known = match known {
        Some(Err(Refusal::RevocationsEpoch)) | None => None,
        Some(known) => Some(known?),
    };
    let Some(signed) = &bundle.revocations else {
        return Ok(known);
    };
    let carried = verify::revocations(signed, root, primitives)?;
    match carried
        .get()
        .check_follows(known.as_ref().map(Verified::get))
    {
        Ok(()) => Ok(Some(carried)),
        // The device keeps what it knows; whether the statement bears that is asked next.
        Err(_) => Ok(known),
    }
}

fn check_admission(
    bundle: &BundleFile,
    authority: Authority<'_, '_>,
    counters: Counters,
    clock: Option<u64>,
    primitives: &impl Primitives,
) -> Result<(), Refusal> {
    let manifest = Envelope::parse(&bundle.envelope)?.open(primitives)?;
    let device = DeviceFacts {
        device_id: b"",
        vendor_id: manifest.vendor_id,
        class_id: manifest.class_id,
        bootloader: BootloaderVersion {
            major: u16::MAX,
            minor: u16::MAX,
            patch: u16::MAX,
        },
        authority,
        counters,
        confirmed: Digest::ZERO,
        returns_to: List::default(),
        nonce: None,
        clock,
        slot_bytes: u64::MAX,
        bank: manifest.banks.map(|_| Bank::A),
    };
    let offer = Offer {
        envelope: &bundle.envelope,
        freshness: Freshness::Bundle(&bundle.statement),
        schedule: None,
    };
    admit(&offer, &device, primitives).map(drop)
}

/// Which step a refusal of [`admit`] belongs to. The release's own signatures were asked before.
fn step_of(refusal: Refusal) -> BundleStep {
    match refusal {
        Refusal::RootExpired => BundleStep::RootLifetime,
        Refusal::RevocationsMissing => BundleStep::Revocations,
        Refusal::RevocationsStale => BundleStep::RevocationsLifetime,
        Refusal::Expired
        | Refusal::RevokedRelease
        | Refusal::BelowMinimum
        | Refusal::MinimumMissing
        | Refusal::BelowFloor
        | Refusal::Downgrade => BundleStep::NotWithdrawn,
        _ => BundleStep::Statement,
    }
}

fn check_payload(
    source: &mut (impl Read + Seek),
    bundle: &BundleFile,
    manifest: &Manifest<'_>,
    primitives: &impl Primitives,
) -> Result<(), Failed> {
    let mut payload = bundle
        .payload_reader(source)
        .map_err(|error| frame(&error))?;
    let found = measured(&mut payload, manifest, primitives);
    let found = found.map_err(|error| frame(&error.into()))?;
    found.check(manifest).map_err(|refusal| {
        let step = match refusal {
            Refusal::PayloadSize => BundleStep::PayloadSize,
            _ => BundleStep::PayloadDigest,
        };
        refused(step, refusal)
    })
}

/// The measure of a stream, which is read in pieces of 64 KiB: large enough that the hash, not the
/// calls, takes the time.
fn measured(
    source: &mut impl Read,
    manifest: &Manifest<'_>,
    primitives: &impl Primitives,
) -> io::Result<Payload> {
    let mut measuring = MeasuringPayload::of(manifest, primitives);
    let mut piece = vec![0; 64 * 1024];
    loop {
        match source.read(&mut piece) {
            Ok(0) => return Ok(measuring.finish()),
            Ok(count) => measuring.update(&piece[..count]),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

fn refused(step: BundleStep, refusal: Refusal) -> Failed {
    let answer = Answer::Failed {
        id: refusal.id(),
        cause: refusal.cause().to_owned(),
        cure: refusal.cure(),
    };
    (step, answer)
}

fn frame(error: &BundleError) -> Failed {
    let answer = Answer::Failed {
        id: error.id(),
        cause: error.to_string(),
        cure: error.cure(),
    };
    (BundleStep::Container, answer)
}
