//! Everything that must not be lost: what devices were promised, what they reported, who decided what.
//!
//! One narrow trait for each noun, [`Store`] as their sum, and behind them [`SqliteStore`], or [`PostgresStore`] where several
//! servers share one database; payloads live in [`Blobs`]. A call that returned `Ok` is durable: power loss or a kill a moment later loses
//! nothing of it. Back ends map rows to domain types and decide nothing; what a recorded decision
//! makes of a device's progress is in `progress.rs`, for all back ends alike.
//!
//! Read [`Rollouts`] first: the promise made to a device is the reason for everything else.

pub mod accounts;
pub mod answers;
pub mod api_tokens;
pub mod blobs;
pub mod certificates;
pub mod controllers;
pub mod devices;
mod door_rows;
pub mod draws;
pub mod error;
pub mod events;
mod failure;
pub mod gateways;
pub mod holds;
pub mod incidents;
pub mod issued;
pub mod join_codes;
pub mod leases;
pub mod line_shares;
mod moves;
pub mod orders;
pub mod payloads;
pub mod people;
mod place;
pub mod plans;
pub mod postgres;
pub mod probe;
mod progress;
pub mod pulse;
pub mod readings;
pub mod reads;
pub mod releases;
pub mod reports;
pub mod revocations;
pub mod rollouts;
pub mod roots;
mod rows;
pub mod schedules;
pub mod sessions;
pub mod setup_links;
pub mod sqlite;
pub mod subjects;
mod values;
pub mod walks;
pub mod webhooks;
pub mod welcomes;
pub mod whole;

pub use accounts::Accounts;
pub use answers::{Answers, Begun, KeptAnswer, KeyedRequest};
pub use api_tokens::{API_TOKENS_MAX, ApiTokens};
pub use blobs::{Blobs, FolderBlobs, MirrorHome, Pieces, PutError, S3Blobs, S3Key, S3Place};
pub use certificates::{Certificates, Certified, Fingerprint, RevokedCertificate};
pub use controllers::{AskedBy, Controlled, Controller, Controllers, Reported, ReportedChange};
pub use devices::{Devices, Import, NewToken, Registration, TimelineEntry, TimelineKind};
pub use draws::Draws;
pub use error::StoreError;
pub use events::{EVENTS_MAX, Events, EventsAsked, EventsFound};
pub use gateways::{AsksFor, Children, Gateways};
pub use holds::Holds;
pub use incidents::Incidents;
pub use issued::{IssueFailure, IssuedCertificate, IssuedCertificates, Revocation};
pub use join_codes::{JoinCodes, JoinFailure, Joining};
pub use leases::{Bid, Lease, Leases};
pub use line_shares::LineShares;
pub use orders::{HeardWord, HeedRefusal, Heeded, OrderFold, Orders};
pub use payloads::{Payloads, ReleasePayload, StoredPayload};
pub use people::People;
pub use plans::{Activation, Plans, StoredPlan};
pub use postgres::{AddressError, PostgresAddress, PostgresPlace, PostgresStore};
pub use probe::Probe;
pub use pulse::Pulse;
pub use readings::{PollCount, Readings, TakenReading};
pub use releases::{Releases, StageChange};
pub use reports::{Fold, Known, Reports, SaidThrough, StoredReport, Telling};
pub use revocations::{Revocations, StoredRevocations};
pub use rollouts::{Enrolled, NextStep, Promise, PromiseRefusal, Promised, Rollouts, UnderWatch};
pub use roots::{Roots, StoredRoot};
pub use schedules::{Schedules, StoredSchedule};
pub use sessions::Sessions;
pub use setup_links::SetupLinks;
pub use sqlite::SqliteStore;
pub use subjects::Subjects;
pub use walks::{EnrolledDevice, Page, Place, Walks};
pub use webhooks::{StoredDelivery, StoredWebhook, Webhooks};
pub use welcomes::{Comes, LetIn, Welcomes};

/// Everything durable but the payloads. The server holds it as `Arc<dyn Store>`.
pub trait Store: Work + Brakes + Doors + Told + Leases + LineShares + Probe + Pulse {}

impl<S: Work + Brakes + Doors + Told + Leases + LineShares + Probe + Pulse> Store for S {}

/// The part of a [`Store`] that moves devices and remembers how.
pub trait Work:
    Devices
    + Controllers
    + People
    + Plans
    + Releases
    + Payloads
    + Rollouts
    + Draws
    + Orders
    + Readings
    + Reports
    + Incidents
    + Walks
{
}

impl<
    S: Devices
        + Controllers
        + People
        + Plans
        + Releases
        + Payloads
        + Rollouts
        + Draws
        + Orders
        + Readings
        + Reports
        + Incidents
        + Walks,
> Work for S
{
}

/// The part of a [`Store`] on which the server's word to devices rests.
pub trait Brakes: Roots + Revocations + Holds + Schedules {}

impl<S: Roots + Revocations + Holds + Schedules> Brakes for S {}

/// The part of a [`Store`] that knows who may come in.
pub trait Doors:
    Accounts
    + Sessions
    + ApiTokens
    + SetupLinks
    + Subjects
    + JoinCodes
    + Welcomes
    + Certificates
    + IssuedCertificates
    + Gateways
{
}

impl<
    S: Accounts
        + Sessions
        + ApiTokens
        + SetupLinks
        + Subjects
        + JoinCodes
        + Welcomes
        + Certificates
        + IssuedCertificates
        + Gateways,
> Doors for S
{
}

/// The part of a [`Store`] from which others hear what happened, and what became of what they asked for.
pub trait Told: Events + Webhooks + Answers {}

impl<S: Events + Webhooks + Answers> Told for S {}

/// The most rows in a list that people look at; what is older is still there, by its name.
pub const LIST_MAX: u32 = 1000;
