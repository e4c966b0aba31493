//! Releases, their holds and schedules.

use mainstay_api::{
    ARTIFACT_MEDIA_TYPE, DOCUMENT_MEDIA_TYPE, DevicePage, ENVELOPE_MEDIA_TYPE, HoldRequest,
    HoldView, Page, PayloadView, Preview, ReleaseView, RolloutView, ScheduleView, Why,
};
use mainstay_artifact::container::FILE_BYTES_MAX;
use mainstay_plan::TrackName;
use mainstay_trust::envelope::ENVELOPE_BYTES_MAX;
use mainstay_trust::signed::SIGNED_BYTES_MAX;

use super::super::told::{Answer, Body, NOTHING, Told, Word, WordKind, of};
use super::devices::{AFTER, BY_PAGE, LIMIT};
use super::lists;

pub(super) const TOLD: &[Told] = &[
    Told {
        method: "GET",
        path: "/releases",
        name: "releases",
        summary: "Releases, a page at a time, the newest first",
        more: lists::BY_PAGE,
        words: lists::WORDS,
        answers: &[(200, Answer::Json(of::<Page<ReleaseView>>))],
        refusals: lists::REFUSALS,
        ..NOTHING
    },
    Told {
        method: "POST",
        path: "/releases",
        name: "submit_release",
        summary: "Hand in an artifact that its engineer has signed",
        more: "201 for a new release. 200 if it is here already and what was kept of its payload was damaged: that is mended, and nothing else \
               changes.",
        words: &[Word {
            name: "track",
            what: "The track that the release is for.",
            is_required: true,
            kind: WordKind::Of(of::<TrackName>),
        }],
        body: Some(Body::Bytes(
            ARTIFACT_MEDIA_TYPE,
            "An artifact file, as `mainstay artifact pack` writes it.",
            FILE_BYTES_MAX,
        )),
        answers: &[
            (200, Answer::Json(of::<ReleaseView>)),
            (201, Answer::Json(of::<ReleaseView>)),
        ],
        refusals: &[
            (
                400,
                &["releases.no-track", "releases.version", "artifact.*"],
            ),
            (403, &["releases.not-the-holder", "release.same-person"]),
            (408, &["request.stalled"]),
            (409, &["plan.none", "store.already-exists", "release.*"]),
            (
                422,
                &[
                    "releases.class-not-in-plan",
                    "releases.track-not-in-plan",
                    "releases.floor-above-return",
                    "release.bad-facts",
                    "trust.*",
                ],
            ),
        ],
    },
    Told {
        method: "GET",
        path: "/releases/{id}",
        name: "release",
        summary: "One release",
        answers: &[(200, Answer::Json(of::<ReleaseView>))],
        ..NOTHING
    },
    Told {
        method: "GET",
        path: "/releases/{id}/why",
        name: "why_release",
        summary: "Why a release isn't moving, and what to do next",
        answers: &[(200, Answer::Json(of::<Why>))],
        refusals: &[(409, &["plan.none"]), (422, &["trust.*"])],
        ..NOTHING
    },
    Told {
        method: "POST",
        path: "/releases/{id}/approval",
        name: "approve_release",
        summary: "Approve a release: the same envelope, with one more signature",
        body: Some(Body::Bytes(
            ENVELOPE_MEDIA_TYPE,
            "The approved envelope, as `mainstay artifact approve` writes it.",
            ENVELOPE_BYTES_MAX as u64,
        )),
        answers: &[(200, Answer::Json(of::<ReleaseView>))],
        refusals: &[
            (403, &["releases.not-the-holder", "release.same-person"]),
            (
                409,
                &[
                    "plan.none",
                    "release.*",
                    "releases.manifest-changed",
                    "releases.other-grounds",
                ],
            ),
            (422, &["trust.*"]),
        ],
        ..NOTHING
    },
    Told {
        method: "GET",
        path: "/releases/{id}/devices",
        name: "release_devices",
        summary: "The devices that run a release by their own word, a page at a time",
        more: BY_PAGE,
        words: &[AFTER, LIMIT],
        answers: &[(200, Answer::Json(of::<DevicePage>))],
        refusals: &[(400, &["devices.page"])],
        ..NOTHING
    },
    Told {
        method: "POST",
        path: "/releases/{id}/rollout",
        name: "start_rollout",
        summary: "Start the rollout of an approved release",
        more: "201 for a rollout whose devices are drawn. 202 where more than 5000 devices are of its class: its phase is `starting` until they are \
               drawn, behind whoever asked. Then it is `rolling`; or `withdrawn`, by the server, with the reason why it couldn't start.",
        answers: &[
            (201, Answer::Json(of::<RolloutView>)),
            (202, Answer::Json(of::<RolloutView>)),
        ],
        refusals: &[
            (403, &["release.same-person"]),
            (
                409,
                &[
                    "plan.none",
                    "hold.in-force",
                    "release.*",
                    "rollout.*",
                    "rollouts.class-busy",
                    "rollouts.class-not-in-plan",
                    "rollouts.other-plan",
                    "store.already-exists",
                ],
            ),
            (422, &["releases.track-not-in-plan"]),
        ],
        ..NOTHING
    },
    Told {
        method: "GET",
        path: "/releases/{id}/rollout/preview",
        name: "preview_rollout",
        summary: "How the rollout of a release would go if it started now; changes nothing",
        words: &[Word {
            name: "bytes_per_second",
            what: "At how many bytes per second a device downloads; 100000 if it isn't said.",
            is_required: false,
            kind: WordKind::Number(1, u64::MAX),
        }],
        answers: &[(200, Answer::Json(of::<Preview>))],
        refusals: &[
            (400, &["preview.pace"]),
            (
                409,
                &[
                    "plan.none",
                    "preview.not-ahead",
                    "preview.empty-fleet",
                    "preview.class-without-devices",
                    "preview.fleet-too-large",
                    "rollout.*",
                    "rollouts.class-not-in-plan",
                ],
            ),
            (422, &["releases.track-not-in-plan", "trust.*"]),
        ],
        ..NOTHING
    },
    Told {
        method: "POST",
        path: "/releases/{id}/hold",
        name: "hold_release",
        summary: "Put a release on hold: nobody installs it for now",
        more: "One person is enough. What is on hold already stays so (200), and a request to end that falls.",
        body: Some(Body::Json(of::<HoldRequest>)),
        answers: &[
            (200, Answer::Json(of::<HoldView>)),
            (201, Answer::Json(of::<HoldView>)),
        ],
        refusals: &[
            (400, &["hold.reason"]),
            (409, &["hold.too-many", "hold.over"]),
        ],
        ..NOTHING
    },
    Told {
        method: "POST",
        path: "/releases/{id}/hold/release",
        name: "release_hold",
        summary: "Ask for the end of a hold, or agree to it: two people end one",
        answers: &[(200, Answer::Json(of::<HoldView>))],
        refusals: &[(403, &["hold.needs-another"]), (409, &["hold.over"])],
        ..NOTHING
    },
    Told {
        method: "POST",
        path: "/releases/{id}/schedules",
        name: "publish_schedule",
        summary: "Hand in the schedule that operations signed for a release",
        body: Some(Body::Bytes(
            DOCUMENT_MEDIA_TYPE,
            "A signed schedule.",
            SIGNED_BYTES_MAX as u64,
        )),
        answers: &[(201, Answer::Json(of::<ScheduleView>))],
        refusals: &[(422, &["trust.*"])],
        ..NOTHING
    },
    Told {
        method: "GET",
        path: "/payloads",
        name: "payloads",
        summary: "The payloads that a mirror holds: those of releases that devices are offered, or may return to",
        answers: &[(200, Answer::Json(of::<Vec<PayloadView>>))],
        ..NOTHING
    },
    Told {
        method: "GET",
        path: "/payloads/{digest}",
        name: "payload",
        summary: "The bytes of a payload, for a mirror",
        more: "One `Range` is heeded (206, or 416 without a body for one that is none); the ETag is the digest, and `If-Range` is compared with it. `If-None-Match` and `If-Match`, too: who has it is told so (304), and who means another one is sent none (412), both without a body.",
        answers: &[
            (200, Answer::Bytes("application/octet-stream")),
            (206, Answer::Bytes("application/octet-stream")),
        ],
        ..NOTHING
    },
    Told {
        method: "GET",
        path: "/holds",
        name: "holds",
        summary: "All holds, and which devices run what is on hold",
        answers: &[(200, Answer::Json(of::<Vec<HoldView>>))],
        ..NOTHING
    },
];
