//! Rows that every back end has alike, in the domain's words.

use std::borrow::Cow;

use mainstay_fleet::{
    self as fleet, ClientProfile, ControllerId, DeviceClient, DeviceId, KeptInstant, ReleaseDigest,
    SetBy, Site,
};
use mainstay_rollout::{ClassVersions, DeviceView, FleetView, Labels, Progress, Rollout};

use crate::values::{bytes32, device_id, from_json, instant, release_digest};
use crate::{AsksFor, Children, Controlled, Controller, StoreError, TimelineEntry, TimelineKind};

/// A device's columns: id, class, hardware, zone, boot loader, registered at, last seen, what it runs, attributes.
pub(crate) type Device = (
    String,
    String,
    String,
    String,
    String,
    i64,
    Option<i64>,
    Option<String>,
    String,
);

/// An entry's columns: at, kind, text, event.
pub(crate) type Entry = (i64, String, String, Option<String>);

/// A view's columns: id, hardware, site, zone, wave, last seen, progress, running, before.
pub(crate) type View = (
    String,
    String,
    Option<String>,
    String,
    i64,
    Option<i64>,
    String,
    Option<Vec<u8>>,
    Option<Vec<u8>>,
);

/// A controller's columns: its id, profile, by whom, whether it is to be asked, what it said, what its version word named, whether it
/// confirms by itself.
pub(crate) type ControllerRow = (
    String,
    Option<String>,
    Option<String>,
    bool,
    Option<String>,
    Option<String>,
    Option<String>,
);

/// What a login needs: a device's columns, the hash of its token, then those of its controller but for the id.
pub(crate) type Login = (
    String,
    String,
    String,
    String,
    String,
    i64,
    Option<i64>,
    Option<String>,
    String,
    Vec<u8>,
    Option<String>,
    Option<String>,
    bool,
    Option<String>,
    Option<String>,
    Option<String>,
);

/// A device's id, and the hash of its token.
pub(crate) type Certified = (String, Vec<u8>);

/// The id of a device that asks for another one, and the hash of that one's token if it stands behind it.
pub(crate) type AsksForRow = (String, Option<Vec<u8>>);

/// A device's id, its client's profile, and who says so.
pub(crate) type Client = (String, Option<String>, Option<String>);

/// The device in a row.
pub(crate) fn device(row: Device) -> Result<fleet::Device, StoreError> {
    let (id, class, hardware, zone, bootloader, registered_at, last_seen, running, attributes) =
        row;
    Ok(fleet::Device {
        id: device_id(id)?,
        class,
        hardware,
        zone,
        bootloader,
        registered_at: instant("device", registered_at)?,
        last_seen: last_seen.map(|at| instant("device", at)).transpose()?,
        running: running
            .map(|running| from_json("device", &running))
            .transpose()?,
        attributes: from_json("device", &attributes)?,
    })
}

/// The entry in a row.
pub(crate) fn entry((at, kind, text, event): Entry) -> Result<TimelineEntry, StoreError> {
    let unknown = || StoreError::damaged("timeline", format_args!("{kind:?} is no kind of entry"));
    let kind = TimelineKind::from_id(&kind).ok_or_else(unknown)?;
    let at = instant("timeline", at)?;
    Ok(TimelineEntry {
        at,
        kind,
        text,
        event,
    })
}

/// The versions of a class: each with how many devices are verified to run it, and those that run none.
pub(crate) fn class_versions(class: &str, rows: Vec<(Option<String>, i64)>) -> ClassVersions {
    let mut counted = ClassVersions {
        class: class.to_owned(),
        ..ClassVersions::default()
    };
    for (version, devices) in rows {
        let devices = u32::try_from(devices).unwrap_or(u32::MAX);
        counted.devices = counted.devices.saturating_add(devices);
        counted
            .verified
            .extend(version.map(|version| (version, devices)));
    }
    counted
}

/// Room for all devices that were drawn for a rollout. It is made at once, and goes back to the system as a whole; a list that grows leaves its
/// smaller predecessors to the allocator.
pub(crate) fn room(rollout: Option<Rollout>) -> Vec<DeviceView> {
    let waves = rollout.map_or_else(Vec::new, |rollout| rollout.waves);
    let members: u64 = waves.iter().map(|wave| u64::from(wave.members)).sum();
    let mut devices = Vec::new();
    // A rollout that was damaged may name more than there are, and than there is room for.
    if let Ok(members) = usize::try_from(members) {
        let _ = devices.try_reserve_exact(members);
    }
    devices
}

/// A few devices of one rollout.
pub(crate) fn fleet(rows: Vec<View>) -> Result<FleetView, StoreError> {
    let mut labels = Labels::default();
    let devices: Result<_, _> = rows.into_iter().map(|row| view(row, &mut labels)).collect();
    Ok(FleetView {
        devices: devices?,
        ..FleetView::default()
    })
}

/// What a view takes of a row, however it came.
pub(crate) struct ViewRow<'a> {
    /// Its device.
    pub id: Cow<'a, str>,
    pub hardware: Cow<'a, str>,
    pub site: Option<String>,
    pub zone: Cow<'a, str>,
    /// From 0.
    pub wave: i64,
    /// In microseconds since 1970.
    pub last_seen: Option<i64>,
    pub progress: Progress,
    pub running: Option<ReleaseDigest>,
    pub before: Option<ReleaseDigest>,
}

