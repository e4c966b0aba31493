//! Rollouts.

use mainstay_api::{
    AnswerRequest, HaltRequest, Page, PauseRequest, RolloutView, Why, WithdrawRequest,
};

use super::super::told::{Answer, Body, NOTHING, Told, of};
use super::lists;

const GIVES_IT: &[(u16, Answer)] = &[(200, Answer::Json(of::<RolloutView>))];

pub(super) const TOLD: &[Told] = &[
    Told {
        method: "GET",
        path: "/rollouts",
        name: "rollouts",
        summary: "Rollouts, a page at a time, the newest first",
        more: lists::BY_PAGE,
        words: lists::WORDS,
        answers: &[(200, Answer::Json(of::<Page<RolloutView>>))],
        refusals: lists::REFUSALS,
        ..NOTHING
    },
    Told {
        method: "GET",
        path: "/rollouts/{id}",
        name: "rollout",
        summary: "One rollout and how its waves do",
        answers: GIVES_IT,
        ..NOTHING
    },
    Told {
        method: "GET",
        path: "/rollouts/{id}/why",
        name: "why_rollout",
        summary: "Why a rollout isn't moving, and what to do next",
        answers: &[(200, Answer::Json(of::<Why>))],
        refusals: &[(409, &["plan.none"]), (422, &["trust.*"])],
        ..NOTHING
    },
    Told {
        method: "POST",
        path: "/rollouts/{id}/halt",
        name: "halt_rollout",
        summary: "Halt a rollout for good: nobody gets the release from it any more",
        body: Some(Body::Json(of::<HaltRequest>)),
        answers: GIVES_IT,
        refusals: &[
            (400, &["rollouts.why"]),
            (
                409,
                &[
                    "rollout.already-halted",
                    "rollout.already-complete",
                    "rollout.withdrawn",
                ],
            ),
        ],
        ..NOTHING
    },
    Told {
        method: "POST",
        path: "/rollouts/{id}/pause",
        name: "pause_rollout",
        summary: "Let a rollout stand still",
        body: Some(Body::Json(of::<PauseRequest>)),
        answers: GIVES_IT,
        refusals: &[
            (400, &["rollouts.why"]),
            (409, &["rollout.already-paused", "rollout.over"]),
        ],
        ..NOTHING
    },
    Told {
        method: "POST",
        path: "/rollouts/{id}/resume",
        name: "resume_rollout",
        summary: "Let a paused rollout go on",
        answers: GIVES_IT,
        refusals: &[(409, &["rollout.not-paused", "rollout.over"])],
        ..NOTHING
    },
    Told {
        method: "POST",
        path: "/rollouts/{id}/withdraw",
        name: "withdraw_rollout",
        summary: "Take a rollout back before its first wave opens",
        body: Some(Body::Json(of::<WithdrawRequest>)),
        answers: GIVES_IT,
        refusals: &[
            (400, &["rollouts.why"]),
            (409, &["rollout.wave-open", "rollout.over"]),
        ],
        ..NOTHING
    },
    Told {
        method: "POST",
        path: "/rollouts/{id}/answer",
        name: "answer_rollout",
        summary: "Answer a rollout's question: it goes on, or halts",
        body: Some(Body::Json(of::<AnswerRequest>)),
        answers: GIVES_IT,
        refusals: &[
            (400, &["rollouts.why"]),
            (
                409,
                &[
                    "rollout.nothing-asked",
                    "rollout.already-halted",
                    "rollout.already-complete",
                    "rollout.withdrawn",
                ],
            ),
        ],
        ..NOTHING
    },
];
