//! A row of each table through the domain's types: whether it can be read, whether what has columns of its own says what the values
//! say, and what PostgreSQL's own columns hold. Those of people who sign in are in `judge_doors.rs`.

use std::collections::BTreeMap;

use mainstay_access::Email;
use mainstay_fleet::Running;
use mainstay_release::{Hold, Release};
use mainstay_rollout::order::Order;
use mainstay_rollout::{Candidate, Ending, Progress, Rollout};
use mainstay_telemetry::Incident;
use mainstay_trust::Digest;

use super::cells::{Cell, Row};
use crate::draws::part_from_json;
use crate::postgres::columns;
use crate::values::{bytes32, device_id, from_json, generation, instant, phase, release_digest};
use crate::{StoreError, TimelineKind, leases, payloads, rows};

type Judged = Result<Vec<Cell>, StoreError>;

/// That a column says what the value beside it says.
pub(super) fn agrees(noun: &'static str, column: &str, is_so: bool) -> Result<(), StoreError> {
    match is_so {
        true => Ok(()),
        false => Err(StoreError::damaged(
            noun,
            format_args!("its {column} isn't what its value says"),
        )),
    }
}

pub(super) fn device(row: &Row) -> Judged {
    let attributes: BTreeMap<String, String> = from_json("device", row.text("attributes")?)?;
    let running: Option<Running> = match row.maybe_text("running")? {
        Some(text) => Some(from_json("device", text)?),
        None => None,
    };
    device_id(row.text("id")?.to_owned())?;
    instant("device", row.number("registered_at")?)?;
    row.maybe_number("last_seen")?
        .map(|at| instant("device", at))
        .transpose()?;
    bytes32("device", row.bytes("token_hash")?)?;
    let release = release_digest(
        "device",
        row.maybe_bytes("running_release")?.map(<[u8]>::to_vec),
    )?;
    let says = running.as_ref().map(|running| running.release);
    agrees("device", "running_release", release == says)?;
    let verified = running.as_ref().is_some_and(|running| running.verified);
    agrees("device", "verified", row.truth("verified")? == verified)?;
    let last_resort = running.as_ref().is_some_and(|running| running.last_resort);
    Ok(vec![
        running.map(|running| running.version).into(),
        Cell::Truth(last_resort),
        attributes.get("site").cloned().into(),
    ])
}

pub(super) fn contact(row: &Row) -> Judged {
    instant("contact", row.number("heard")?)?;
    Ok(Vec::new())
}

pub(super) fn controller(row: &Row) -> Judged {
    let own = |name| Ok::<_, StoreError>(row.maybe_text(name)?.map(str::to_owned));
    rows::controller((
        row.text("controller")?.to_owned(),
        own("profile")?,
        own("profile_by")?,
        row.truth("wants_attributes")?,
        own("reported")?,
        own("version_words")?,
        own("auto_confirm")?,
    ))?;
    Ok(Vec::new())
}

pub(super) fn plan(row: &Row) -> Judged {
    bytes32("plan", row.bytes("digest")?)?;
    row.text("text")?;
    signed_by("plan", row)
}

pub(super) fn release(row: &Row) -> Judged {
    let release: Release = from_json("release", row.text("value")?)?;
    agrees("release", "id", row.text("id")? == release.id.as_str())?;
    let is_its = row.bytes("manifest")? == release.facts.manifest.0;
    agrees("release", "manifest", is_its)?;
    let is_its = row.text("stage")? == release.stage.name().id();
    agrees("release", "stage", is_its)?;
    Ok(vec![
        Cell::Bytes(release.facts.image.0.to_vec()),
        Cell::Number(payloads::size_column(release.facts.image_bytes)),
    ])
}

/// A number that counts up.
pub(super) fn count(row: &Row) -> Judged {
    let counted = row.cells.first();
    let is_one = matches!(counted, Some(Cell::Number(0..)));
    agrees(row.table.name, "number", is_one)?;
    Ok(Vec::new())
}

pub(super) fn lease(row: &Row) -> Judged {
    row.text("job")?;
    row.text("holder")?;
    leases::generation(row.number("generation")?)?;
    instant("lease", row.number("until")?)?;
    Ok(Vec::new())
}

pub(super) fn rollout(row: &Row) -> Judged {
    let rollout: Rollout = from_json("rollout", row.text("value")?)?;
    let candidate: Candidate = from_json("rollout", row.text("candidate")?)?;
    agrees("rollout", "id", row.number("id")? == rollout.id.0)?;
    agrees(
        "rollout",
        "class",
        row.text("class")? == rollout.candidate.class,
    )?;
    agrees("rollout", "phase", row.text("phase")? == phase(&rollout))?;
    let is_its = row.number("generation")? == generation(rollout.generation);
    agrees("rollout", "generation", is_its)?;
    agrees("rollout", "candidate", candidate == rollout.candidate)?;
    Ok(vec![Cell::Bytes(rollout.candidate.release.0.to_vec())])
}