/// The device in a row's columns.
pub(crate) fn view(row: View, labels: &mut Labels) -> Result<DeviceView, StoreError> {
    let (id, hardware, site, zone, wave, last_seen, progress, running, before) = row;
    let row = ViewRow {
        id: id.into(),
        hardware: hardware.into(),
        site,
        zone: zone.into(),
        wave,
        last_seen,
        progress: from_json("enrolment", &progress)?,
        running: release_digest("device", running)?,
        before: release_digest("enrolment", before)?,
    };
    made(row, labels)
}

/// The device in a row; what many have in common is kept once.
pub(crate) fn made(row: ViewRow<'_>, labels: &mut Labels) -> Result<DeviceView, StoreError> {
    let mut progress = row.progress;
    if let Progress::Returning { to, .. } = &mut progress {
        *to = labels.release(**to);
    }
    let seen = row.last_seen.map(|at| instant("device", at)).transpose()?;
    Ok(DeviceView {
        id: device_id(row.id.into_owned())?,
        hardware: labels.of(&row.hardware),
        site: row.site.and_then(|site| Site::new(site).ok()),
        zone: labels.of(&row.zone),
        wave: usize::try_from(row.wave).map_err(|error| StoreError::damaged("enrolment", error))?,
        last_seen: seen.map(KeptInstant::from),
        progress,
        running: row.running.map(|release| labels.release(release)),
        before: row.before.map(|release| labels.release(release)),
    })
}

/// The client of these two columns; none if nobody has said yet.
fn client(
    profile: Option<String>,
    set_by: Option<String>,
) -> Result<Option<DeviceClient>, StoreError> {
    let Some((profile, set_by)) = profile.zip(set_by) else {
        return Ok(None);
    };
    let profile = profile.parse::<ClientProfile>();
    let profile = profile.map_err(|error| StoreError::damaged("controller", error))?;
    let known = [SetBy::Detected, SetBy::People];
    let unknown = || StoreError::damaged("controller", format_args!("nobody is {set_by:?}"));
    let set_by = known.into_iter().find(|by| by.id() == set_by);
    let set_by = set_by.ok_or_else(unknown)?;
    Ok(Some(DeviceClient { profile, set_by }))
}

/// A device with how far it is in a rollout.
pub(crate) fn progress_of(
    (id, progress): (String, String),
) -> Result<(DeviceId, Progress), StoreError> {
    Ok((device_id(id)?, from_json("enrolment", &progress)?))
}

/// A device with the client that it has, if one has asked.
pub(crate) fn client_of(
    (id, profile, by): Client,
) -> Result<(DeviceId, Option<DeviceClient>), StoreError> {
    Ok((device_id(id)?, client(profile, by)?))
}

pub(crate) fn controller(row: ControllerRow) -> Result<Controller, StoreError> {
    let (id, profile, by, wants_attributes, reported, words, auto_confirm) = row;
    let id = ControllerId::parse(&id).map_err(|error| StoreError::damaged("controller", error))?;
    let reported = reported.map(|text| from_json("controller", &text));
    let words = words.map(|text| from_json("controller", &text));
    Ok(Controller {
        id,
        client: client(profile, by)?,
        wants_attributes,
        reported: reported.transpose()?,
        version_words: words.transpose()?,
        auto_confirm,
    })
}

/// A device that was found by its certificate.
pub(crate) fn certified((id, hash): Certified) -> Result<crate::Certified, StoreError> {
    Ok(crate::Certified {
        device: DeviceId::new(id).map_err(|e| StoreError::damaged("device", e))?,
        token_hash: bytes32("device", &hash)?,
    })
}

/// A gateway that asks for a device.
pub(crate) fn asks_for((gateway, child): AsksForRow) -> Result<AsksFor, StoreError> {
    let child_token = child.map(|hash| bytes32("device", &hash)).transpose()?;
    Ok(AsksFor {
        gateway: device_id(gateway)?,
        child_token,
    })
}

/// The devices behind a gateway: the names of some, and how many there are.
pub(crate) fn children(first: Vec<String>, all: i64) -> Result<Children, StoreError> {
    let first: Result<_, _> = first.into_iter().map(device_id).collect();
    Ok(Children {
        first: first?,
        all: u32::try_from(all).unwrap_or(u32::MAX),
    })
}

/// The device with this client's name.
pub(crate) fn controlled(id: &ControllerId, row: Login) -> Result<Controlled, StoreError> {
    let (name, class, hardware, zone, bootloader, registered, seen, running, attributes, ..) = row;
    let (.., token_hash, profile, by, wants, reported, words, auto_confirm) = row;
    let id = id.as_str().to_owned();
    Ok(Controlled {
        device: device((
            name, class, hardware, zone, bootloader, registered, seen, running, attributes,
        ))?,
        token_hash: bytes32("device", &token_hash)?,
        controller: controller((id, profile, by, wants, reported, words, auto_confirm))?,
    })
}
