//! The settings of single sign-on, and who may still use a password. Read [`OidcSettings`].

use std::fmt::{self, Display};
use std::net::IpAddr;
use std::path::PathBuf;

use mainstay_access::{Email, GroupRoles};
use reqwest::Url;

use super::finding::{Finding, Wrong};
use super::source::Source;
use super::table::{Need, Setting, put};
use super::values::{self, Given, quoted};
use super::{PublicUrl, Settings};

/// The longest text of one of them: an address, or a list of groups.
const TEXT_BYTES_MAX: usize = 4096;
/// The longest name on a button.
const NAME_CHARS_MAX: usize = 60;
/// Most people who may use a password where others mayn't.
const PEOPLE_MAX: usize = 32;

/// What a server was told of the provider by which people sign in.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OidcSettings {
    /// The provider; none if people sign in by password alone.
    pub issuer: Option<Issuer>,
    /// What it calls this server.
    pub client_id: Option<String>,
    /// Where the secret is that it knows this server by.
    pub client_secret_file: Option<PathBuf>,
    /// What it is asked for.
    pub scopes: Scopes,
    /// What people call it.
    pub name: ProviderName,
    /// The roles that its groups give.
    pub groups: GroupRoles,
    /// The claim in which it names somebody's groups.
    pub groups_claim: String,
}

/// The address of a provider, as it calls itself: compared letter by letter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Issuer(String);

/// What a provider is asked for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Scopes(String);

/// What people call a provider.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ProviderName(String);

/// Who may sign in with a password.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Passwords {
    /// Whoever has one.
    #[default]
    Everybody,
    /// These alone, as for a day on which the provider is gone; perhaps nobody.
    Only(Vec<Email>),
}

/// Whether nobody can read on the way what is sent there: it is HTTPS, or never leaves this machine.
pub(crate) fn is_private(url: &Url) -> bool {
    let is_here = match url.host_str() {
        None => return false,
        Some("localhost") => true,
        Some(host) => {
            let bare = host.trim_start_matches('[').trim_end_matches(']');
            let address = bare.parse::<IpAddr>();
            address.is_ok_and(|address| address.is_loopback())
        }
    };
    url.scheme() == "https" || (url.scheme() == "http" && is_here)
}

impl Issuer {
    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    fn parse(given: Given<'_>) -> Result<Self, Wrong> {
        let cure = "write it as the provider writes it in its own description, as https://id.example or https://id.example/realms/house";
        let wrong = |what: &str| Err(Wrong::new(what, cure));
        let Some(url) = short(given.text).and_then(|text| Url::parse(text).ok()) else {
            return wrong("is no address");
        };
        // Said before anything else, and not repeated: what stands before the @ may be a password.
        if !url.username().is_empty() || url.password().is_some() {
            return wrong("names a user");
        }
        if url.query().is_some() || url.fragment().is_some() {
            return wrong("goes on after its path");
        }
        match is_private(&url) {
            true => Ok(Self(given.text.to_owned())),
            false => wrong("isn't HTTPS, which only a provider on this machine needn't be"),
        }
    }
}

impl Scopes {
    /// Parted by blanks.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    fn parse(given: Given<'_>) -> Result<Self, Wrong> {
        let all: Vec<&str> = given.text.split_whitespace().collect();
        // RFC 6749, section 3.3.
        let is_sign = |byte: u8| byte.is_ascii_graphic() && byte != b'"' && byte != b'\\';
        let fits = all.iter().all(|scope| scope.bytes().all(is_sign));
        let is_short = given.text.len() <= TEXT_BYTES_MAX;
        if !fits || !is_short || !all.contains(&"openid") {
            let what = format!(
                "is {}, and no list of scopes with openid",
                quoted(given.text)
            );
            let cure = "write scopes parted by blanks, as openid email groups";
            return Err(Wrong::new(what, cure));
        }
        Ok(Self(all.join(" ")))
    }
}

