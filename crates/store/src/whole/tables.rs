//! The tables that both back ends have, with the columns that each has: what a copy carries, and a check reads.
//!
//! Who adds a table or a column to the steps of both adds it here, and says in `judge.rs` how it is read. One that is forgotten is
//! found by every copy and check, which look at what the database itself says it has. Read [`TABLES`].

use super::cells::{Cell, Row};
use super::columns::{Column, bytes, number, text, truth};
use super::tables_doors as doors;
use super::tables_told::{DELIVERIES, EVENTS, IDEMPOTENCY_KEYS, WEBHOOKS};
use super::{judge, judge_doors};
use crate::StoreError;

/// A table of both back ends.
pub(super) struct Table {
    /// Its name, which is the noun's.
    pub name: &'static str,
    /// What both have. The first ones are the key, `key` of them.
    pub columns: &'static [Column],
    /// How many columns name a row, and order them all.
    pub key: usize,
    /// What PostgreSQL alone has: made of the others.
    pub own: &'static [Column],
    /// Whether PostgreSQL draws the first column from a sequence, or that of this name.
    pub sequence: Option<&'static str>,
    /// Reads a row through the domain's types, compares what has columns of its own with the values, and makes PostgreSQL's own
    /// columns, in their order.
    pub judge: fn(&Row) -> Result<Vec<Cell>, StoreError>,
}

/// A table whose key is its first column, with nothing that PostgreSQL alone has.
pub(super) const fn plain(
    name: &'static str,
    columns: &'static [Column],
    judge: fn(&Row) -> Result<Vec<Cell>, StoreError>,
) -> Table {
    Table {
        name,
        columns,
        key: 1,
        own: &[],
        sequence: None,
        judge,
    }
}

