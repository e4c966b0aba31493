//! What the server itself demands of an artifact, an approval, and of who hands them in.
//!
//! Everything here a device would refuse as well; asking early spares the fleet the download. It
//! changes nothing and reads nothing but its arguments. Read [`open_artifact`] and [`open_approval`].

use axum::http::StatusCode;
use mainstay_access::Email;
use mainstay_artifact::blocks::{self, SeenBlock};
use mainstay_artifact::{ArtifactFile, ClassName};
use mainstay_keys::HostPrimitives;
use mainstay_plan::{Class, InstallStrategy, Plan, TrackName};
use mainstay_release::{Facts, Release};
use mainstay_trust::cose::Approval;
use mainstay_trust::root::Role;
use mainstay_trust::{Digest, Envelope, Manifest, Refusal, Root, Verified, verify};

use crate::problem::Refused;

/// An artifact whose signatures and class are in order; its payload has still to come.
pub(crate) struct Intake<'a> {
    /// What it says of itself, and of its payload.
    pub manifest: Manifest<'a>,
    /// The release's facts, as signed.
    pub facts: Facts,
    /// A device that has confirmed it installs nothing with a lower sequence any more.
    pub floor: u64,
    /// Who holds the build keys that signed it.
    pub builders: Vec<String>,
}

/// The digest of an envelope's manifest, whoever signed it. It names a release, and says nothing of whether to believe it.
/// None if there is no manifest in it.
pub(crate) fn manifest_digest(envelope: &[u8]) -> Option<Digest> {
    let manifest = Envelope::parse(envelope).ok()?.open(&HostPrimitives).ok()?;
    Some(manifest.digest)
}

/// Opens an artifact for release on `track` under `plan`.
///
/// # Errors
/// With the reason that a device would give, or the server's own: a class that isn't in the plan.
pub(crate) fn open_artifact<'a>(
    frame: &'a ArtifactFile,
    track: TrackName,
    root: &Verified<Root<'_>>,
    plan: &Plan,
) -> Result<Intake<'a>, Refused> {
    let manifest = built(&frame.envelope, root)?;
    if frame.payload_len != manifest.image().bytes {
        return Err(Refusal::PayloadSize.into());
    }
    let class = class_of(&manifest, plan)?;
    if manifest.banks.is_some() != (class.install == InstallStrategy::DualBankXip) {
        return Err(Refusal::WrongBanks.into());
    }
    let facts = facts(&manifest, class, track)?;
    let builders = holders(&frame.envelope, Role::Build, root)?;
    Ok(Intake {
        facts,
        floor: manifest.security_floor,
        builders,
        manifest,
    })
}

/// Whether the releases that this one names as ways back stay open to a device that has confirmed it, as far as they are among
/// `known`: its floor binds returns, too.
///
/// # Errors
/// With the first that the floor closes.
pub(crate) fn check_ways_back<'k>(
    taken: &Intake<'_>,
    known: impl IntoIterator<Item = &'k Release>,
) -> Result<(), Refused> {
    let (facts, floor) = (&taken.facts, taken.floor);
    let mut named = known
        .into_iter()
        .filter(|release| facts.returns_to.contains(&release.facts.manifest));
    let Some(closed) = named.find(|release| release.facts.sequence < floor) else {
        return Ok(());
    };
    Err(Refused::new(
        StatusCode::UNPROCESSABLE_ENTITY,
        "releases.floor-above-return",
        format_args!(
            "The release names {} as a way back, and its security floor of {floor} closes it: that one has sequence {}, and a device that has \
             confirmed this one would refuse it.",
            closed.id, closed.facts.sequence
        ),
        "Pack it with a floor that isn't above the releases it returns to, or name only those that are as new.",
    ))
}

/// What the approval in an approved envelope rests on. The release's present envelope is `stored`; the approval must be `person`'s.
///
/// # Errors
/// If the manifest isn't the very same bytes, the signatures don't reach what the root demands, or
/// none of the approvals is by `person`.
pub(crate) fn open_approval(
    envelope: &[u8],
    stored: &[u8],
    person: &Email,
    root: &Verified<Root<'_>>,
) -> Result<Approval, Refused> {
    let (new, old) = (parse(envelope)?, parse(stored)?);
    if new.manifest != old.manifest {
        return Err(Refused::conflict(
            "releases.manifest-changed",
            "The approved envelope is for another manifest than the release's.",
            "Approve the artifact that was handed in; approving never changes its manifest.",
        ));
    }
    verify::release(envelope, root, &HostPrimitives)?;
    let seen = blocks::seen(envelope, root, &HostPrimitives)?;
    let own = seen
        .iter()
        .find(|block| counts(block, Role::Release) && held_by(block, person));
    own.and_then(|block| block.approval)
        .ok_or_else(|| not_the_holder(person))
}