pub(super) fn draw(row: &Row) -> Judged {
    part_from_json(row.text("devices")?)?;
    Ok(Vec::new())
}

pub(super) fn enrolment(row: &Row) -> Judged {
    let progress: Progress = from_json("enrolment", row.text("progress")?)?;
    release_digest("enrolment", row.maybe_bytes("before")?.map(<[u8]>::to_vec))?;
    usize::try_from(row.number("wave")?)
        .map_err(|error| StoreError::damaged("enrolment", error))?;
    row.truth("ran_nothing")?;
    let (state, good_again_from) = columns::of_progress(&progress);
    Ok(vec![Cell::Text(state.to_owned()), good_again_from.into()])
}

/// What a device reports needn't be JSON.
pub(super) fn entry(row: &Row) -> Judged {
    let kind = row.text("kind")?;
    let unknown = || StoreError::damaged("timeline", format_args!("{kind:?} is no kind of entry"));
    TimelineKind::from_id(kind).ok_or_else(unknown)?;
    instant("timeline", row.number("at")?)?;
    row.text("text")?;
    let event = row.maybe_text("event")?;
    Ok(vec![event.and_then(columns::confirmed).into()])
}

pub(super) fn incident(row: &Row) -> Judged {
    let incident: Incident = from_json("incident", row.text("value")?)?;
    Ok(vec![Cell::Number(columns::log_entries(&incident))])
}

/// When, and by whom.
fn signed_by(noun: &'static str, row: &Row) -> Judged {
    instant(noun, row.number("at")?)?;
    if let Some(by) = row.maybe_text("by_email")? {
        Email::new(by).map_err(|error| StoreError::damaged(noun, error))?;
    }
    Ok(Vec::new())
}

pub(super) fn root(row: &Row) -> Judged {
    row.bytes("signed")?;
    u32::try_from(row.number("version")?).map_err(|error| StoreError::damaged("root", error))?;
    signed_by("root", row)
}

pub(super) fn revocations(row: &Row) -> Judged {
    let damaged = |error: &dyn ToString| StoreError::damaged("revocations", error.to_string());
    u32::try_from(row.number("epoch")?).map_err(|error| damaged(&error))?;
    <[u8; 8]>::try_from(row.bytes("seq")?).map_err(|error| damaged(&error))?;
    bytes32("revocations", row.bytes("digest")?)?;
    signed_by("revocations", row)
}

pub(super) fn hold(row: &Row) -> Judged {
    let hold: Hold = from_json("hold", row.text("value")?)?;
    agrees(
        "hold",
        "manifest",
        row.bytes("manifest")? == hold.manifest.0,
    )?;
    agrees(
        "hold",
        "in_force",
        row.truth("in_force")? == hold.is_in_force(),
    )?;
    Ok(Vec::new())
}

pub(super) fn schedule(row: &Row) -> Judged {
    bytes32("schedule", row.bytes("manifest")?)?;
    agrees("schedule", "class", row.bytes("class")?.len() == 16)?;
    signed_by("schedule", row)
}

pub(super) fn reading(row: &Row) -> Judged {
    instant("reading", row.number("at")?)?;
    row.number("milli")?;
    Ok(Vec::new())
}

pub(super) fn missed(row: &Row) -> Judged {
    instant("missed polls", row.number("since")?)?;
    row.number("polls")?;
    Ok(Vec::new())
}

pub(super) fn order(row: &Row) -> Judged {
    let order: Order = from_json("order", row.text("value")?)?;
    let is_its = row.number("number")? == i64::from(order.number.get());
    agrees("order", "number", is_its)?;
    agrees(
        "order",
        "rollout",
        row.number("rollout")? == order.rollout.0,
    )?;
    agrees("order", "is_open", row.truth("is_open")? == order.is_open())?;
    Ok(vec![
        Cell::Text(order.state.id().to_owned()),
        order
            .ending()
            .map(|ending| Ending::id(ending).to_owned())
            .into(),
    ])
}

pub(super) fn word(row: &Row) -> Judged {
    instant("log", row.number("at")?)?;
    row.text("word")?;
    from_json::<Vec<String>>("log", row.text("text")?)?;
    Ok(Vec::new())
}

pub(super) fn payload(row: &Row) -> Judged {
    let image = Digest(bytes32("payload", row.bytes("image")?)?);
    let (sha1, md5) = (row.bytes("sha1")?.to_vec(), row.bytes("md5")?.to_vec());
    let ending = row.text("ending")?.to_owned();
    payloads::stored(image, (row.number("bytes")?, sha1, md5, ending))?;
    Ok(Vec::new())
}