impl Display for ProviderName {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

impl ProviderName {
    fn parse(given: Given<'_>) -> Result<Self, Wrong> {
        let chars = given.text.chars().count();
        let is_seen = !given.text.chars().any(char::is_control);
        match is_seen && (1..=NAME_CHARS_MAX).contains(&chars) && !given.text.trim().is_empty() {
            true => Ok(Self(given.text.trim().to_owned())),
            false => Err(Wrong::new(
                "is no name",
                "write what people call it, as Northwind ID, in 60 characters or fewer",
            )),
        }
    }
}

impl Passwords {
    /// Whether the owner of this account may sign in with a password.
    pub fn may(&self, who: &Email) -> bool {
        match self {
            Self::Everybody => true,
            Self::Only(people) => people.contains(who),
        }
    }

    fn parse(given: Given<'_>) -> Result<Self, Wrong> {
        let people: Vec<&str> = match given.text.trim() {
            "everybody" => return Ok(Self::Everybody),
            "nobody" => Vec::new(),
            list => list.split(',').map(str::trim).collect(),
        };
        let cure = "write everybody, nobody, or addresses parted by commas";
        if people.len() > PEOPLE_MAX {
            return Err(Wrong::new("names more than 32 people", cure));
        }
        let people = people.into_iter().map(|one| {
            let wrong = |_| Wrong::new(format!("names {}, which is no address", quoted(one)), cure);
            Email::new(one).map_err(wrong)
        });
        Ok(Self::Only(people.collect::<Result<_, _>>()?))
    }
}

fn short(text: &str) -> Option<&str> {
    (text.len() <= TEXT_BYTES_MAX).then_some(text)
}

fn groups(given: Given<'_>) -> Result<GroupRoles, Wrong> {
    let cure = "write group=role, parted by commas, as fw-ops=operations, everyone=viewer";
    let long = || Wrong::new("is too long", cure);
    let text = short(given.text).ok_or_else(long)?;
    GroupRoles::parse(text).map_err(|flaw| Wrong::new(format!("can't be read: {flaw}"), cure))
}

/// A name that goes into a request as it is.
fn plain(given: Given<'_>) -> Result<String, Wrong> {
    let fits = (1..=256).contains(&given.text.len());
    match fits && given.text.bytes().all(|byte| byte.is_ascii_graphic()) {
        true => Ok(given.text.to_owned()),
        false => Err(Wrong::new(
            "is no name",
            "write it as the provider shows it: letters, digits and signs, without blanks",
        )),
    }
}

pub(super) const ISSUER: Setting = Setting::of(
    ["oidc.issuer", "MAINSTAY_OIDC_ISSUER", "oidc-issuer", "URL"],
    Need::Optional,
    "The OpenID Connect provider by which people sign in, as https://id.example: exactly as it calls itself. It takes \
     oidc.client_id, oidc.client_secret_file and public_url as well.",
    |settings, given| put(&mut settings.oidc.issuer, Issuer::parse(given).map(Some)),
);

pub(super) const CLIENT_ID: Setting = Setting::of(
    [
        "oidc.client_id",
        "MAINSTAY_OIDC_CLIENT_ID",
        "oidc-client-id",
        "ID",
    ],
    Need::Optional,
    "What the provider calls this server.",
    |settings, given| put(&mut settings.oidc.client_id, plain(given).map(Some)),
);

pub(super) const CLIENT_SECRET_FILE: Setting = Setting {
    is_secret_file: true,
    ..Setting::of(
        [
            "oidc.client_secret_file",
            "MAINSTAY_OIDC_CLIENT_SECRET_FILE",
            "oidc-client-secret-file",
            "FILE",
        ],
        Need::Optional,
        "A file with nothing but the secret that the provider knows this server by.",
        |settings, given| {
            put(
                &mut settings.oidc.client_secret_file,
                values::path(given).map(Some),
            )
        },
    )
};

pub(super) const SCOPES: Setting = Setting::of(
    [
        "oidc.scopes",
        "MAINSTAY_OIDC_SCOPES",
        "oidc-scopes",
        "SCOPES",
    ],
    Need::Default("openid email"),
    "What the provider is asked for, parted by blanks; openid is among them.",
    |settings, given| put(&mut settings.oidc.scopes, Scopes::parse(given)),
);

pub(super) const NAME: Setting = Setting::of(
    ["oidc.name", "MAINSTAY_OIDC_NAME", "oidc-name", "NAME"],
    Need::Default("single sign-on"),
    "What people call the provider, on the page to sign in.",
    |settings, given| put(&mut settings.oidc.name, ProviderName::parse(given)),
);

pub(super) const GROUPS: Setting = Setting::of(
    [
        "oidc.groups",
        "MAINSTAY_OIDC_GROUPS",
        "oidc-groups",
        "GROUPS",
    ],
    Need::Optional,
    "The roles that the provider's groups give, as fw-ops=operations, everyone=viewer. With it, who has no account gets \
     one, and nobody comes in by the provider who isn't in a group of their role.",
    |settings, given| put(&mut settings.oidc.groups, groups(given)),
);

pub(super) const GROUPS_CLAIM: Setting = Setting::of(
    [
        "oidc.groups_claim",
        "MAINSTAY_OIDC_GROUPS_CLAIM",
        "oidc-groups-claim",
        "CLAIM",
    ],
    Need::Default("groups"),
    "The claim of the ID token in which the provider names somebody's groups.",
    |settings, given| put(&mut settings.oidc.groups_claim, plain(given)),
);

pub(super) const PASSWORDS: Setting = Setting::of(
    ["passwords", "MAINSTAY_PASSWORDS", "passwords", "WHO"],
    Need::Default("everybody"),
    "Who may sign in with a password: everybody, nobody, or addresses parted by commas. Others sign in by oidc.issuer.",
    |settings, given| put(&mut settings.passwords, Passwords::parse(given)),
);

/// What doesn't fit together. `said` tells where a setting was said, if it was and is good.
pub(super) fn together(settings: &Settings, said: impl Fn(&str) -> Option<Source>) -> Vec<Finding> {
    let mut found = Vec::new();
    let mut wrong = |id, name: &str, what: String, cure: String| {
        let source = said(name).unwrap_or(Source::Default);
        found.push(Finding::error(id, (name, source), Wrong::new(what, cure)));
    };
    let needed = [ISSUER.name, CLIENT_ID.name, CLIENT_SECRET_FILE.name];
    let has = needed.iter().find(|name| said(name).is_some());
    let lacks = needed.iter().find(|name| said(name).is_none());
    if let (Some(has), Some(lacks)) = (has, lacks) {
        let what = format!("is set, and {lacks} isn't");
        wrong(
            "settings.half",
            has,
            what,
            format!("set {lacks} too, or neither"),
        );
    }
    let has_issuer = said(ISSUER.name).is_some();
    if has_issuer && !settings.public_url.as_ref().is_some_and(is_private_url) {
        let what = "is set, and public_url isn't an https:// address, to which the provider sends people back";
        let cure = "set public_url to how people reach this server, as https://updates.example";
        wrong(
            "settings.half",
            ISSUER.name,
            what.to_owned(),
            cure.to_owned(),
        );
    }
    for name in [GROUPS.name, PASSWORDS.name] {
        let restricts = name != PASSWORDS.name || settings.passwords != Passwords::Everybody;
        if !has_issuer && restricts && said(name).is_some() {
            let what = "is set, and oidc.issuer isn't".to_owned();
            let cure = "set oidc.issuer too, or take it out".to_owned();
            wrong("settings.half", name, what, cure);
        }
    }
    found
}

fn is_private_url(url: &PublicUrl) -> bool {
    Url::parse(url.as_str()).is_ok_and(|url| is_private(&url))
}

#[cfg(test)]
mod tests;
