//! What is declared of a device, held to the plan: when it is registered, and when it is declared anew.
//!
//! Read [`new`] and [`anew`].

use std::collections::BTreeMap;
use std::fmt::Display;

use axum::http::StatusCode;
use jiff::Timestamp;
use mainstay_api::device::NEW_DEVICES_MAX;
use mainstay_api::{DeviceChange, NewDevice, NewDevices, NewJoinCode, NewWelcome};
use mainstay_fleet::attribute::ATTRIBUTES_MAX;
use mainstay_fleet::device::SITE;
use mainstay_fleet::{
    AttributeName, ControllerId, Device, DeviceId, GatewayRefusal, Site, Zone, changes,
};
use mainstay_plan::{Class, Plan};

use crate::problem::Refused;
use crate::token::kept_of;

/// A device to register.
pub(super) struct Declared {
    pub device: Device,
    /// What its update client calls it, if it has another one than ours.
    pub controller: Option<ControllerId>,
    /// The hash of the token that it brings along, if it does.
    pub token_hash: Option<[u8; 32]>,
    /// The gateway that it stands behind.
    pub gateway: Option<DeviceId>,
}

/// The devices that are registered at `now`.
///
/// # Errors
/// The first that doesn't fit the plan, with its reason.
pub(super) fn new(
    wanted: NewDevices,
    plan: &Plan,
    now: Timestamp,
) -> Result<Vec<Declared>, Refused> {
    if wanted.devices.len() > NEW_DEVICES_MAX {
        return Err(Refused::bad(
            "devices.too-many",
            format_args!("{} devices in one request.", wanted.devices.len()),
            format_args!("Register at most {NEW_DEVICES_MAX} at once."),
        ));
    }
    let one = |new: NewDevice| {
        let (id, controller, gateway) =
            (new.id.clone(), new.controller.clone(), new.gateway.clone());
        let token_hash = given_token(&new);
        let device = token_hash.and_then(|hash| Ok((hash, registered(new, plan, now)?)));
        let (token_hash, device) = device.map_err(|unfit| unfit.refused(&id, "registered"))?;
        Ok(Declared {
            device,
            controller,
            token_hash,
            gateway,
        })
    };
    wanted.devices.into_iter().map(one).collect()
}

/// What is kept of the token that a device brings along. Only those with another client may: ours draw their own.
fn given_token(new: &NewDevice) -> Result<Option<[u8; 32]>, Unfit> {
    let Some(token) = &new.token else {
        return Ok(None);
    };
    let hash = new.controller.as_ref().and(kept_of(token));
    let unfit = || {
        let because = "it brings a token that it can't have";
        let cure = "Give its controller with it, and a token of 16 to 128 plain signs without spaces; or neither.";
        Unfit::new("devices.token", because, cure)
    };
    hash.map(Some).ok_or_else(unfit)
}

/// The device as it is registered at `now`.
pub(crate) fn registered(new: NewDevice, plan: &Plan, now: Timestamp) -> Result<Device, Unfit> {
    check_hardware(&new.class, &new.hardware, plan)?;
    let zone = zone(&new.zone)?;
    check_bootloader(&new.bootloader)?;
    let named = new.attributes.into_iter();
    let named = named.map(|(name, value)| (name, Some(value))).collect();
    let attributes = attributes(BTreeMap::new(), new.site.map(Some), named)?;
    Ok(Device {
        id: new.id,
        class: new.class,
        hardware: new.hardware,
        zone,
        bootloader: new.bootloader,
        registered_at: now,
        last_seen: None,
        running: None,
        attributes,
    })
}

/// Whether devices could be declared like this that join later; what is left open they say themselves then.
pub(super) fn check_terms(wish: &NewJoinCode, plan: &Plan) -> Result<(), Unfit> {
    match &wish.hardware {
        Some(hardware) => check_hardware(&wish.class, hardware, plan)?,
        None => class_of(&wish.class, plan).map(drop)?,
    }
    wish.zone.as_deref().map(zone).transpose()?;
    wish.bootloader
        .as_deref()
        .map(check_bootloader)
        .transpose()?;
    Ok(())
}

/// Whether devices could be declared like this that are let in later.
pub(super) fn check_welcome(wish: &NewWelcome, plan: &Plan) -> Result<(), Unfit> {
    check_hardware(&wish.class, &wish.hardware, plan)?;
    zone(&wish.zone)?;
    check_bootloader(&wish.bootloader)
}

/// The device as it is declared after `change`. Only what is named is held to the plan: what was
/// declared under an earlier one may stay.
///
/// # Errors
/// If it doesn't fit the plan, or nothing would change.
pub(super) fn anew(before: &Device, change: DeviceChange, plan: &Plan) -> Result<Device, Refused> {
    let changed = changed(before, change, plan);
    let after = changed.map_err(|unfit| unfit.refused(&before.id, "changed"))?;
    if !changes(before, &after).is_empty() {
        return Ok(after);
    }
    let cause = "it is declared so already";
    let unfit = Unfit::new(
        "devices.nothing-to-change",
        cause,
        "Name what is otherwise.",
    );
    Err(unfit.refused(&before.id, "changed"))
}

