//! Signed roots and revocations.

use mainstay_api::{DOCUMENT_MEDIA_TYPE, RevocationsView, RootView};
use mainstay_trust::signed::SIGNED_BYTES_MAX;

use super::super::told::{Answer, Body, NOTHING, Told, of};

pub(super) const TOLD: &[Told] = &[
    Told {
        method: "GET",
        path: "/roots",
        name: "roots",
        summary: "All signed roots, in their order",
        answers: &[(200, Answer::Json(of::<Vec<RootView>>))],
        refusals: &[(422, &["trust.*"])],
        ..NOTHING
    },
    Told {
        method: "POST",
        path: "/roots",
        name: "publish_root",
        summary: "Hand in the signed root that follows the newest one",
        more: "201 for the next one; 200 for the newest one again, whose answer may have been lost.",
        body: Some(Body::Bytes(
            DOCUMENT_MEDIA_TYPE,
            "A signed root.",
            SIGNED_BYTES_MAX as u64,
        )),
        answers: &[
            (200, Answer::Json(of::<RootView>)),
            (201, Answer::Json(of::<RootView>)),
        ],
        refusals: &[
            (409, &["server.status-key", "store.already-exists"]),
            (422, &["trust.*"]),
        ],
        ..NOTHING
    },
    Told {
        method: "GET",
        path: "/revocations",
        name: "revocations",
        summary: "The newest signed revocations, and which devices run what they withdraw",
        answers: &[(200, Answer::Json(of::<RevocationsView>))],
        refusals: &[(404, &["request.not-found"]), (422, &["trust.*"])],
        ..NOTHING
    },
    Told {
        method: "POST",
        path: "/revocations",
        name: "publish_revocations",
        summary: "Hand in the signed revocations that follow the newest ones",
        more: "201 for the next ones; 200 for the newest ones again. Releases and rollouts follow before the answer.",
        body: Some(Body::Bytes(
            DOCUMENT_MEDIA_TYPE,
            "Signed revocations.",
            SIGNED_BYTES_MAX as u64,
        )),
        answers: &[
            (200, Answer::Json(of::<RevocationsView>)),
            (201, Answer::Json(of::<RevocationsView>)),
        ],
        refusals: &[
            (404, &["request.not-found"]),
            (409, &["store.already-exists"]),
            (422, &["trust.*"]),
        ],
        ..NOTHING
    },
];
