//! Drafts that are read as devices, all that is wrong with them at once. Read [`read`].

use std::collections::BTreeMap;
use std::fmt::Display;

use mainstay_fleet::{ClientProfile, ControllerId, DeviceId, Site, Zone};

use super::ImportedDevice;
use super::draft::{Draft, Field, Finding, Place, dashed};
use crate::device::OUR_TOKEN_DIGITS;
use crate::{GivenToken, NewDevice};

/// A device that can be imported, and where it was written down.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// Where.
    pub place: Place,
    /// The device.
    pub wanted: ImportedDevice,
}

/// The devices of these drafts; `rest` is said of each that doesn't say it itself.
///
/// A device without a name is called as its controller is, with dashes for the signs that no name has ([`dashed`]).
///
/// # Errors
/// All findings, in the order of the drafts. Which classes and revisions there are, and who is registered, only a server knows.
pub fn read(drafts: &[Draft], rest: &BTreeMap<Field, String>) -> Result<Vec<Row>, Vec<Finding>> {
    let (mut rows, mut findings) = (Vec::with_capacity(drafts.len()), Vec::new());
    let mut alone = BTreeMap::new();
    for draft in drafts {
        let mut reading = Reading {
            draft,
            rest,
            findings: &mut findings,
        };
        reading.check_alone(&mut alone);
        let wanted = reading.device();
        let place = draft.place.clone();
        rows.extend(wanted.map(|wanted| Row { place, wanted }));
    }
    match findings.is_empty() {
        true => Ok(rows),
        false => Err(findings),
    }
}

/// What is wrong with a text, wherever it stands.
struct Flaw {
    id: &'static str,
    because: String,
    cure: &'static str,
}

impl Flaw {
    fn new(id: &'static str, because: impl Display, cure: &'static str) -> Self {
        let because = because.to_string();
        Self { id, because, cure }
    }
}

/// Makes a [`Flaw`] of an error that knows its id and cure.
macro_rules! flaw {
    () => {
        |error| Flaw::new(error.id(), &error, error.cure())
    };
}

/// One draft that is being read.
struct Reading<'a> {
    draft: &'a Draft,
    rest: &'a BTreeMap<Field, String>,
    findings: &'a mut Vec<Finding>,
}