/// The device as it is declared after `change`, which may change nothing.
pub(super) fn changed(before: &Device, change: DeviceChange, plan: &Plan) -> Result<Device, Unfit> {
    let mut after = before.clone();
    if let Some(hardware) = change.hardware {
        check_hardware(&before.class, &hardware, plan)?;
        after.hardware = hardware;
    }
    if let Some(name) = change.zone {
        after.zone = zone(&name)?;
    }
    if let Some(version) = change.bootloader {
        check_bootloader(&version)?;
        after.bootloader = version;
    }
    after.attributes = attributes(after.attributes, change.site, change.attributes)?;
    Ok(after)
}

fn class_of<'a>(name: &str, plan: &'a Plan) -> Result<&'a Class, Unfit> {
    plan.class_named(name).ok_or_else(|| {
        let because = "its class isn't in the active plan";
        let cure = "Name a class of the plan, or put a plan into force that has it.";
        Unfit::new("devices.class", because, cure)
    })
}

fn check_hardware(class: &str, hardware: &str, plan: &Plan) -> Result<(), Unfit> {
    let class = class_of(class, plan)?;
    if class.hardware.iter().any(|listed| listed == hardware) {
        return Ok(());
    }
    Err(Unfit::new(
        "devices.hardware",
        "its class has no such hardware revision",
        "Name a hardware revision that the plan lists for the class.",
    ))
}

fn zone(name: &str) -> Result<String, Unfit> {
    let zone = Zone::parse(name).map_err(|e| Unfit::new(e.id(), &e, e.cure()))?;
    Ok(zone.name().to_owned())
}

fn check_bootloader(version: &str) -> Result<(), Unfit> {
    if version.parse::<semver::Version>().is_ok() {
        return Ok(());
    }
    Err(Unfit::new(
        "devices.bootloader",
        "its boot loader's version can't be read",
        "Write it as three numbers, such as 1.4.0.",
    ))
}

/// What else is declared of a device, with its site, which is kept as one of these: what is named is put in place of what there was, or
/// taken away.
fn attributes(
    mut all: BTreeMap<String, String>,
    site: Option<Option<Site>>,
    named: BTreeMap<String, Option<String>>,
) -> Result<BTreeMap<String, String>, Unfit> {
    if named.contains_key(SITE) {
        let cure = "Name the site as `site`, beside the attributes.";
        return Err(Unfit::new(
            "fleet.attribute",
            "a site isn't an attribute",
            cure,
        ));
    }
    for (name, value) in named {
        let Some(value) = value else {
            all.remove(&name);
            continue;
        };
        let checked = AttributeName::new(&name).and_then(|name| name.value(&value));
        let value = checked.map_err(|e| Unfit::new(e.id(), &e, e.cure()))?;
        all.insert(name, value);
    }
    match site {
        Some(Some(site)) => {
            all.insert(SITE.to_owned(), site.to_string());
        }
        Some(None) => {
            all.remove(SITE);
        }
        None => {}
    }
    let others = all.keys().filter(|name| *name != SITE).count();
    if others >= ATTRIBUTES_MAX {
        let because = format!("it may have at most {} attributes", ATTRIBUTES_MAX - 1);
        return Err(Unfit::new("fleet.attribute", because, "Declare fewer."));
    }
    Ok(all)
}

impl From<GatewayRefusal> for Unfit {
    fn from(refusal: GatewayRefusal) -> Self {
        Self::new(refusal.id(), &refusal, refusal.cure())
    }
}

/// What can't be declared of a device, whichever it is.
pub(crate) struct Unfit {
    pub id: &'static str,
    /// What is wrong, as the rest of a sentence.
    pub because: String,
    pub cure: &'static str,
}

impl Unfit {
    pub fn new(id: &'static str, because: impl Display, cure: &'static str) -> Self {
        let because = because.to_string();
        Self { id, because, cure }
    }

    /// The refusal of a code for such devices.
    pub fn of_a_code(&self) -> Refused {
        let cause = format_args!("No such code is made: {}.", self.because).to_string();
        Refused::new(StatusCode::UNPROCESSABLE_ENTITY, self.id, cause, self.cure)
    }

    /// The refusal of a welcome for such devices.
    pub fn of_a_welcome(&self) -> Refused {
        let cause = format_args!("No such welcome is made: {}.", self.because).to_string();
        Refused::new(StatusCode::UNPROCESSABLE_ENTITY, self.id, cause, self.cure)
    }

    /// The refusal for this device, which can't be `registered`, `changed` or `imported`.
    pub fn refused(&self, device: &DeviceId, deed: &str) -> Refused {
        let because = &self.because;
        let cause = format_args!("The device {device} can't be {deed}: {because}.").to_string();
        Refused::new(StatusCode::UNPROCESSABLE_ENTITY, self.id, cause, self.cure)
    }
}
