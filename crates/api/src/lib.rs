//! The operator API: what people's tools send to the server, and what they get back, as JSON.
//!
//! | request | who | body | answer |
//! |---|---|---|---|
//! | `PUT /api/v1/plan` | release manager | the plan's text | [`PlanView`] |
//! | `GET /api/v1/plan` | anyone | | [`PlanView`] |
//! | `POST /api/v1/devices` | operations | [`NewDevices`] | [`DeviceTokens`] |
//! | `GET /api/v1/devices?query=...&cohort=...&after=...&limit=...` | anyone | | [`DevicePage`]: some of all devices, or of those that a query and a cohort of the plan mean |
//! | `POST /api/v1/imports` | operations | [`Import`] | [`ImportView`]: devices from elsewhere, registered, declared anew, or found to be so already; all or none |
//! | `GET /api/v1/devices/{id}` | anyone | | [`mainstay_fleet::Device`] |
//! | `PATCH /api/v1/devices/{id}` | operations | [`DeviceChange`] | [`mainstay_fleet::Device`] |
//! | `GET /api/v1/devices/{id}/why` | anyone | | [`Why`] |
//! | `GET /api/v1/devices/{id}/order` | anyone | | [`NewestOrder`]: of a device with another update client, and what that said last |
//! | `POST /api/v1/devices/{id}/order/quit` | operations, support | [`QuitOrderRequest`] | [`QuitOrderView`]: the order of a client that doesn't answer |
//! | `GET /api/v1/devices/{id}/client` | anyone | | [`ClientView`] |
//! | `PUT /api/v1/devices/{id}/client` | operations | [`ClientChange`] | [`ClientView`]: of a client for hawkBit's interface |
//! | `POST /api/v1/devices/{id}/attributes/ask` | operations, support | | [`AttributesAsked`]: at the next poll of such a client |
//! | `GET /api/v1/join-codes?after=...&limit=...` | anyone | | [`Page`] of [`JoinCodeView`] |
//! | `POST /api/v1/join-codes` | operations | [`NewJoinCode`] | [`MadeJoinCode`]: a code by which devices join that have no token yet |
//! | `POST /api/v1/join-codes/{id}/revoke` | operations | | [`JoinCodeView`] |
//! | `GET /api/v1/welcomes?after=...&limit=...` | anyone | | [`Page`] of [`WelcomeView`] |
//! | `POST /api/v1/welcomes` | operations | [`NewWelcome`] | [`WelcomeView`]: devices that nobody registered come in by their certificates |
//! | `POST /api/v1/welcomes/{id}/revoke` | operations | | [`WelcomeView`] |
//! | `GET /api/v1/revoked-certificates?after=...&limit=...` | anyone | | [`Page`] of [`RevokedCertificateView`] |
//! | `POST /api/v1/revoked-certificates` | operations | [`RevokeCertificate`] | [`RevokedCertificateView`]: a device's certificate lets nobody in any more |
//! | `POST /api/v1/devices/{id}/token` | operations | [`ReplaceToken`] | [`DeviceToken`]: another token in place of the one that the device has |
//! | `GET /api/v1/devices/{id}/certificates` | anyone | | list of [`IssuedCertificateView`]: those that the server gave to the device |
//! | `POST /api/v1/devices/{id}/certificates/revoke` | operations | [`RevokeCertificates`] | list of [`RevokedCertificateView`]: all of them that were good let nobody in any more |
//! | `POST /api/v1/releases?track=maintenance` | engineer | an artifact file | [`ReleaseView`]: 201, or 200 if it only mends a damaged payload |
//! | `POST /api/v1/releases/{id}/approval` | release manager | the approved envelope | [`ReleaseView`] |
//! | `GET /api/v1/releases?after=...&limit=...` | anyone | | [`Page`] of [`ReleaseView`] |
//! | `GET /api/v1/releases/{id}`, `.../why` | anyone | | [`ReleaseView`], [`Why`] |
//! | `POST /api/v1/releases/{id}/rollout` | operations | | [`RolloutView`]: 201, or 202 over more than 5000 devices: it is `starting` |
//! | `GET /api/v1/releases/{id}/rollout/preview?bytes_per_second=...` | anyone | | [`Preview`]: how its rollout would go, started now; devices download at that pace |
//! | `GET /api/v1/rollouts?after=...&limit=...` | anyone | | [`Page`] of [`RolloutView`] |
//! | `GET /api/v1/rollouts/{id}`, `.../why` | anyone | | [`RolloutView`], [`Why`] |
//! | `POST /api/v1/rollouts/{id}/halt` | anyone | [`HaltRequest`] | [`RolloutView`] |
//! | `POST /api/v1/rollouts/{id}/pause` | anyone | [`PauseRequest`] | [`RolloutView`] |
//! | `POST /api/v1/rollouts/{id}/resume` | operations | | [`RolloutView`] |
//! | `POST /api/v1/rollouts/{id}/withdraw` | operations | [`WithdrawRequest`] | [`RolloutView`] |
//! | `POST /api/v1/rollouts/{id}/answer` | operations | [`AnswerRequest`] | [`RolloutView`] |
//! | `POST /api/v1/releases/{id}/hold` | release manager, operations | [`HoldRequest`] | [`HoldView`] |
//! | `POST /api/v1/releases/{id}/hold/release` | two of those | | [`HoldView`] |
//! | `GET /api/v1/holds` | anyone | | list of [`HoldView`] |
//! | `GET /api/v1/releases/{id}/devices?after=...&limit=...` | anyone | | [`DevicePage`]: some of those that run it |
//! | `POST /api/v1/releases/{id}/schedules` | operations | a signed schedule | [`ScheduleView`] |
//! | `GET /api/v1/payloads` | operations | | list of [`PayloadView`]: what a mirror holds |
//! | `GET /api/v1/payloads/{digest}` | operations | | its bytes; `Range` allowed |
//! | `POST /api/v1/roots` | anyone | a signed root | [`RootView`] |
//! | `GET /api/v1/roots` | anyone | | list of [`RootView`] |
//! | `POST /api/v1/revocations` | anyone | signed revocations | [`RevocationsView`] |
//! | `GET /api/v1/revocations` | anyone | | [`RevocationsView`] |
//! | `GET /api/v1/incidents?after=...&limit=...` | anyone | | [`Page`] of [`IncidentView`] |
//! | `GET /api/v1/incidents/{id}` | anyone | | [`IncidentView`] |
//! | `POST /api/v1/incidents/{id}/review` | anyone | [`ReviewRequest`] | [`IncidentView`] |
//! | `POST /api/v1/incidents/{id}/close` | release manager, operations | | [`IncidentView`] |
//! | `POST /api/v1/incidents/{id}/reopen` | anyone | [`ReopenRequest`] | [`IncidentView`]: the new one |
//! | `GET /api/v1/events?after=...&limit=...&kind=...&subject=...` | anyone | | [`EventPage`]: what happened |
//! | `GET /api/v1/events/stream` | anyone | | the same as it happens, as server-sent events |
//! | `GET /api/v1/webhooks` | anyone | | list of [`WebhookView`] |
//! | `POST /api/v1/webhooks` | operations | [`NewWebhook`] | [`MadeWebhook`]: with its secret, this once |
//! | `DELETE /api/v1/webhooks/{id}` | operations | | nobody is told any more |
//! | `POST /api/v1/webhooks/{id}/test` | operations | | [`WebhookTest`] |
//! | `GET /api/v1/webhooks/{id}/deliveries` | anyone | | list of [`DeliveryView`], the newest first |
//! | `GET /api/v1/service-levels` | anyone | | [`ServiceLevels`]: what is measured of releases, against the goals of the plan |
//! | `GET /api/v1/service-levels.csv` | anyone | | its figures as CSV |
//! | `GET /metrics` | anyone | | the same in Prometheus' text format |
//! | `GET /api/v1/people` | a duty, in person | | list of [`AccountView`] |
//! | `POST /api/v1/people/{email}/close` | operations, in person | [`OnceMore`] | closes an account for good |
//! | `POST /api/v1/people/{email}/shut-out` | operations, in person | | ends an account's sessions, tokens and links |
//! | `GET /api/v1/setup-links` | a duty, in person | | list of [`SetupLinkView`] |
//! | `POST /api/v1/setup-links` | operations, in person | [`NewSetupLink`] | [`MadeSetupLink`] |
//! | `DELETE /api/v1/setup-links/{id}` | operations, in person | | takes a link back |
//! | `POST /api/v1/setup-links/{id}/vouch` | a duty, in person | [`OnceMore`] | makes who asks the second person behind it |
//! | `GET /api/v1/health` | open to all | | `{"status": "ok"}` |
//! | `GET /api/v1/openapi.json` | open to all | | all of this, for programs |
//!
//! `{id}` of a release is its name, `thermo-v2@1.1.0`, or its manifest's digest in hexadecimal.
//! Every request carries `Authorization: Bearer` with a person's token or an API token that was made for what is asked; "anyone" is anyone with one, and a
//! role that has no duty looks. A browser's session does in its place, with the header `Mainstay-Form` as its pages' forms have it where something changes; "in person" is that way alone, and always with the header.
//! What isn't a success is a [`Problem`]. Nothing here decides or speaks HTTP. What devices of other makes send and get stands in [`ddi`].

