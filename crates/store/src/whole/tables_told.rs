//! The tables of what is told outwards, and of what requests with keys were answered. Read [`super::tables::TABLES`].

use super::columns::{bytes, number, text, truth};
use super::judge_told;
use super::tables::{Table, plain};

pub(super) const EVENTS: Table = plain(
    "events",
    &[
        number("number"),
        number("at"),
        text("kind"),
        text("subject"),
        text("value"),
    ],
    judge_told::event,
);

pub(super) const WEBHOOKS: Table = plain(
    "webhooks",
    &[
        text("id"),
        bytes("secret"),
        number("position"),
        text("value"),
    ],
    judge_told::webhook,
);

pub(super) const DELIVERIES: Table = Table {
    key: 2,
    ..plain(
        "deliveries",
        &[
            text("webhook"),
            number("event"),
            text("subject"),
            truth("is_open"),
            text("value"),
        ],
        judge_told::delivery,
    )
};

pub(super) const IDEMPOTENCY_KEYS: Table = Table {
    key: 2,
    ..plain(
        "idempotency_keys",
        &[
            text("email"),
            text("key"),
            bytes("fingerprint"),
            number("at"),
            number("status"),
            text("media_type"),
            bytes("body"),
        ],
        judge_told::answered,
    )
};
