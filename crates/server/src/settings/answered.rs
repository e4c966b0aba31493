//! What came of all that was said. Read [`Answered`].

use std::path::Path;

use serde::Serialize;

use super::finding::{Finding, Severity};
use super::source::Source;
use super::{HomePlaces, Settings};
use crate::acme::AcmeTerms;
use crate::tls::TlsFiles;

/// What came of it.
#[derive(Debug)]
pub struct Answered {
    /// Each setting of the table, and where it was said.
    pub told: Vec<Told>,
    /// Everything that is wrong; errors first, then in the table's order.
    pub findings: Vec<Finding>,
    pub(super) settings: Settings,
}

impl Answered {
    /// What holds, and what a server can bear; or everything that is wrong, if it can't.
    ///
    /// # Errors
    /// All findings, if one of them is an error.
    pub fn settled(self) -> Result<(Settings, Vec<Finding>), Vec<Finding>> {
        let is_error = |finding: &Finding| finding.severity == Severity::Error;
        match self.findings.iter().any(is_error) {
            true => Err(self.findings),
            false => Ok((self.settings, self.findings)),
        }
    }

    /// The value of a setting that can be used, whatever may be wrong with others.
    pub fn data(&self) -> Option<&Path> {
        let data = self.settings.data.as_path();
        (!data.as_os_str().is_empty()).then_some(data)
    }

    /// Where the database and the payloads are, as far as that can be used.
    pub fn homes(&self) -> &HomePlaces {
        &self.settings.homes
    }

    /// The files for TLS, if it is spoken and nothing was found wrong with them.
    pub fn tls(&self) -> Option<TlsFiles> {
        let is_refused = |finding: &Finding| {
            finding.severity == Severity::Error && finding.setting.starts_with("tls")
        };
        let is_refused = self.findings.iter().any(is_refused);
        self.settings.tls().filter(|_| !is_refused)
    }

    /// What it takes to be given a certificate by ACME, if one is to be and nothing was found wrong with it.
    pub fn acme(&self) -> Option<AcmeTerms> {
        let is_about = |finding: &Finding| {
            let areas = ["acme.", "tls_", "device_ca", "data"];
            let is_ours = areas.iter().any(|area| finding.setting.starts_with(area));
            finding.severity == Severity::Error && is_ours
        };
        let is_refused = self.findings.iter().any(is_about);
        self.settings.acme().filter(|_| !is_refused)
    }

    /// The file of the key for links, if one was named and nothing was found wrong with it.
    pub fn delivery_key(&self) -> Option<&Path> {
        let is_about = |finding: &Finding| {
            finding.severity == Severity::Error && finding.setting == "delivery_key_file"
        };
        let is_refused = self.findings.iter().any(is_about);
        let file = self.settings.delivery_key_file.as_deref();
        file.filter(|_| !is_refused)
    }

    /// The file of the certificate with which certificates are issued, if one was named and nothing was found wrong with what goes with it.
    pub fn device_issuer(&self) -> Option<&Path> {
        let is_about = |finding: &Finding| {
            finding.severity == Severity::Error && finding.setting.starts_with("device_")
        };
        let is_refused = self.findings.iter().any(is_about);
        let files = self.settings.device_issuer.files();
        files
            .map(|(certificate, _)| certificate)
            .filter(|_| !is_refused)
    }

    /// Where a setting was said.
    pub fn source(&self, name: &str) -> Source {
        let told = self.told.iter().find(|told| told.name == name);
        told.map_or(Source::Default, |told| told.source.clone())
    }

    /// Adds what was found elsewhere.
    pub fn add(&mut self, finding: Finding) {
        self.findings.push(finding);
        self.findings.sort_by_key(|finding| finding.severity);
    }
}

/// One setting, as it was said.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Told {
    /// Its name.
    pub name: &'static str,
    /// The text that counts. None if it isn't set; none either if it is refused, since a text in the wrong place may be a secret, and
    /// the finding tells of it what may be told.
    pub value: Option<String>,
    /// Where it was said.
    pub source: Source,
}
