//! Incidents and their reviews.

use mainstay_api::{IncidentView, Page, ReopenRequest, ReviewRequest};

use super::super::told::{Answer, Body, NOTHING, Told, of};
use super::lists;

pub(super) const TOLD: &[Told] = &[
    Told {
        method: "GET",
        path: "/incidents",
        name: "incidents",
        summary: "Incidents, a page at a time, the newest first",
        more: lists::BY_PAGE,
        words: lists::WORDS,
        answers: &[(200, Answer::Json(of::<Page<IncidentView>>))],
        refusals: lists::REFUSALS,
        ..NOTHING
    },
    Told {
        method: "GET",
        path: "/incidents/{id}",
        name: "incident",
        summary: "One incident",
        answers: &[(200, Answer::Json(of::<IncidentView>))],
        ..NOTHING
    },
    Told {
        method: "POST",
        path: "/incidents/{id}/review",
        name: "review_incident",
        summary: "Write parts of an incident's review; what isn't given stays",
        body: Some(Body::Json(of::<ReviewRequest>)),
        answers: &[(200, Answer::Json(of::<IncidentView>))],
        refusals: &[
            (
                400,
                &[
                    "incident.contradiction",
                    "incident.plan-digest",
                    "incident.nothing-said",
                    "incident.words",
                ],
            ),
            (
                409,
                &[
                    "incident.closed",
                    "incident.too-many-words",
                    "incident.plan-unchanged",
                    "incident.plan-not-since",
                    "incident.plan-taken-back",
                ],
            ),
        ],
        ..NOTHING
    },
    Told {
        method: "POST",
        path: "/incidents/{id}/close",
        name: "close_incident",
        summary: "Close a reviewed incident: by somebody who wrote none of its review",
        answers: &[(200, Answer::Json(of::<IncidentView>))],
        refusals: &[
            (403, &["incident.needs-another", "incident.needs-outsider"]),
            (409, &["incident.*"]),
            (422, &["trust.*"]),
        ],
        ..NOTHING
    },
    Told {
        method: "POST",
        path: "/incidents/{id}/reopen",
        name: "reopen_incident",
        summary: "Open another incident that takes a closed one up again",
        body: Some(Body::Json(of::<ReopenRequest>)),
        answers: &[(201, Answer::Json(of::<IncidentView>))],
        refusals: &[
            (400, &["incident.words"]),
            (409, &["incident.still-open", "incident.reopened"]),
        ],
        ..NOTHING
    },
];
