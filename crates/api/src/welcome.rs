//! Welcomes, by which devices come in that nobody registered and that show a certificate.

use jiff::Timestamp;
use mainstay_access::welcome::{
    PREFIX_BYTES_MAX, WELCOME_DAYS, WELCOME_DAYS_MAX, WELCOME_USES_MAX,
};
use mainstay_access::{Email, Welcome};
use mainstay_fleet::{Moment, Site};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A welcome that is to be made. A certificate says none of this.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NewWelcome {
    /// The class of the devices, one of the plan's.
    pub class: String,
    /// Their hardware revision, one of the class's.
    pub hardware: String,
    /// Their IANA time zone.
    pub zone: String,
    /// Their boot loader's version, such as `1.4.0`.
    pub bootloader: String,
    /// Where they stand, if they share a site.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub site: Option<Site>,
    /// What the names in their certificates begin with; without, anything.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("minLength" = 1, "maxLength" = PREFIX_BYTES_MAX))]
    pub prefix: Option<String>,
    /// Which of the server's device authorities vouches for them: SHA-256 of its certificate (DER), in hexadecimal; without, any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("pattern" = "^[0-9a-f]{64}$"))]
    pub authority: Option<String>,
    /// How many devices it lets in.
    #[serde(default = "one")]
    #[schemars(range(min = 1, max = WELCOME_USES_MAX))]
    pub uses: u32,
    /// For how many days it works.
    #[serde(default = "days")]
    #[schemars(range(min = 1, max = WELCOME_DAYS_MAX))]
    pub days: u32,
}

fn one() -> u32 {
    1
}

fn days() -> u32 {
    WELCOME_DAYS
}

/// A welcome. It has no secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct WelcomeView {
    /// How it is named, here and in the timelines of devices.
    pub id: String,
    /// The class of its devices.
    pub class: String,
    /// Their hardware revision.
    pub hardware: String,
    /// Their time zone.
    pub zone: String,
    /// Their boot loader's version.
    pub bootloader: String,
    /// Their site, if it says one.
    pub site: Option<String>,
    /// What the names in their certificates begin with, if that matters.
    pub prefix: Option<String>,
    /// Which device authority vouches for them, if that matters.
    pub authority: Option<String>,
    /// How many devices it lets in.
    pub uses: u32,
    /// How many it did.
    pub used: u32,
    /// When it was made.
    #[schemars(with = "Moment")]
    pub made: Timestamp,
    /// By whom.
    pub maker: Email,
    /// From when on it doesn't work.
    #[schemars(with = "Moment")]
    pub expires: Timestamp,
    /// When it was revoked.
    #[schemars(with = "Option<Moment>")]
    pub revoked: Option<Timestamp>,
}

impl WelcomeView {
    /// What is shown of this welcome.
    #[must_use]
    pub fn of(welcome: &Welcome) -> Self {
        let terms = welcome.terms.clone();
        let declares = terms.declares;
        Self {
            id: welcome.id.to_string(),
            class: declares.class,
            hardware: declares.hardware,
            zone: declares.zone,
            bootloader: declares.bootloader,
            site: declares.site,
            prefix: terms.prefix,
            authority: terms.authority.map(String::from),
            uses: welcome.uses,
            used: welcome.used,
            made: welcome.made,
            maker: welcome.maker.clone(),
            expires: welcome.expires,
            revoked: welcome.revoked,
        }
    }
}