pub mod client;
pub mod ddi;
pub mod device;
pub mod event;
pub mod hold;
pub mod import;
pub mod incident;
pub mod issued;
pub mod join;
pub mod order;
pub mod page;
pub mod payload;
pub mod people;
pub mod plan;
pub mod problem;
pub mod release;
pub mod rollout;
pub mod trust;
pub mod webhook;
pub mod welcome;
pub mod why;

pub use client::{AttributesAsked, ClientChange, ClientView};
pub use device::{
    DeviceChange, DevicePage, DeviceToken, DeviceTokens, DeviceView, GivenToken, NewDevice,
    NewDevices, ReplaceToken,
};
pub use event::{Event, EventKind, EventPage, Happened};
pub use hold::{HoldRequest, HoldView};
pub use import::{Becomes, Import, ImportView, ImportedDevice, ImportedView};
pub use incident::{
    DeedView, IncidentView, MomentView, ReopenRequest, ReopensView, ReviewRequest, ReviewView,
    WrittenView,
};
pub use issued::{IssuedCertificateView, RevokeCertificates};
pub use join::{
    JoinCodeView, MadeJoinCode, NewJoinCode, RevokeCertificate, RevokedCertificateView,
};
pub use mainstay_rollout::preview::{
    Asked, Catch, LeftOut, Peak, Preview, WavePreview, ZonePreview,
};
pub use mainstay_telemetry::{ServiceLevels, levels};
pub use order::{
    NewestOrder, ORDER_LOG_SHOWN, OrderView, OrderWord, QuitOrderRequest, QuitOrderView,
};
pub use page::Page;
pub use payload::PayloadView;
pub use people::{
    AccountView, MadeSetupLink, NewSetupLink, OnceMore, SetupLinkView, TypedPassword,
};
pub use plan::{PlanView, PlanWarning};
pub use problem::Problem;
pub use release::{ReleaseView, StageView};
pub use rollout::{
    AnswerRequest, HaltRequest, PauseRequest, PauseView, RolloutView, WaveView, WithdrawRequest,
};
pub use trust::{MinimumView, RevocationsView, RootView, ScheduleView, WithdrawnView};
pub use webhook::{DeliveryView, MadeWebhook, NewWebhook, WebhookTest, WebhookView};
pub use welcome::{NewWelcome, WelcomeView};
pub use why::Why;

/// How quickly a device downloads in a preview that isn't told, in bytes per second: a slow line, or a busy radio.
pub const PREVIEW_BYTES_PER_SECOND: u64 = 100_000;

/// The media type of an artifact file.
pub const ARTIFACT_MEDIA_TYPE: &str = "application/vnd.mainstay.artifact";
/// The media type of a signed envelope.
pub const ENVELOPE_MEDIA_TYPE: &str = "application/suit-envelope+cose";
/// The media type of a signed root, of signed revocations, of a signed schedule.
pub const DOCUMENT_MEDIA_TYPE: &str = "application/cbor";
