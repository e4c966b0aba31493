//! `mainstay device certificate`: which certificates a device was given, and which let nobody in any more.

use std::path::Path;

use clap::{Args, Subcommand};
use mainstay_api::{
    IssuedCertificateView, RevokeCertificate, RevokeCertificates, RevokedCertificateView,
};
use mainstay_fleet::DeviceId;
use mainstay_server::tls::fingerprint_of_pem;

use crate::failure::Failure;
use crate::files;
use crate::operator::ServerAccess;
use crate::output::Output;

/// A chain of certificates has some kilobytes.
const PEM_BYTES_MAX: u64 = 64 * 1024;
/// Hexadecimal digits of a fingerprint.
const DIGITS: usize = 64;

/// Revoke, list.
#[derive(Debug, Args)]
pub struct Certificate {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Let a certificate let nobody in any more, for good, or all that the server gave to a device: from the next request on, at every server.
    #[command(
        after_help = "Examples:\n  mainstay device certificate revoke th-0001.pem --why \"it was stolen\" --token-file kim.token\n  \
                      mainstay device certificate revoke 5f2c...e1 --why \"its key was copied\" --token-file kim.token\n  \
                      mainstay device certificate revoke --device th-0001 --why \"it was stolen\" --token-file kim.token"
    )]
    Revoke {
        /// The file with it in PEM, or its SHA-256 fingerprint: 64 hexadecimal digits, with colons or without.
        #[arg(required_unless_present = "device", conflicts_with = "device")]
        which: Option<String>,
        /// In its place, a device: all certificates that the server gave to it.
        #[arg(long, value_name = "DEVICE")]
        device: Option<String>,
        /// Why, in a sentence.
        #[arg(long)]
        why: String,
    },
    /// List the newest of those that let nobody in any more; of a device, those that the server gave to it.
    #[command(
        after_help = "Examples:\n  mainstay device certificate list --token-file kim.token\n  \
                      mainstay device certificate list th-0001 --token-file kim.token"
    )]
    List {
        /// A device.
        device: Option<String>,
    },
}

impl Certificate {
    /// Does it.
    pub fn run(self, access: &ServerAccess, output: &Output) -> Result<(), Failure> {
        match self.what {
            What::Revoke {
                device: Some(device),
                why,
                ..
            } => {
                let device = DeviceId::new(device)?;
                let wish = RevokeCertificates { why };
                let revoked = access.ask(|operator| async move {
                    operator.revoke_certificates_of(&device, &wish).await
                })?;
                output.list(&revoked, "it had none that was good", line);
            }
            What::Revoke { which, why, .. } => {
                let fingerprint = fingerprint(which.as_deref().unwrap_or_default())?;
                let wish = RevokeCertificate { fingerprint, why };
                let revoked = access
                    .ask(|operator| async move { operator.revoke_certificate(&wish).await })?;
                output.say(|| line(&revoked), &revoked);
            }
            What::List {
                device: Some(device),
            } => {
                let device = DeviceId::new(device)?;
                let issued = access
                    .ask(|operator| async move { operator.certificates_of(&device).await })?;
                output.list(&issued, "the server gave it no certificate", issued_line);
            }
            What::List { device: None } => {
                let revoked =
                    access.ask(|operator| async move { operator.revoked_certificates().await })?;
                output.list(&revoked, "no certificate is revoked", line);
            }
        }
        Ok(())
    }
}

/// What was typed, or of the first certificate of the file that it names.
pub(super) fn fingerprint(which: &str) -> Result<String, Failure> {
    let digits = which.replace(':', "").to_ascii_lowercase();
    if digits.len() == DIGITS && digits.bytes().all(|digit| digit.is_ascii_hexdigit()) {
        return Ok(digits);
    }
    let file = Path::new(which);
    let pem = files::read(file, "certificate", PEM_BYTES_MAX)?;
    fingerprint_of_pem(&pem).ok_or_else(|| {
        let what = format!("{which} holds no certificate in PEM that can be read");
        let cure = "name the file with the certificate, or give its SHA-256 fingerprint";
        Failure::usage("certificate.unreadable", what, cure)
    })
}

fn line(revoked: &RevokedCertificateView) -> String {
    let RevokedCertificateView {
        fingerprint,
        at,
        by,
        why,
    } = revoked;
    let at = at.strftime("%Y-%m-%d %H:%M UTC");
    format!("{fingerprint}  revoked {at} by {by}: {why}")
}

fn issued_line(issued: &IssuedCertificateView) -> String {
    let day = |at: jiff::Timestamp| at.strftime("%Y-%m-%d").to_string();
    let by = match &issued.asked_with {
        None => "by its token".to_owned(),
        Some(with) => format!("with {}", &with[..12.min(with.len())]),
    };
    let revoked = issued.revoked.as_ref();
    let revoked = revoked.map(|revoked| format!("; revoked {}: {}", day(revoked.at), revoked.why));
    format!(
        "{}  given {}, good until {}, asked for {by}{}",
        issued.fingerprint,
        day(issued.at),
        day(issued.ends),
        revoked.unwrap_or_default()
    )
}