impl<'a> Reading<'a> {
    fn text(&self, field: &Field) -> Option<&'a str> {
        let rest = || self.rest.get(field).map(String::as_str);
        self.draft.said(field).or_else(rest)
    }

    fn find(&mut self, field: &Field, flaw: Flaw) {
        self.findings.push(Finding {
            place: self.draft.place.clone(),
            field: field.to_string(),
            id: flaw.id.to_owned(),
            because: flaw.because,
            cure: flaw.cure.to_owned(),
        });
    }

    /// What is said, read by `parse`; none if nothing is, or it is found to be wrong.
    fn may<T>(&mut self, field: &Field, parse: impl Fn(&str) -> Result<T, Flaw>) -> Option<T> {
        let read = parse(self.text(field)?);
        read.map_err(|flaw| self.find(field, flaw)).ok()
    }

    /// The same of what must be said.
    fn must<T>(&mut self, field: &Field, parse: impl Fn(&str) -> Result<T, Flaw>) -> Option<T> {
        if self.text(field).is_none() {
            let because = format_args!("nothing is said of its {field}").to_string();
            let cure = "say it of this device, or of all that don't say it themselves";
            self.find(field, Flaw::new("import.unsaid", because, cure));
        }
        self.may(field, parse)
    }

    /// Finds what an earlier draft says that only one may say.
    fn check_alone(&mut self, seen: &mut BTreeMap<(Field, String), Place>) {
        let draft = self.draft;
        let name = self.name();
        let controller = draft.said(&Field::Controller).map(str::to_owned);
        let token = draft.said(&Field::Token).map(as_one);
        for (field, text) in [
            (Field::Id, name),
            (Field::Controller, controller),
            (Field::Token, token),
        ] {
            let Some(text) = text else { continue };
            match seen.get(&(field.clone(), text.clone())) {
                None => {
                    seen.insert((field, text), draft.place.clone());
                }
                Some(before) => {
                    let because = format_args!("it has the same {field} as {before}").to_string();
                    let cure = "give each device its own; of two lines about one device, leave one";
                    self.find(&field, Flaw::new("import.twice", because, cure));
                }
            }
        }
    }

    /// What it is called, as it was written down or as its controller is called.
    fn name(&self) -> Option<String> {
        let draft = self.draft;
        let controller = || draft.said(&Field::Controller).map(dashed);
        let named = draft.said(&Field::Id).map(str::to_owned);
        named.or_else(controller)
    }

    fn id(&mut self) -> Option<DeviceId> {
        let Some(name) = self.name() else {
            let because = "it has neither a name nor a controller id";
            let cure = "give it an `id`, or the `controller` that its update client asks as";
            self.find(&Field::Id, Flaw::new("import.unsaid", because, cure));
            return None;
        };
        let read = DeviceId::new(name).map_err(flaw!());
        read.map_err(|flaw| self.find(&Field::Id, flaw)).ok()
    }

    /// The device, if nothing is wrong with it.
    fn device(&mut self) -> Option<ImportedDevice> {
        let before = self.findings.len();
        let any = |text: &str| Ok(text.to_owned());
        let id = self.id();
        let class = self.must(&Field::Class, any);
        let hardware = self.must(&Field::Hardware, any);
        let zone = self.must(&Field::Zone, |text| {
            let zone = Zone::parse(text).map_err(flaw!())?;
            Ok(zone.name().to_owned())
        });
        let bootloader = self.must(&Field::Bootloader, version);
        let controller = self.may(&Field::Controller, |text| {
            ControllerId::parse(text).map_err(flaw!())
        });
        let site = self.may(&Field::Site, |text| Site::new(text).map_err(flaw!()));
        let gateway = self.may(&Field::Gateway, |text| DeviceId::new(text).map_err(flaw!()));
        let attributes = self.attributes();
        let (client, token) = (self.client(), self.token());
        if self.findings.len() > before {
            return None;
        }
        let device = NewDevice {
            id: id?,
            class: class?,
            hardware: hardware?,
            zone: zone?,
            bootloader: bootloader?,
            controller,
            token,
            site,
            gateway,
            attributes,
        };
        Some(ImportedDevice { device, client })
    }

    fn attributes(&mut self) -> BTreeMap<String, String> {
        let draft = self.draft;
        let mut attributes = BTreeMap::new();
        for (field, text) in draft.all_said() {
            let Field::Attribute(name) = field else {
                continue;
            };
            match name.value(text).map_err(flaw!()) {
                Ok(value) => {
                    attributes.insert(name.to_string(), value);
                }
                Err(flaw) => self.find(field, flaw),
            }
        }
        attributes
    }

    /// Which client it runs. Whether that can be is a question of its controller: one client asks without.
    fn client(&mut self) -> Option<ClientProfile> {
        let asks_elsewhere = self.text(&Field::Controller).is_some();
        self.may(&Field::Client, |text| {
            let profile = text.parse::<ClientProfile>().map_err(flaw!())?;
            match profile.speaks_hawkbit() == asks_elsewhere {
                true => Ok(profile),
                false => Err(Flaw::new(
                    "devices.client",
                    "this client doesn't fit: those for hawkBit's interface ask as a controller, and Mainstay's own has none",
                    "give its controller id, or leave out its client",
                )),
            }
        })
    }

    fn token(&mut self) -> Option<GivenToken> {
        let asks_elsewhere = self.text(&Field::Controller).is_some();
        self.may(&Field::Token, |text| {
            let token = GivenToken(text.to_owned());
            match token.flaw(asks_elsewhere) {
                None => Ok(token),
                Some(flaw) => Err(Flaw::new("devices.token", flaw, flaw.cure())),
            }
        })
    }
}

/// A token as it is compared: one of ours is read in either case.
fn as_one(token: &str) -> String {
    let is_ours = token.len() == OUR_TOKEN_DIGITS && token.bytes().all(|it| it.is_ascii_hexdigit());
    match is_ours {
        true => token.to_ascii_lowercase(),
        false => token.to_owned(),
    }
}

fn version(text: &str) -> Result<String, Flaw> {
    let unread = |_| {
        let because = "its boot loader's version can't be read";
        let cure = "write it as three numbers, such as 1.4.0";
        Flaw::new("devices.bootloader", because, cure)
    };
    let version: semver::Version = text.parse().map_err(unread)?;
    Ok(version.to_string())
}

#[cfg(test)]
mod tests;