/// An approval rests on the plan in force and on the evidence that opened the gates, or on nothing
/// that counts here.
pub(crate) fn check_grounds(
    approval: &Approval,
    plan: &Plan,
    release: &Release,
) -> Result<(), Refused> {
    let evidence = release.stage.gated().map(|gated| gated.evidence);
    if approval.plan.0 == plan.digest.0 && Some(approval.evidence) == evidence {
        return Ok(());
    }
    Err(Refused::conflict(
        "releases.other-grounds",
        "The approval names another plan revision, or another set of evidence, than this server has.",
        "Approve it again with the active plan's text and this release's evidence.",
    ))
}

/// Whether `person` holds one of the keys by which a release was built.
pub(crate) fn check_builder(builders: &[String], person: &Email) -> Result<(), Refused> {
    if builders.iter().any(|holder| holder == person.as_str()) {
        return Ok(());
    }
    Err(not_the_holder(person))
}

fn not_the_holder(person: &Email) -> Refused {
    Refused::new(
        StatusCode::FORBIDDEN,
        "releases.not-the-holder",
        format_args!("None of the signatures that count here is by a key of {person}."),
        "Let the person who signed hand it in with their own token.",
    )
}

/// The manifest of an envelope that role build has signed to its threshold. That the approval is
/// still missing is in order: it comes later, by somebody else.
fn built<'a>(envelope: &'a [u8], root: &Verified<Root<'_>>) -> Result<Manifest<'a>, Refused> {
    match verify::release(envelope, root, &HostPrimitives) {
        Ok(verified) => Ok(verified.into_inner()),
        Err(Refusal::ApprovalMissing) => Ok(parse(envelope)?.open(&HostPrimitives)?),
        Err(refusal) => Err(refusal.into()),
    }
}

fn parse(envelope: &[u8]) -> Result<Envelope<'_>, Refused> {
    Ok(Envelope::parse(envelope)?)
}

/// The holders of the keys of `role` whose blocks count.
fn holders(envelope: &[u8], role: Role, root: &Verified<Root<'_>>) -> Result<Vec<String>, Refused> {
    let seen = blocks::seen(envelope, root, &HostPrimitives)?;
    let counted = seen.into_iter().filter(|block| counts(block, role));
    Ok(counted.filter_map(|block| block.holder).collect())
}

/// Everybody who holds a key that signed a release which was taken in once, be that key retired or
/// revoked by now. One that the root has dropped since has no holder any more.
pub(crate) fn signers(envelope: &[u8], root: &Verified<Root<'_>>) -> Result<Vec<Email>, Refused> {
    let seen = blocks::seen(envelope, root, &HostPrimitives)?;
    let holders = seen.into_iter().filter_map(|block| block.holder);
    Ok(holders
        .filter_map(|holder| Email::new(&holder).ok())
        .collect())
}

fn counts(block: &SeenBlock, role: Role) -> bool {
    block.verdict.is_ok() && block.roles.contains(&role)
}

fn held_by(block: &SeenBlock, person: &Email) -> bool {
    block.holder.as_deref() == Some(person.as_str())
}

/// The plan's class that the manifest is for, by its UUIDs.
fn class_of<'p>(manifest: &Manifest<'_>, plan: &'p Plan) -> Result<&'p Class, Refused> {
    let is_it = |class: &&Class| {
        ClassName::parse(&class.group_name(plan.environment)).is_ok_and(|name| {
            name.vendor_id() == manifest.vendor_id && name.class_id() == manifest.class_id
        })
    };
    plan.classes.iter().find(is_it).ok_or_else(|| {
        Refused::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            "releases.class-not-in-plan",
            "The artifact is for a vendor, environment, class or hardware group that the active plan doesn't have.",
            "Pack it for a class of the plan, or put a plan with that class into force.",
        )
    })
}

fn facts(manifest: &Manifest<'_>, class: &Class, track: TrackName) -> Result<Facts, Refused> {
    let version = manifest.version.parse().map_err(|_| {
        Refused::bad(
            "releases.version",
            format_args!("{:?} isn't a semantic version.", manifest.version),
            "Pack the artifact with a version such as 1.2.0.",
        )
    })?;
    Ok(Facts {
        class: class.id.clone(),
        version,
        sequence: manifest.sequence,
        manifest: manifest.digest,
        image: manifest.image_digest,
        image_bytes: manifest.image_bytes.into(),
        returns_to: manifest.returns_to.iter().collect::<Vec<Digest>>(),
        track,
    })
}
