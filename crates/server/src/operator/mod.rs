//! What people and their tools call, below `/api/v1`. Types and the table of routes are in
//! `mainstay-api`.
//!
//! Each handler reads as one sentence: who calls and may they, what is there, ask the domain, save
//! in one transaction. One file a noun.

mod certificates;
mod clients;
pub(crate) mod declared;
mod device_pages;
pub(crate) mod devices;
mod events;
mod field;
pub(crate) mod health;
mod holds;
mod imported;
mod imports;
mod incident_plans;
mod incident_views;
mod incidents;
mod join_codes;
pub(crate) mod levels;
mod list_pages;
pub(crate) mod listening;
mod orders;
mod patience;
mod pauses;
mod payloads;
pub(crate) mod people;
pub(crate) mod plan;
mod previews;
mod profiles;
mod put_behind;
mod releases;
mod revocations;
mod rollout_list;
pub(crate) mod rollouts;
mod roots;
mod schedules;
mod stones;
mod tokens;
mod views;
pub(crate) mod webhooks;
mod welcomes;
pub(crate) mod why;

use axum::routing::{delete, get, post};
use mainstay_access::Permission;

use crate::openapi;
use crate::places::{Place, Whom};

const READ: Whom = Whom::May(Permission::Read);

/// The places of people's tools, below `/api/v1`.
pub(crate) const PLACES: &[Place] = &[
    Place::new("/health", &[("GET", Whom::Anyone)], || get(health::health)),
    Place::new("/openapi.json", &[("GET", Whom::Anyone)], || {
        get(openapi::served)
    }),
    Place::new(
        "/plan",
        &[("GET", READ), ("PUT", Whom::May(Permission::ActivatePlan))],
        || get(plan::active).put(plan::activate),
    ),
    Place::new(
        "/devices",
        &[
            ("GET", READ),
            ("POST", Whom::May(Permission::RegisterDevices)),
        ],
        || get(devices::list).post(devices::register),
    ),
    Place::new(
        "/devices/{id}",
        &[
            ("GET", READ),
            ("PATCH", Whom::May(Permission::RegisterDevices)),
        ],
        || get(devices::one).patch(devices::restate),
    ),
    Place::new(
        "/imports",
        &[("POST", Whom::May(Permission::RegisterDevices))],
        || post(imports::import),
    ),
    Place::new(
        "/join-codes",
        &[
            ("GET", READ),
            ("POST", Whom::May(Permission::RegisterDevices)),
        ],
        || get(join_codes::list).post(join_codes::make),
    ),
    Place::new(
        "/join-codes/{id}/revoke",
        &[("POST", Whom::May(Permission::RegisterDevices))],
        || post(join_codes::revoke),
    ),
    Place::new(
        "/welcomes",
        &[
            ("GET", READ),
            ("POST", Whom::May(Permission::RegisterDevices)),
        ],
        || get(welcomes::list).post(welcomes::make),
    ),
    Place::new(
        "/welcomes/{id}/revoke",
        &[("POST", Whom::May(Permission::RegisterDevices))],
        || post(welcomes::revoke),
    ),
    Place::new(
        "/revoked-certificates",
        &[
            ("GET", READ),
            ("POST", Whom::May(Permission::RegisterDevices)),
        ],
        || get(certificates::list).post(certificates::revoke),
    ),
    Place::new(
        "/devices/{id}/token",
        &[("POST", Whom::May(Permission::RegisterDevices))],
        || post(tokens::replace),
    ),
    Place::new("/devices/{id}/certificates", &[("GET", READ)], || {
        get(certificates::issued)
    }),
    Place::new(
        "/devices/{id}/certificates/revoke",
        &[("POST", Whom::May(Permission::RegisterDevices))],
        || post(certificates::revoke_issued),
    ),
    Place::new("/devices/{id}/why", &[("GET", READ)], || get(why::device)),
    Place::new(
        "/devices/{id}/client",
        &[
            ("GET", READ),
            ("PUT", Whom::May(Permission::RegisterDevices)),
        ],
        || get(profiles::one).put(profiles::choose),
    ),
    Place::new(
        "/devices/{id}/attributes/ask",
        &[("POST", Whom::May(Permission::AskAttributes))],
        || post(profiles::ask_attributes),
    ),
    Place::new("/devices/{id}/order", &[("GET", READ)], || {
        get(orders::newest)
    }),
    Place::new(
        "/devices/{id}/order/quit",
        &[("POST", Whom::May(Permission::QuitOrder))],
        || post(orders::quit),
    ),
    Place::new(
        "/releases",
        &[
            ("GET", READ),
            ("POST", Whom::May(Permission::SubmitRelease)),
        ],
        || get(releases::list).post(releases::submit),
    ),
    Place::new("/releases/{id}", &[("GET", READ)], || get(releases::one)),
    Place::new("/releases/{id}/why", &[("GET", READ)], || get(why::release)),
    Place::new(
        "/releases/{id}/approval",
        &[("POST", Whom::May(Permission::ApproveRelease))],
        || post(releases::approve),
    ),
    Place::new(
        "/releases/{id}/rollout",
        &[("POST", Whom::May(Permission::StartRollout))],
        || post(rollouts::start),
    ),
    Place::new("/releases/{id}/rollout/preview", &[("GET", READ)], || {
        get(previews::preview)
    }),
    Place::new(
        "/releases/{id}/hold",
        &[("POST", Whom::May(Permission::HoldRelease))],
        || post(holds::hold),
    ),
    Place::new(
        "/releases/{id}/hold/release",
        &[("POST", Whom::May(Permission::HoldRelease))],
        || post(holds::release),
    ),
    Place::new("/releases/{id}/devices", &[("GET", READ)], || {
        get(releases::devices)
    }),
    Place::new(
        "/releases/{id}/schedules",
        &[("POST", Whom::May(Permission::PublishSchedule))],
        || post(schedules::publish),
    ),
    Place::new("/holds", &[("GET", READ)], || get(holds::list)),
    Place::new(
        "/payloads",
        &[("GET", Whom::May(Permission::MirrorPayloads))],
        || get(payloads::list),
    ),
    Place::new(
        "/payloads/{digest}",
        &[("GET", Whom::May(Permission::MirrorPayloads))],
        || get(payloads::one),
    ),
    Place::new(
        "/roots",
        &[("GET", READ), ("POST", Whom::May(Permission::PublishTrust))],
        || get(roots::list).post(roots::publish),
    ),
    Place::new(
        "/revocations",
        &[("GET", READ), ("POST", Whom::May(Permission::PublishTrust))],
        || get(revocations::newest).post(revocations::publish),
    ),
    Place::new("/rollouts", &[("GET", READ)], || get(rollout_list::list)),
    Place::new("/rollouts/{id}", &[("GET", READ)], || get(rollouts::one)),
    Place::new("/rollouts/{id}/why", &[("GET", READ)], || get(why::rollout)),
    Place::new(
        "/rollouts/{id}/halt",
        &[("POST", Whom::May(Permission::HaltRollout))],
        || post(rollouts::halt),
    ),
    Place::new(
        "/rollouts/{id}/pause",
        &[("POST", Whom::May(Permission::PauseRollout))],
        || post(pauses::pause),
    ),
    Place::new(
        "/rollouts/{id}/resume",
        &[("POST", Whom::May(Permission::ResumeRollout))],
        || post(pauses::resume),
    ),
    Place::new(
        "/rollouts/{id}/withdraw",
        &[("POST", Whom::May(Permission::WithdrawRollout))],
        || post(rollouts::withdraw),
    ),
    Place::new(
        "/rollouts/{id}/answer",
        &[("POST", Whom::May(Permission::AnswerRollout))],
        || post(rollouts::answer),
    ),
    Place::new("/events", &[("GET", READ)], || get(events::list)),
    Place::new("/events/stream", &[("GET", READ)], || {
        get(listening::listen)
    }),
    Place::new(
        "/webhooks",
        &[
            ("GET", Whom::May(Permission::ManageWebhooks)),
            ("POST", Whom::May(Permission::ManageWebhooks)),
        ],
        || get(webhooks::list).post(webhooks::add),
    ),
    Place::new(
        "/webhooks/{id}",
        &[("DELETE", Whom::May(Permission::ManageWebhooks))],
        || delete(webhooks::remove),
    ),
    Place::new(
        "/webhooks/{id}/test",
        &[("POST", Whom::May(Permission::ManageWebhooks))],
        || post(webhooks::test),
    ),
    Place::new(
        "/webhooks/{id}/deliveries",
        &[("GET", Whom::May(Permission::ManageWebhooks))],
        || get(webhooks::deliveries),
    ),
    Place::new("/service-levels", &[("GET", READ)], || get(levels::figures)),
    Place::new("/service-levels.csv", &[("GET", READ)], || get(levels::csv)),
    Place::new("/incidents", &[("GET", READ)], || get(incidents::list)),
    Place::new("/incidents/{id}", &[("GET", READ)], || get(incidents::one)),
    Place::new(
        "/incidents/{id}/review",
        &[("POST", Whom::May(Permission::ReviewIncident))],
        || post(incidents::review),
    ),
    Place::new(
        "/incidents/{id}/close",
        &[("POST", Whom::May(Permission::CloseIncident))],
        || post(incidents::close),
    ),
    Place::new(
        "/incidents/{id}/reopen",
        &[("POST", Whom::May(Permission::ReviewIncident))],
        || post(incidents::reopen),
    ),
    Place::new(
        "/people",
        &[("GET", Whom::MayInPerson(Permission::VouchForPeople))],
        || get(people::list),
    ),
    Place::new(
        "/people/{email}/close",
        &[("POST", Whom::MayInPerson(Permission::ManagePeople))],
        || post(people::close),
    ),
    Place::new(
        "/people/{email}/shut-out",
        &[("POST", Whom::MayInPerson(Permission::ManagePeople))],
        || post(people::shut_out),
    ),
    Place::new(
        "/setup-links",
        &[
            ("GET", Whom::MayInPerson(Permission::VouchForPeople)),
            ("POST", Whom::MayInPerson(Permission::ManagePeople)),
        ],
        || get(people::links).post(people::invite),
    ),
    Place::new(
        "/setup-links/{id}",
        &[("DELETE", Whom::MayInPerson(Permission::ManagePeople))],
        || delete(people::forget),
    ),
    Place::new(
        "/setup-links/{id}/vouch",
        &[("POST", Whom::MayInPerson(Permission::VouchForPeople))],
        || post(people::vouch),
    ),
];
