//! Who is told by HTTP what happens.

use mainstay_api::{DeliveryView, MadeWebhook, NewWebhook, WebhookTest, WebhookView};

use super::super::told::{Answer, Body, NOTHING, Told, of};

pub(super) const TOLD: &[Told] = &[
    Told {
        method: "GET",
        path: "/webhooks",
        name: "webhooks",
        summary: "Who is told by HTTP what happens",
        answers: &[(200, Answer::Json(of::<Vec<WebhookView>>))],
        ..NOTHING
    },
    Told {
        method: "POST",
        path: "/webhooks",
        name: "add_webhook",
        summary: "Have an address told what happens from now on",
        more: "Each event is sent as a POST, signed as Standard Webhooks have it with the secret that is shown this once. It is sent again, under the same \
               `webhook-id`, until it is answered with 200 to 299, for three days at most; what followed about the same subject waits for it. An address \
               that takes nothing for three days is switched off.",
        body: Some(Body::Json(of::<NewWebhook>)),
        answers: &[(201, Answer::Json(of::<MadeWebhook>))],
        refusals: &[
            (400, &["webhooks.url", "webhooks.kind"]),
            (409, &["webhooks.no-key", "webhooks.too-many"]),
        ],
        ..NOTHING
    },
    Told {
        method: "DELETE",
        path: "/webhooks/{id}",
        name: "remove_webhook",
        summary: "Have an address told nothing any more",
        answers: &[(204, Answer::Empty)],
        ..NOTHING
    },
    Told {
        method: "POST",
        path: "/webhooks/{id}/test",
        name: "test_webhook",
        summary: "Send something that didn't happen, once and now",
        answers: &[(200, Answer::Json(of::<WebhookTest>))],
        ..NOTHING
    },
    Told {
        method: "GET",
        path: "/webhooks/{id}/deliveries",
        name: "webhook_deliveries",
        summary: "The newest hundred deliveries, and what became of them",
        answers: &[(200, Answer::Json(of::<Vec<DeliveryView>>))],
        ..NOTHING
    },
];
