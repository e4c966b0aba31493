//! The settings of the authority that gives the server its certificate by ACME. What they do stands in [`crate::acme`]. Read [`AcmeSettings`].

use std::path::PathBuf;

use mainstay_access::Email;
use reqwest::Url;

use super::finding::{Finding, Wrong};
use super::source::Source;
use super::table::{Need, Setting, put};
use super::values::{self, Given, quoted};
use super::{Settings, StorePlace};
use crate::acme::{AcmeTerms, DnsName};

/// The longest address of a directory.
const ADDRESS_BYTES_MAX: usize = 1024;

/// Most names in one certificate: the authority looks at each of them at each renewal.
const NAMES_MAX: usize = 16;

/// What the operator writes who has read the authority's terms.
const AGREED: &str = "agreed";

/// Who gives this server its certificate, if anybody does by ACME.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AcmeSettings {
    /// The authority's directory, at an address of HTTPS; none if the certificate comes from a file, or there is none.
    pub directory: Option<String>,
    /// The names that the certificate is for.
    pub names: Vec<DnsName>,
    /// Whom the authority may write to.
    pub contact: Option<Email>,
    /// Who vouches for the authority's own server, if the machine's authorities don't.
    pub ca: Option<PathBuf>,
    /// Whether the operator has agreed to the authority's terms.
    pub agreed: bool,
}

impl AcmeSettings {
    /// What it takes to ask, if all of it was said.
    pub(super) fn terms(&self, settings: &Settings) -> Option<AcmeTerms> {
        let is_whole = self.agreed && !self.names.is_empty();
        let directory = self.directory.clone().filter(|_| is_whole)?;
        Some(AcmeTerms {
            directory,
            names: self.names.clone(),
            contact: self.contact.clone(),
            ca: self.ca.clone(),
            folder: settings.data.clone(),
            device_ca: settings.device_ca.clone(),
            ticket_key: settings.tls_ticket_key_file.clone(),
        })
    }
}

