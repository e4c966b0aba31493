//! `mainstay device certificate`: which certificates of devices let nobody in any more.

use std::path::Path;

use clap::{Args, Subcommand};
use mainstay_api::{RevokeCertificate, RevokedCertificateView};
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
    /// Let a certificate let nobody in any more, for good: from the next request on, at every server.
    #[command(
        after_help = "Examples:\n  mainstay device certificate revoke th-0001.pem --why \"it was stolen\" --token-file kim.token\n  \
                      mainstay device certificate revoke 5f2c...e1 --why \"its key was copied\" --token-file kim.token"
    )]
    Revoke {
        /// The file with it in PEM, or its SHA-256 fingerprint: 64 hexadecimal digits, with colons or without.
        which: String,
        /// Why, in a sentence.
        #[arg(long)]
        why: String,
    },
    /// List the newest of those that let nobody in any more.
    #[command(after_help = "Example:\n  mainstay device certificate list --token-file kim.token")]
    List,
}

impl Certificate {
    /// Does it.
    pub fn run(self, access: &ServerAccess, output: &Output) -> Result<(), Failure> {
        match self.what {
            What::Revoke { which, why } => {
                let fingerprint = fingerprint(&which)?;
                let wish = RevokeCertificate { fingerprint, why };
                let revoked = access
                    .ask(|operator| async move { operator.revoke_certificate(&wish).await })?;
                output.say(|| line(&revoked), &revoked);
            }
            What::List => {
                let revoked =
                    access.ask(|operator| async move { operator.revoked_certificates().await })?;
                output.list(&revoked, "no certificate is revoked", line);
            }
        }
        Ok(())
    }
}

/// What was typed, or of the first certificate of the file that it names.
fn fingerprint(which: &str) -> Result<String, Failure> {
    let digits = which.replace(':', "").to_ascii_lowercase();
    if digits.len() == DIGITS && digits.bytes().all(|digit| digit.is_ascii_hexdigit()) {
        return Ok(digits);
    }
    let file = Path::new(which);
    let pem = files::read(file, "certificate", PEM_BYTES_MAX)?;
    fingerprint_of_pem(&pem).ok_or_else(|| {
        let what = format!("{which} holds no certificate in PEM that can be read");
        let cure = "name the file with the device's certificate, or give its SHA-256 fingerprint";
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
