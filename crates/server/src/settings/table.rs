//! The table of settings: one entry each; what is read, told and documented follows from it. Read [`SETTINGS`].
//!
//! Who adds a setting adds a field to `Settings`, an entry here, and remakes the page: `cargo xtask settings`.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use super::acme::{self, AcmeSettings};
use super::finding::Wrong;
use super::identity::{self, DeviceCertificates, UnregisteredDevices};
use super::issuer::{self, IssuerSettings};
use super::limits;
use super::links::{PublicUrl, Tenant};
use super::log::{LogFormat, LogLevel};
use super::oidc::{self, OidcSettings, Passwords};
use super::places::{self, BlobsPlace, HomePlaces, StorePlace};
use super::proxies::TrustedProxies;
use super::values::{self, Given};
use super::{Settings, webhooks};
use crate::flow::Limits;
use crate::webhooks::WebhookNetworks;

/// One setting.
#[derive(Debug)]
pub struct Setting {
    /// Its name in the file; before the dot stands the table.
    pub name: &'static str,
    /// Its variable.
    pub variable: &'static str,
    /// An older variable, which counts where its own isn't set.
    pub older: Option<&'static str>,
    /// Its flag, without the dashes.
    pub flag: &'static str,
    /// What stands for a value in help texts.
    pub form: &'static str,
    /// What holds where nobody says anything.
    pub need: Need,
    /// Whether its value is the path of a file that holds a secret.
    pub is_secret_file: bool,
    /// What it is for, as a sentence.
    pub what: &'static str,
    /// Puts what was said into its field.
    pub(super) take: fn(&mut Settings, Given<'_>) -> Result<(), Wrong>,
}

impl Setting {
    /// One whose value is no secret, and which was never called otherwise.
    pub(super) const fn of(
        [name, variable, flag, form]: [&'static str; 4],
        need: Need,
        what: &'static str,
        take: fn(&mut Settings, Given<'_>) -> Result<(), Wrong>,
    ) -> Self {
        Self {
            name,
            variable,
            older: None,
            flag,
            form,
            need,
            is_secret_file: false,
            what,
            take,
        }
    }
}

/// What holds where nobody says anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Need {
    /// It must be said.
    Required,
    /// It stays unset.
    Optional,
    /// This, read as if somebody had written it.
    Default(&'static str),
}

/// Every setting, in the order in which they are told.
pub const SETTINGS: &[Setting] = &[
    Setting {
        name: "data",
        variable: "MAINSTAY_DATA",
        older: None,
        flag: "data",
        form: "DIR",
        need: Need::Required,
        is_secret_file: false,
        what: "The data folder that `mainstay server init` made.",
        take: |settings, given| put(&mut settings.data, values::path(given)),
    },
    Setting {
        name: "store",
        variable: "MAINSTAY_STORE",
        older: None,
        flag: "store",
        form: "ADDRESS",
        need: Need::Default(places::SQLITE),
        is_secret_file: false,
        what: "Where the database is: sqlite for the file in the data folder, or postgres://user@host/database, \
               which several servers may share.",
        take: |settings, given| put(&mut settings.homes.store, StorePlace::parse(given)),
    },
    Setting {
        name: "store_password_file",
        variable: "MAINSTAY_STORE_PASSWORD_FILE",
        older: None,
        flag: "store-password-file",
        form: "FILE",
        need: Need::Optional,
        is_secret_file: true,
        what: "A file with nothing but the database's password. Without it, what PostgreSQL's own programs \
               use: the variable PGPASSWORD, or the file ~/.pgpass.",
        take: |settings, given| {
            put(
                &mut settings.homes.store_password_file,
                values::path(given).map(Some),
            )
        },
    },
    Setting {
        name: "blobs",
        variable: "MAINSTAY_BLOBS",
        older: None,
        flag: "blobs",
        form: "PLACE",
        need: Need::Default(places::FOLDER),
        is_secret_file: false,
        what: "Where the payloads are: folder for the one in the data folder, or s3://bucket/prefix, which \
               several servers may share.",
        take: |settings, given| put(&mut settings.homes.blobs, BlobsPlace::parse(given)),
    },
    Setting {
        name: "blobs_endpoint",
        variable: "MAINSTAY_BLOBS_ENDPOINT",
        older: None,
        flag: "blobs-endpoint",
        form: "URL",
        need: Need::Optional,
        is_secret_file: false,
        what: "The S3 server that has the bucket, as https://s3.example:9000; without it, Amazon's.",
        take: |settings, given| {
            put(
                &mut settings.homes.blobs_endpoint,
                places::endpoint(given).map(Some),
            )
        },
    },
    Setting {
        name: "blobs_region",
        variable: "MAINSTAY_BLOBS_REGION",
        older: None,
        flag: "blobs-region",
        form: "REGION",
        need: Need::Default("us-east-1"),
        is_secret_file: false,
        what: "The bucket's region; servers that aren't Amazon's take any.",
        take: |settings, given| put(&mut settings.homes.blobs_region, places::region(given)),
    },
    Setting {
        name: "blobs_key_file",
        variable: "MAINSTAY_BLOBS_KEY_FILE",
        older: None,
        flag: "blobs-key-file",
        form: "FILE",
        need: Need::Optional,
        is_secret_file: true,
        what: "A file with the bucket's key: its id on the first line, its secret on the second. Without it, \
               the variables AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY (and AWS_SESSION_TOKEN), or else the role of the \
               EC2 instance: in a container that of its node.",
        take: |settings, given| {
            put(
                &mut settings.homes.blobs_key_file,
                values::path(given).map(Some),
            )
        },
    },
    Setting {
        name: "listen",
        variable: "MAINSTAY_LISTEN",
        older: None,
        flag: "listen",
        form: "ADDRESS:PORT",
        need: Need::Default("127.0.0.1:8480"),
        is_secret_file: false,
        what: "The address and port to listen on; port 0 for any.",
        take: |settings, given| put(&mut settings.listen, values::address(given)),
    },
    Setting {
        name: "tls_certificate",
        variable: "MAINSTAY_TLS_CERTIFICATE",
        older: None,
        flag: "tls-certificate",
        form: "FILE",
        need: Need::Optional,
        is_secret_file: false,
        what: "The certificate that the server shows, in PEM, and behind it those of the authorities between. With it and \
               tls_key the server speaks TLS, and nothing else.",
        take: |settings, given| put(&mut settings.tls_certificate, values::path(given).map(Some)),
    },
    Setting {
        name: "tls_key",
        variable: "MAINSTAY_TLS_KEY",
        older: None,
        flag: "tls-key",
        form: "FILE",
        need: Need::Optional,
        is_secret_file: true,
        what: "The certificate's key, in PEM, without a passphrase.",
        take: |settings, given| put(&mut settings.tls_key, values::path(given).map(Some)),
    },
    acme::DIRECTORY,
    acme::NAMES,
    acme::CONTACT,
    acme::CA,
    acme::TERMS,
    Setting {
        name: "tls_ticket_key_file",
        variable: "MAINSTAY_TLS_TICKET_KEY_FILE",
        older: None,
        flag: "tls-ticket-key-file",
        form: "FILE",
        need: Need::Optional,
        is_secret_file: true,
        what: "A file with the secret under which servers seal TLS session tickets, the same at all of them: one line of 64 hexadecimal digits. \
               Without it each server opens its own alone. It takes tls_certificate or acme.directory.",
        take: |settings, given| {
            put(
                &mut settings.tls_ticket_key_file,
                values::path(given).map(Some),
            )
        },
    },
    identity::DEVICE_CA,
    identity::DEVICE_CERTIFICATES,
    identity::UNREGISTERED_DEVICES,
    issuer::CERTIFICATE,
    issuer::KEY,
    issuer::PASSPHRASE_FILE,
    issuer::DAYS,
    Setting {
        name: "public_url",
        variable: "MAINSTAY_PUBLIC_URL",
        older: None,
        flag: "public-url",
        form: "URL",
        need: Need::Optional,
        is_secret_file: false,
        what: "How devices and people reach the server, as https://updates.example: what links begin with. \
               Without it, links begin as each request says that it came.",
        take: |settings, given| put(&mut settings.public_url, PublicUrl::parse(given).map(Some)),
    },
    Setting {
        name: "trusted_proxies",
        variable: "MAINSTAY_TRUSTED_PROXIES",
        older: None,
        flag: "trusted-proxies",
        form: "NETWORKS",
        need: Need::Optional,
        is_secret_file: false,
        what: "The networks of the proxies before the server, as 127.0.0.1, 10.2.0.0/16: only what they say of a \
               client's address is believed.",
        take: |settings, given| put(&mut settings.trusted_proxies, TrustedProxies::parse(given)),
    },
    Setting {
        name: "delivery_key_file",
        variable: "MAINSTAY_DELIVERY_KEY_FILE",
        older: None,
        flag: "delivery-key-file",
        form: "FILE",
        need: Need::Optional,
        is_secret_file: true,
        what: "A file with nothing but the key that signs links to payloads, one line of at least 32 signs, the same at all servers \
               and at whatever checks links before them. Without it, devices get their payloads from the server or the bucket.",
        take: |settings, given| {
            put(
                &mut settings.delivery_key_file,
                values::path(given).map(Some),
            )
        },
    },
    webhooks::KEY_FILE,
    webhooks::NETWORKS,
    Setting {
        name: "passphrase_file",
        variable: "MAINSTAY_PASSPHRASE_FILE",
        older: None,
        flag: "passphrase-file",
        form: "FILE",
        need: Need::Optional,
        is_secret_file: true,
        what: "A file with nothing but the passphrase of the server's key, or the PIN of its token. Without \
               it, the variable MAINSTAY_PASSPHRASE is used, or you are asked.",
        take: |settings, given| put(&mut settings.passphrase_file, values::path(given).map(Some)),
    },
    Setting {
        name: "shutdown_grace",
        variable: "MAINSTAY_SHUTDOWN_GRACE",
        older: None,
        flag: "shutdown-grace",
        form: "DURATION",
        need: Need::Default("10s"),
        is_secret_file: false,
        what: "How long requests under way may go on once the server was told to stop: 10m at most.",
        take: |settings, given| put(&mut settings.shutdown_grace, values::grace(given)),
    },
    Setting {
        name: "log.level",
        variable: "MAINSTAY_LOG_LEVEL",
        older: Some("RUST_LOG"),
        flag: "log-level",
        form: "LEVEL",
        need: Need::Default("info"),
        is_secret_file: false,
        what: "How much is logged: error, warn, info, debug or trace; for a part of the program \
               info,mainstay_server=debug.",
        take: |settings, given| put(&mut settings.log_level, LogLevel::parse(given)),
    },
    Setting {
        name: "log.format",
        variable: "MAINSTAY_LOG_FORMAT",
        older: None,
        flag: "log-format",
        form: "FORMAT",
        need: Need::Default("text"),
        is_secret_file: false,
        what: "How the log is written: text for people, json for programs, one object a line.",
        take: |settings, given| put(&mut settings.log_format, LogFormat::parse(given)),
    },
    Setting {
        name: "hawkbit.tenant",
        variable: "MAINSTAY_HAWKBIT_TENANT",
        older: None,
        flag: "hawkbit-tenant",
        form: "NAME",
        need: Need::Default("DEFAULT"),
        is_secret_file: false,
        what: "What hawkBit clients call the server's tenant: the first part of the path that they ask at.",
        take: |settings, given| put(&mut settings.hawkbit_tenant, Tenant::parse(given)),
    },
    limits::DEVICE,
    limits::ADDRESS,
    oidc::ISSUER,
    oidc::CLIENT_ID,
    oidc::CLIENT_SECRET_FILE,
    oidc::SCOPES,
    oidc::NAME,
    oidc::GROUPS,
    oidc::GROUPS_CLAIM,
    oidc::PASSWORDS,
];

pub(super) fn put<T>(field: &mut T, read: Result<T, Wrong>) -> Result<(), Wrong> {
    *field = read?;
    Ok(())
}

/// Variables that begin like ours and are no settings of a server.
pub(super) const OTHER_VARIABLES: [&str; 7] = [
    "MAINSTAY_CA",
    "MAINSTAY_KEY_LOG",
    "MAINSTAY_PASSPHRASE",
    "MAINSTAY_PKCS11_MODULE",
    "MAINSTAY_SERVER",
    "MAINSTAY_SETTINGS",
    "MAINSTAY_TOKEN",
];

impl Settings {
    /// Stand-ins for what the table's defaults fill in at once.
    pub(super) fn blank() -> Self {
        Self {
            data: PathBuf::new(),
            homes: HomePlaces::default(),
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            tls_certificate: None,
            tls_key: None,
            acme: AcmeSettings::default(),
            tls_ticket_key_file: None,
            device_ca: None,
            device_certificates: DeviceCertificates::default(),
            unregistered_devices: UnregisteredDevices::default(),
            device_issuer: IssuerSettings::default(),
            public_url: None,
            trusted_proxies: TrustedProxies::default(),
            delivery_key_file: None,
            webhook_key_file: None,
            webhook_networks: WebhookNetworks::default(),
            passphrase_file: None,
            shutdown_grace: Duration::ZERO,
            log_level: LogLevel::default(),
            log_format: LogFormat::Text,
            hawkbit_tenant: Tenant::default(),
            limits: Limits::default(),
            oidc: OidcSettings::default(),
            passwords: Passwords::default(),
        }
    }
}
