//! The tables of whom a provider vouches for, of devices that join by codes, come by certificates or are welcome, and of those behind gateways. Read
//! [`super::tables::TABLES`].

use super::columns::{bytes, number, text};
use super::judge_doors;
use super::tables::{Table, plain};

pub(super) const SUBJECTS: Table = Table {
    key: 2,
    ..plain(
        "subjects",
        &[text("issuer"), text("name"), text("email"), number("since")],
        judge_doors::subject,
    )
};

pub(super) const JOIN_CODES: Table = plain(
    "join_codes",
    &[
        bytes("hash"),
        text("terms"),
        number("uses"),
        number("used"),
        number("made"),
        text("maker"),
        number("expires"),
        number("revoked"),
        text("device"),
    ],
    judge_doors::join_code,
);

pub(super) const WELCOMES: Table = plain(
    "welcomes",
    &[
        bytes("id"),
        text("terms"),
        number("uses"),
        number("used"),
        number("made"),
        text("maker"),
        number("expires"),
        number("revoked"),
    ],
    judge_doors::welcome,
);

pub(super) const REVOKED_CERTIFICATES: Table = plain(
    "revoked_certificates",
    &[
        bytes("fingerprint"),
        number("at"),
        text("by_email"),
        text("why"),
    ],
    judge_doors::revoked_certificate,
);

pub(super) const CHILDREN: Table = plain(
    "children",
    &[number("device"), number("gateway")],
    judge_doors::child,
);

pub(super) const ISSUED_CERTIFICATES: Table = plain(
    "issued_certificates",
    &[
        bytes("fingerprint"),
        number("device"),
        bytes("serial"),
        number("at"),
        number("ends"),
        bytes("asked_with"),
    ],
    judge_doors::issued_certificate,
);
