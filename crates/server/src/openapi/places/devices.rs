//! Devices, their clients and their orders.

use mainstay_api::device::DEVICE_PAGE_MAX;
use mainstay_api::{
    AttributesAsked, ClientChange, ClientView, DeviceChange, DevicePage, DeviceTokens, DeviceView,
    Import, ImportView, NewDevices, NewestOrder, QuitOrderRequest, QuitOrderView, Why,
};
use mainstay_fleet::DeviceId;
use mainstay_fleet::query::QUERY_BYTES_MAX;
use mainstay_plan::limits::COHORT_CHARS_MAX;

use super::super::told::{Answer, Body, NOTHING, Told, Word, WordKind, of};

/// What is declared of a device and doesn't fit: the plan, or what may be said at all.
const UNFIT: &[&str] = &[
    "devices.class",
    "devices.hardware",
    "devices.bootloader",
    "devices.token",
    "devices.nothing-to-change",
    "fleet.attribute",
    "fleet.zone",
    "gateway.itself",
    "gateway.unknown",
    "gateway.is-behind-another",
    "gateway.has-children",
];

/// The same of a device that is imported, and what doesn't go with the devices that are known.
const UNFIT_FOR_IMPORT: &[&str] = &[
    "devices.class",
    "devices.hardware",
    "devices.bootloader",
    "devices.token",
    "devices.client",
    "devices.controller",
    "devices.registered-otherwise",
    "devices.twice",
    "fleet.attribute",
    "fleet.zone",
    "gateway.itself",
    "gateway.unknown",
    "gateway.is-behind-another",
    "gateway.has-children",
];

/// How a list is read that has more devices than fit into one answer.
pub(super) const BY_PAGE: &str = "In the order of names. To see all, ask again with the `next` of the answer as `after`, until there is none: no \
    device comes twice, and none that is there all the while is left out. A page may have fewer devices than asked for, even none, and still \
    have a next one.";

pub(super) const AFTER: Word = Word {
    name: "after",
    what: "The page begins behind this name: the `next` of the page before.",
    is_required: false,
    kind: WordKind::Of(of::<DeviceId>),
};

pub(super) const LIMIT: Word = Word {
    name: "limit",
    what: "How many devices at most; 2000 if it isn't said.",
    is_required: false,
    kind: WordKind::Number(1, DEVICE_PAGE_MAX as u64),
};

pub(super) const TOLD: &[Told] = &[
    Told {
        method: "GET",
        path: "/devices",
        name: "devices",
        summary: "Devices, a page at a time: all, or those that a query and a cohort mean",
        more: BY_PAGE,
        words: &[
            Word {
                name: "query",
                what: "A query, such as `class = \"thermo-v2\" and last_seen < 30d ago`.",
                is_required: false,
                kind: WordKind::Text(QUERY_BYTES_MAX),
            },
            Word {
                name: "cohort",
                what: "The name of a cohort of the plan in force.",
                is_required: false,
                kind: WordKind::Text(COHORT_CHARS_MAX),
            },
            AFTER,
            LIMIT,
        ],
        answers: &[(200, Answer::Json(of::<DevicePage>))],
        refusals: &[
            (
                400,
                &[
                    "devices.choice",
                    "devices.page",
                    "fleet.query-syntax",
                    "fleet.query-field",
                    "fleet.query-operator",
                    "fleet.query-value",
                    "fleet.query-too-large",
                ],
            ),
            (404, &["devices.cohort"]),
            (409, &["plan.none"]),
        ],
        ..NOTHING
    },
    Told {
        method: "POST",
        path: "/devices",
        name: "register_devices",
        summary: "Register devices: all of them or none",
        more: "Each token is shown this once, and kept only as a hash.",
        body: Some(Body::Json(of::<NewDevices>)),
        answers: &[(201, Answer::Json(of::<DeviceTokens>))],
        refusals: &[
            (400, &["devices.too-many"]),
            (409, &["plan.none", "store.already-exists"]),
            (422, UNFIT),
        ],
        ..NOTHING
    },
    Told {
        method: "POST",
        path: "/imports",
        name: "import_devices",
        summary: "Import devices from elsewhere: all of them or none",
        more: "What is new is registered, what is known and declared otherwise is declared anew if `anew` says so, and what is so already \
               stays: the same may be sent again. With `dry_run` nothing is done, and what would become of each device is told, also of \
               those that can't be imported.",
        body: Some(Body::Json(of::<Import>)),
        answers: &[(200, Answer::Json(of::<ImportView>))],
        refusals: &[
            (400, &["devices.too-many", "rollouts.why"]),
            (
                409,
                &["devices.differ", "plan.none", "store.already-exists"],
            ),
            (422, UNFIT_FOR_IMPORT),
        ],
        ..NOTHING
    },
    Told {
        method: "GET",
        path: "/devices/{id}",
        name: "device",
        summary: "One device",
        answers: &[(200, Answer::Json(of::<DeviceView>))],
        ..NOTHING
    },
    Told {
        method: "PATCH",
        path: "/devices/{id}",
        name: "restate_device",
        summary: "Declare a device anew; what isn't named stays",
        body: Some(Body::Json(of::<DeviceChange>)),
        answers: &[(200, Answer::Json(of::<DeviceView>))],
        refusals: &[(409, &["plan.none"]), (422, UNFIT)],
        ..NOTHING
    },
    Told {
        method: "GET",
        path: "/devices/{id}/why",
        name: "why_device",
        summary: "Why a device isn't moving, and what to do next",
        answers: &[(200, Answer::Json(of::<Why>))],
        refusals: &[(409, &["plan.none"]), (422, &["trust.*"])],
        ..NOTHING
    },
    Told {
        method: "GET",
        path: "/devices/{id}/client",
        name: "client",
        summary: "Which update client a device runs, and who would notice firmware that nobody approved",
        answers: &[(200, Answer::Json(of::<ClientView>))],
        ..NOTHING
    },
    Told {
        method: "PUT",
        path: "/devices/{id}/client",
        name: "choose_client",
        summary: "Say which other update client a device runs",
        body: Some(Body::Json(of::<ClientChange>)),
        answers: &[(200, Answer::Json(of::<ClientView>))],
        refusals: &[
            (400, &["rollouts.why", "devices.client"]),
            (409, &["devices.client"]),
        ],
        ..NOTHING
    },
    Told {
        method: "POST",
        path: "/devices/{id}/attributes/ask",
        name: "ask_attributes",
        summary: "Have a device with another update client asked for its attributes at its next poll",
        answers: &[(200, Answer::Json(of::<AttributesAsked>))],
        refusals: &[(409, &["devices.client"])],
        ..NOTHING
    },
    Told {
        method: "GET",
        path: "/devices/{id}/order",
        name: "newest_order",
        summary: "The newest order of a device with another update client, and what that client said last",
        answers: &[(200, Answer::Json(of::<NewestOrder>))],
        ..NOTHING
    },
    Told {
        method: "POST",
        path: "/devices/{id}/order/quit",
        name: "quit_order",
        summary: "Wait no more for a client that doesn't answer",
        body: Some(Body::Json(of::<QuitOrderRequest>)),
        answers: &[(200, Answer::Json(of::<QuitOrderView>))],
        refusals: &[
            (400, &["rollouts.why"]),
            (409, &["order.installed", "plan.none"]),
            (422, &["trust.*"]),
        ],
        ..NOTHING
    },
];
