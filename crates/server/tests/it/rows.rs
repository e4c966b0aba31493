//! The rows of the server's places, as tests walk them, and a house that has something to answer at each. Read [`rows`] and [`Stocked`].

use mainstay_access::{Secret, SecretKind};
use mainstay_api::ddi::USUAL_TENANT;
use mainstay_protocol::Join;
use mainstay_rollout::OrderNumber;
use mainstay_server::places::{self, Credential, Whom};
use mainstay_server::{AppConfig, DeliveryKey};

use crate::ddi::gateway::{Gateway, offer, plan, strangers_in};
use crate::delivery::KEY;
use crate::gadget::message;
use crate::house::{Artifact, House};
use crate::identity::Stage;

/// One method at one place.
pub struct Row {
    pub method: &'static str,
    /// The whole path, with the names of its variable parts in braces.
    pub path: String,
    pub whom: Whom,
}

/// Every one of them.
pub fn rows() -> Vec<Row> {
    let of = |(before, place): (&str, &'static places::Place)| {
        let path = format!("{before}{}", place.path);
        let row = move |(method, whom): &(&'static str, Whom)| Row {
            method,
            path: path.clone(),
            whom: *whom,
        };
        place.methods.iter().map(row).collect::<Vec<_>>()
    };
    places::all().flat_map(of).collect()
}

/// A path with these in place of its variable parts, by their names in braces; with `other` in place of those that aren't among them.
pub fn filled(path: &str, names: &[(&str, &str)], other: &str) -> String {
    let part = |part: &str| match part.starts_with('{') {
        false => part.to_owned(),
        true => {
            let known = names.iter().find(|(name, _)| *name == part);
            known.map_or(other, |(_, value)| *value).to_owned()
        }
    };
    path.split('/').map(part).collect::<Vec<_>>().join("/")
}

impl Row {
    /// Whether browsers ask there, who are sent to sign in.
    pub fn is_browsers(&self) -> bool {
        let mut browsers = places::of_browsers().into_iter().flatten();
        browsers.any(|place| place.path == self.path)
    }

    /// A path of that place, with names that are nobody's.
    pub fn of_nobody(&self) -> String {
        filled(&self.path, &[], "nobody")
    }

    pub fn is_devices(&self) -> bool {
        self.whom == Whom::Shows(Credential::Device)
    }

    /// Whether only a certificate is heard there.
    pub fn is_renewal(&self) -> bool {
        self.path.ends_with("/simplereenroll")
    }
}

/// A house that issues certificates, has a key for links, and has offered a release to devices with another update client.
pub struct Stocked {
    pub house: House,
    pub device: Gateway,
    pub order: OrderNumber,
    pub offered: Artifact,
    /// Holds what the issuer rests on.
    _stage: Stage,
}

impl Stocked {
    pub async fn new() -> Self {
        let config = AppConfig {
            delivery_key: DeliveryKey::from_text(KEY),
            ..AppConfig::default()
        };
        let (stage, house) = Stage::beside_one_in_clear(&plan(), config).await;
        let (house, old, devices) = strangers_in(house, ["gate-1", "gate-2"]).await;
        for device in &devices {
            device.says_it_runs(&house, "1.0.0").await;
        }
        let (house, offered, [device, _]) = offer(house, old, devices).await;
        let order = device.order(&house).await.number;
        Self {
            house,
            device,
            order,
            offered,
            _stage: stage,
        }
    }

    /// The path of a row, with the names of this house's device and of what it was offered.
    pub fn path(&self, row: &Row) -> String {
        let (number, digest) = (
            self.order.to_string(),
            self.offered.image_digest.to_string(),
        );
        let names = [
            ("{tenant}", USUAL_TENANT),
            ("{controller}", &*self.device.controller),
            ("{number}", &*number),
            ("{file}", "thermo-v2-1.1.0.bin"),
            ("{digest}", &*digest),
            ("{shelf}", &digest[..2]),
        ];
        filled(&row.path, &names, "nobody")
    }
}

/// What a device sends that joins, with a code that is none.
pub fn joins_with_a_wrong_code() -> Vec<u8> {
    let code = Secret::new(SecretKind::JoinCode, [0x5a; 32]).reveal();
    message(&Join {
        secret: *b"0123456789abcdefghijklmnopqrstuv",
        code: &code,
        device: "th-7",
        hardware: None,
        zone: None,
        bootloader: None,
    })
}
