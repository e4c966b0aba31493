//! People and setup links.

use mainstay_api::{AccountView, MadeSetupLink, NewSetupLink, OnceMore, SetupLinkView};

use super::super::told::{Answer, Body, NOTHING, Told, of};

const DONE: &[(u16, Answer)] = &[(204, Answer::Empty)];
/// What comes of a password that is typed once more.
const WRONG: &[&str] = &["sign-in.wrong"];
const TOO_OFTEN: &[&str] = &["access.try-later"];
const NO_ORIGIN: &[&str] = &["sign-in.*"];

pub(super) const TOLD: &[Told] = &[
    Told {
        method: "GET",
        path: "/people",
        name: "people",
        summary: "Who can sign in",
        answers: &[(200, Answer::Json(of::<Vec<AccountView>>))],
        ..NOTHING
    },
    Told {
        method: "POST",
        path: "/people/{email}/close",
        name: "close_account",
        summary: "Close an account for good",
        body: Some(Body::Json(of::<OnceMore>)),
        answers: DONE,
        refusals: &[
            (403, WRONG),
            (409, &["access.last-of-operations"]),
            (429, TOO_OFTEN),
            (500, NO_ORIGIN),
        ],
        ..NOTHING
    },
    Told {
        method: "POST",
        path: "/people/{email}/shut-out",
        name: "shut_out",
        summary: "End an account's sessions, tokens and links; it stays open",
        answers: DONE,
        ..NOTHING
    },
    Told {
        method: "GET",
        path: "/setup-links",
        name: "setup_links",
        summary: "Setup links that work and weren't used, the newest 1000",
        answers: &[(200, Answer::Json(of::<Vec<SetupLinkView>>))],
        ..NOTHING
    },
    Told {
        method: "POST",
        path: "/setup-links",
        name: "invite",
        summary: "Make a setup link for somebody",
        more: "The link is shown this once.",
        body: Some(Body::Json(of::<NewSetupLink>)),
        answers: &[(201, Answer::Json(of::<MadeSetupLink>))],
        refusals: &[
            (400, &["request.host"]),
            (403, WRONG),
            (
                409,
                &[
                    "plan.none",
                    "access.two-duties",
                    "access.planned-duty",
                    "access.setup-link-*",
                    "store.already-exists",
                ],
            ),
            (429, TOO_OFTEN),
            (500, NO_ORIGIN),
        ],
        ..NOTHING
    },
    Told {
        method: "DELETE",
        path: "/setup-links/{id}",
        name: "forget_setup_link",
        summary: "Take a setup link back",
        answers: DONE,
        ..NOTHING
    },
    Told {
        method: "POST",
        path: "/setup-links/{id}/vouch",
        name: "vouch",
        summary: "Become the second person behind somebody else's setup link",
        body: Some(Body::Json(of::<OnceMore>)),
        answers: DONE,
        refusals: &[
            (403, WRONG),
            (409, &["access.setup-link-*"]),
            (429, TOO_OFTEN),
            (500, NO_ORIGIN),
        ],
        ..NOTHING
    },
];