const fn optional(
    names: [&'static str; 4],
    what: &'static str,
    take: fn(&mut Settings, Given<'_>) -> Result<(), Wrong>,
) -> Setting {
    Setting::of(names, Need::Optional, what, take)
}

pub(super) const DIRECTORY: Setting = optional(
    [
        "acme.directory",
        "MAINSTAY_ACME_DIRECTORY",
        "acme-directory",
        "URL",
    ],
    "The directory of the authority that gives the server its certificate by ACME, as https://acme-v02.api.letsencrypt.org/directory. It takes \
     acme.names and acme.terms, and stands in place of tls_certificate.",
    |settings, given| put(&mut settings.acme.directory, directory(given).map(Some)),
);

pub(super) const NAMES: Setting = optional(
    ["acme.names", "MAINSTAY_ACME_NAMES", "acme-names", "NAMES"],
    "The DNS names that the certificate is for, parted by commas, as updates.example: port 443 of each must lead to this server.",
    |settings, given| put(&mut settings.acme.names, names(given)),
);

pub(super) const CONTACT: Setting = optional(
    [
        "acme.contact",
        "MAINSTAY_ACME_CONTACT",
        "acme-contact",
        "ADDRESS",
    ],
    "The mail address that the authority may write to.",
    |settings, given| put(&mut settings.acme.contact, contact(given).map(Some)),
);

pub(super) const CA: Setting = optional(
    ["acme.ca", "MAINSTAY_ACME_CA", "acme-ca", "FILE"],
    "The certificates, in PEM, of those who vouch for the authority's own server, if it is a private one. Nobody else is believed then.",
    |settings, given| put(&mut settings.acme.ca, values::path(given).map(Some)),
);

pub(super) const TERMS: Setting = optional(
    ["acme.terms", "MAINSTAY_ACME_TERMS", "acme-terms", "WORD"],
    "agreed if you have read the authority's terms of service and agree to them.",
    |settings, given| put(&mut settings.acme.agreed, agreed(given)),
);

fn directory(given: Given<'_>) -> Result<String, Wrong> {
    let cure =
        "write it as the authority tells it, as https://acme-v02.api.letsencrypt.org/directory";
    let url = Some(given.text).filter(|text| text.len() <= ADDRESS_BYTES_MAX);
    let Some(url) = url.and_then(|text| Url::parse(text).ok()) else {
        return Err(Wrong::new("is no address", cure));
    };
    // Not repeated: what stands before the @ may be a password.
    if !url.username().is_empty() || url.password().is_some() {
        return Err(Wrong::new("names a user", cure));
    }
    match url.scheme() == "https" {
        true => Ok(url.into()),
        false => Err(Wrong::new("isn't HTTPS", cure)),
    }
}

fn names(given: Given<'_>) -> Result<Vec<DnsName>, Wrong> {
    let cure =
        "write DNS names in full and without wildcards, parted by commas, as updates.example";
    let mut names = given
        .text
        .split(',')
        .map(|name| {
            let name = name.trim();
            let wrong = || Wrong::new(format!("names {}, and no host", quoted(name)), cure);
            DnsName::parse(name).ok_or_else(wrong)
        })
        .collect::<Result<Vec<_>, _>>()?;
    names.sort_unstable();
    names.dedup();
    match names.len() <= NAMES_MAX {
        true => Ok(names),
        false => Err(Wrong::new("has more than 16 names", cure)),
    }
}

fn contact(given: Given<'_>) -> Result<Email, Wrong> {
    let wrong = |_| {
        let what = format!("is {}, and no address", quoted(given.text));
        Wrong::new(what, "write one mail address, as ops@northwind.example")
    };
    Email::new(given.text).map_err(wrong)
}

fn agreed(given: Given<'_>) -> Result<bool, Wrong> {
    match given.text == AGREED {
        true => Ok(true),
        false => Err(Wrong::new(
            format!("is {}, and not agreed", quoted(given.text)),
            "read the terms that acme.directory leads to, and write agreed if you do",
        )),
    }
}

/// What doesn't fit together. `said` tells where a setting was said, if it was.
pub(super) fn together(settings: &Settings, said: impl Fn(&str) -> Option<Source>) -> Vec<Finding> {
    let mut found = Vec::new();
    let about = |name: &'static str| (name, said(name).unwrap_or(Source::Default));
    if said(DIRECTORY.name).is_none() {
        let others = [&NAMES, &CONTACT, &CA, &TERMS].map(|setting| setting.name);
        let first = others.into_iter().find(|name| said(name).is_some());
        let half = |name| Finding::error("settings.half", about(name), lacks(DIRECTORY.name));
        return first.map(half).into_iter().collect();
    }
    let needed = [NAMES.name, TERMS.name];
    if let Some(name) = needed.into_iter().find(|name| said(name).is_none()) {
        let finding = Finding::error("settings.half", about(DIRECTORY.name), lacks(name));
        found.push(finding);
    }
    let files = ["tls_certificate", "tls_key"];
    if let Some(file) = files.into_iter().find(|name| said(name).is_some()) {
        let what = format!("is set, and {file} is, too: the certificate comes from one of them");
        let wrong = Wrong::new(what, "take out acme.*, or tls_certificate and tls_key");
        found.push(Finding::error(
            "settings.both",
            about(DIRECTORY.name),
            wrong,
        ));
    }
    if settings.homes.store != StorePlace::Sqlite {
        let wrong = Wrong::new(
            "is set, and several servers may share the database: where the authority reaches another one than that which asked, it gives no certificate",
            "fine for one server; if several stand behind one name, bring all of them one certificate in files (tls_certificate, tls_key)",
        );
        let finding = Finding::warning("settings.shared", about(DIRECTORY.name), wrong);
        found.push(finding);
    }
    found
}

fn lacks(name: &str) -> Wrong {
    let what = format!("is set, and {name} isn't");
    Wrong::new(what, format!("set {name} too, or take all of acme.* out"))
}
