//! The plan, the service levels, and the server itself.

use mainstay_api::{PlanView, ServiceLevels};
use mainstay_plan::PLAN_BYTES_MAX;
use mainstay_report::service_levels::CSV_MEDIA_TYPE;
use serde_json::{Map, Value};

use super::super::told::{Answer, Body, NOTHING, Told, of};
use crate::operator::health::Health;

pub(super) const TOLD: &[Told] = &[
    Told {
        method: "GET",
        path: "/health",
        name: "health",
        summary: "Whether this server can do its work",
        answers: &[(200, Answer::Json(of::<Health>))],
        ..NOTHING
    },
    Told {
        method: "GET",
        path: "/openapi.json",
        name: "openapi",
        summary: "This document",
        answers: &[(200, Answer::Json(of::<Map<String, Value>>))],
        ..NOTHING
    },
    Told {
        method: "GET",
        path: "/plan",
        name: "plan",
        summary: "The plan in force",
        answers: &[(200, Answer::Json(of::<PlanView>))],
        refusals: &[(409, &["plan.none"])],
        ..NOTHING
    },
    Told {
        method: "PUT",
        path: "/plan",
        name: "activate_plan",
        summary: "Put a plan into force",
        more: "A rollout under way keeps the rules that it started with. What was found about the plan, and doesn't stand in its way, comes \
               back as `warnings`.",
        body: Some(Body::Bytes(
            "text/plain",
            "The plan's text: TOML in UTF-8.",
            PLAN_BYTES_MAX as u64,
        )),
        answers: &[(200, Answer::Json(of::<PlanView>))],
        refusals: &[
            (400, &["request.malformed"]),
            (409, &["plan.none", "access.two-duties"]),
            (422, &["plan.errors", "trust.*"]),
        ],
        ..NOTHING
    },
    Told {
        method: "GET",
        path: "/service-levels",
        name: "service_levels",
        summary: "How releases stand against the plan's goals",
        answers: &[(200, Answer::Json(of::<ServiceLevels>))],
        refusals: &[(409, &["plan.none"])],
        ..NOTHING
    },
    Told {
        method: "GET",
        path: "/service-levels.csv",
        name: "service_levels_csv",
        summary: "The same figures as CSV (RFC 4180)",
        answers: &[(200, Answer::Text(CSV_MEDIA_TYPE))],
        refusals: &[(409, &["plan.none"])],
        ..NOTHING
    },
];