/// Every table, each behind those that it refers to.
pub(super) const TABLES: &[Table] = &[
    Table {
        own: &[text("running_version"), truth("last_resort"), text("site")],
        sequence: Some("key"),
        ..plain(
            "devices",
            &[
                number("key"),
                text("id"),
                bytes("token_hash"),
                text("class"),
                text("hardware"),
                text("zone"),
                text("bootloader"),
                number("registered_at"),
                number("last_seen"),
                text("running"),
                bytes("running_release"),
                truth("verified"),
                text("attributes"),
                number("acknowledged"),
            ],
            judge::device,
        )
    },
    plain(
        "contacts",
        &[number("device"), number("heard")],
        judge::contact,
    ),
    plain(
        "controllers",
        &[
            number("device"),
            text("controller"),
            text("profile"),
            text("profile_by"),
            truth("wants_attributes"),
            text("reported"),
            text("version_words"),
            text("auto_confirm"),
        ],
        judge::controller,
    ),
    plain(
        "people",
        &[text("email"), text("duty"), bytes("token_hash")],
        judge_doors::person,
    ),
    plain(
        "plans",
        &[
            number("revision"),
            text("text"),
            bytes("digest"),
            number("at"),
            text("by_email"),
        ],
        judge::plan,
    ),
    Table {
        own: &[bytes("image"), number("image_bytes")],
        sequence: Some("key"),
        ..plain(
            "releases",
            &[
                number("key"),
                text("id"),
                bytes("manifest"),
                text("stage"),
                text("value"),
                bytes("envelope"),
            ],
            judge::release,
        )
    },
    plain("rollout_numbers", &[number("last")], judge::count),
    Table {
        own: &[bytes("release")],
        ..plain(
            "rollouts",
            &[
                number("id"),
                text("class"),
                text("phase"),
                number("generation"),
                text("candidate"),
                text("value"),
            ],
            judge::rollout,
        )
    },
    Table {
        key: 2,
        ..plain(
            "draws",
            &[number("rollout"), number("part"), text("devices")],
            judge::draw,
        )
    },
    Table {
        key: 2,
        own: &[text("state"), number("good_again_from")],
        ..plain(
            "enrolments",
            &[
                number("rollout"),
                number("device"),
                number("wave"),
                bytes("before"),
                text("progress"),
                truth("ran_nothing"),
            ],
            judge::enrolment,
        )
    },
    Table {
        own: &[text("confirmed")],
        sequence: Some("key"),
        ..plain(
            "timeline",
            &[
                number("key"),
                number("device"),
                number("at"),
                text("kind"),
                text("text"),
                text("event"),
            ],
            judge::entry,
        )
    },
    Table {
        own: &[number("log_entries")],
        ..plain("incidents", &[number("id"), text("value")], judge::incident)
    },
    plain("standing", &[number("generation")], judge::count),
    plain("pulse", &[number("beat")], judge::count),
    plain("event_numbers", &[number("last")], judge::count),
    EVENTS,
    WEBHOOKS,
    DELIVERIES,
    IDEMPOTENCY_KEYS,
    plain(
        "leases",
        &[
            text("job"),
            text("holder"),
            number("generation"),
            number("until"),
        ],
        judge::lease,
    ),
    plain(
        "roots",
        &[
            number("version"),
            bytes("signed"),
            number("at"),
            text("by_email"),
        ],
        judge::root,
    ),
    Table {
        key: 2,
        ..plain(
            "revocations",
            &[
                number("epoch"),
                bytes("seq"),
                bytes("digest"),
                bytes("signed"),
                number("at"),
                text("by_email"),
            ],
            judge::revocations,
        )
    },
    Table {
        sequence: Some("key"),
        ..plain(
            "holds",
            &[
                number("key"),
                bytes("manifest"),
                truth("in_force"),
                text("value"),
            ],
            judge::hold,
        )
    },
    Table {
        sequence: Some("key"),
        ..plain(
            "schedules",
            &[
                number("key"),
                bytes("manifest"),
                bytes("class"),
                bytes("signed"),
                number("at"),
                text("by_email"),
            ],
            judge::schedule,
        )
    },
    Table {
        key: 3,
        ..plain(
            "readings",
            &[
                number("rollout"),
                number("device"),
                text("signal"),
                number("at"),
                number("milli"),
            ],
            judge::reading,
        )
    },
    Table {
        key: 2,
        ..plain(
            "missed_polls",
            &[
                number("rollout"),
                number("device"),
                number("since"),
                number("polls"),
            ],
            judge::missed,
        )
    },
    plain("order_numbers", &[number("last")], judge::count),
    Table {
        own: &[text("state"), text("ending")],
        ..plain(
            "orders",
            &[
                number("number"),
                number("device"),
                number("rollout"),
                truth("is_open"),
                text("value"),
            ],
            judge::order,
        )
    },
    Table {
        sequence: Some("key"),
        ..plain(
            "order_log",
            &[
                number("key"),
                number("number"),
                number("at"),
                text("word"),
                text("text"),
            ],
            judge::word,
        )
    },
    plain(
        "payloads",
        &[
            bytes("image"),
            number("bytes"),
            bytes("sha1"),
            bytes("md5"),
            text("ending"),
        ],
        judge::payload,
    ),
    plain(
        "accounts",
        &[
            text("email"),
            text("role"),
            text("password"),
            bytes("totp_secret"),
            number("totp_step"),
            number("since"),
            number("closed"),
            number("wrong_codes"),
            number("wrong_last"),
        ],
        judge_doors::account,
    ),
    plain(
        "sessions",
        &[
            bytes("hash"),
            text("email"),
            number("since"),
            number("seen"),
            text("means"),
            number("second_factor"),
            number("wrong_codes"),
        ],
        judge_doors::session,
    ),
    Table {
        sequence: Some("key"),
        ..plain(
            "api_tokens",
            &[
                bytes("hash"),
                Column {
                    in_sqlite: "rowid",
                    counts: false,
                    ..number("key")
                },
                text("email"),
                text("name"),
                text("scope"),
                number("made"),
                number("expires"),
                number("revoked"),
            ],
            judge_doors::api_token,
        )
    },
    plain(
        "setup_links",
        &[
            bytes("hash"),
            text("email"),
            text("role"),
            number("made"),
            text("maker"),
            text("maker_role"),
            text("vouched_by"),
        ],
        judge_doors::setup_link,
    ),
    doors::SUBJECTS,
    doors::JOIN_CODES,
    doors::REVOKED_CERTIFICATES,
    doors::CHILDREN,
    doors::ISSUED_CERTIFICATES,
    doors::WELCOMES,
];
