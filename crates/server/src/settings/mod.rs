//! What a server is told at its start: by a file, by the environment, by flags.
//!
//! One table says what there is ([`SETTINGS`]); for each entry, a flag goes before the environment, that before the file, and that
//! before the default. Everything wrong is found at once, each with the setting's name, where it was said, and the cure. Secrets
//! come by files alone, whose paths are settings and whose content isn't. Read [`read`], then [`SETTINGS`].

mod acme;
mod answered;
mod file;
mod finding;
mod identity;
mod issuer;
mod limits;
mod links;
mod log;
mod near;
pub(crate) mod oidc;
#[cfg(test)]
mod packaging;
pub mod page;
mod places;
mod proxies;
mod read;
pub(crate) mod secret;
mod source;
mod table;
#[cfg(test)]
mod tests;
mod values;
mod webhooks;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

pub use acme::AcmeSettings;
pub use answered::{Answered, Told};
pub use file::FILE_BYTES_MAX;
pub use finding::{Finding, Severity, Wrong};
pub use identity::{DeviceCertificates, UnregisteredDevices};
pub use issuer::IssuerSettings;
pub use links::{PublicUrl, Tenant};
pub use log::{LogFormat, LogLevel};
pub use oidc::{Issuer, OidcSettings, Passwords, ProviderName, Scopes};
pub use places::{BlobsPlace, HomePlaces, StorePlace};
pub use proxies::TrustedProxies;
pub use read::{Asked, read};
pub use source::Source;
pub use table::{Need, SETTINGS, Setting};

use crate::acme::AcmeTerms;
use crate::flow::Limits;
use crate::tls::TlsFiles;
use crate::webhooks::WebhookNetworks;

/// What a server was told, checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// The server's folder.
    pub data: PathBuf,
    /// Where the database and the payloads are.
    pub homes: HomePlaces,
    /// Where it listens.
    pub listen: SocketAddr,
    /// The certificate that it shows, and those behind it.
    pub tls_certificate: Option<PathBuf>,
    /// That certificate's key.
    pub tls_key: Option<PathBuf>,
    /// Who gives it one by ACME.
    pub acme: AcmeSettings,
    /// The secret under which all servers seal session tickets, if they share one.
    pub tls_ticket_key_file: Option<PathBuf>,
    /// The authorities that give certificates to devices.
    pub device_ca: Option<PathBuf>,
    /// Whether devices may come without one.
    pub device_certificates: DeviceCertificates,
    /// What becomes of devices that nobody registered.
    pub unregistered_devices: UnregisteredDevices,
    /// Who gives certificates to devices that ask.
    pub device_issuer: IssuerSettings,
    /// How devices and people reach it, if that is known.
    pub public_url: Option<PublicUrl>,
    /// Whose word about a client's address is believed.
    pub trusted_proxies: TrustedProxies,
    /// Where the key that signs links to payloads is, if there is one.
    pub delivery_key_file: Option<PathBuf>,
    /// Where the key is that webhooks' secrets are sealed with.
    pub webhook_key_file: Option<PathBuf>,
    /// Networks that aren't public and that webhooks may reach.
    pub webhook_networks: WebhookNetworks,
    /// Where the passphrase of the online key is, if it is in a file.
    pub passphrase_file: Option<PathBuf>,
    /// How long requests under way may go on once it was told to stop.
    pub shutdown_grace: Duration,
    /// How much it logs.
    pub log_level: LogLevel,
    /// How the log is written.
    pub log_format: LogFormat,
    /// What hawkBit clients call this server's tenant.
    pub hawkbit_tenant: Tenant,
    /// How often one device may ask, and one address show what is no token.
    pub limits: Limits,
    /// The provider by which people sign in.
    pub oidc: OidcSettings,
    /// Who may sign in with a password.
    pub passwords: Passwords,
}

impl Settings {
    /// The files for TLS, if it is spoken by a certificate that somebody brings.
    pub fn tls(&self) -> Option<TlsFiles> {
        let (certificate, key) = (self.tls_certificate.clone()?, self.tls_key.clone()?);
        Some(TlsFiles {
            certificate,
            key,
            device_ca: self.device_ca.clone(),
            ticket_key: self.tls_ticket_key_file.clone(),
        })
    }

    /// What it takes to be given a certificate by ACME, if one is to be.
    pub fn acme(&self) -> Option<AcmeTerms> {
        self.acme.terms(self)
    }

    /// Whether TLS is spoken at all, by whichever certificate.
    pub(super) fn speaks_tls(&self) -> bool {
        self.tls().is_some() || self.acme.directory.is_some()
    }
}
