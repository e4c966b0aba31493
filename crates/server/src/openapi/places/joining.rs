//! Codes by which devices join, welcomes, other tokens for those that have one, certificates that devices were given, and those that let nobody in
//! any more.

use mainstay_api::{
    DeviceToken, IssuedCertificateView, JoinCodeView, MadeJoinCode, NewJoinCode, NewWelcome, Page,
    ReplaceToken, RevokeCertificate, RevokeCertificates, RevokedCertificateView, WelcomeView,
};

use super::super::told::{Answer, Body, NOTHING, Told, of};
use super::lists;

pub(super) const TOLD: &[Told] = &[
    Told {
        method: "GET",
        path: "/join-codes",
        name: "join_codes",
        summary: "Codes by which devices join, also those that don't work any more, a page at a time, the newest first",
        more: lists::BY_PAGE,
        words: lists::WORDS,
        answers: &[(200, Answer::Json(of::<Page<JoinCodeView>>))],
        refusals: lists::REFUSALS,
        ..NOTHING
    },
    Told {
        method: "POST",
        path: "/join-codes",
        name: "make_join_code",
        summary: "Make a code by which devices join that have no token yet",
        more: "The code is shown this once, and kept only as a hash.",
        body: Some(Body::Json(of::<NewJoinCode>)),
        answers: &[(201, Answer::Json(of::<MadeJoinCode>))],
        refusals: &[
            (409, &["plan.none", "store.already-exists"]),
            (
                422,
                &[
                    "devices.class",
                    "devices.hardware",
                    "devices.bootloader",
                    "fleet.zone",
                    "join.uses",
                    "join.days",
                    "join.one-by-name",
                    "gateway.unknown",
                    "gateway.is-behind-another",
                ],
            ),
        ],
        ..NOTHING
    },
    Told {
        method: "POST",
        path: "/join-codes/{id}/revoke",
        name: "revoke_join_code",
        summary: "Let no more devices join with a code; those that did stay",
        answers: &[(200, Answer::Json(of::<JoinCodeView>))],
        ..NOTHING
    },
    Told {
        method: "POST",
        path: "/devices/{id}/token",
        name: "replace_device_token",
        summary: "Give a device another token in place of the one that it has",
        more: "The token is shown this once, and kept only as a hash. The old one opens nothing from the next request on, at every server. The numbers \
               of the device's reports count anew. Its certificates go on working, and so do those who stand behind it.",
        body: Some(Body::Json(of::<ReplaceToken>)),
        answers: &[(200, Answer::Json(of::<DeviceToken>))],
        refusals: &[(400, &["rollouts.why"])],
        ..NOTHING
    },
    Told {
        method: "GET",
        path: "/welcomes",
        name: "welcomes",
        summary: "Welcomes, by which devices come in that nobody registered, also those that don't work any more, a page at a time, the newest first",
        more: lists::BY_PAGE,
        words: lists::WORDS,
        answers: &[(200, Answer::Json(of::<Page<WelcomeView>>))],
        refusals: lists::REFUSALS,
        ..NOTHING
    },
    Told {
        method: "POST",
        path: "/welcomes",
        name: "make_welcome",
        summary: "Let devices be registered at their first request that show a certificate of a device authority",
        more: "Only where the server was told to welcome unregistered devices.",
        body: Some(Body::Json(of::<NewWelcome>)),
        answers: &[(201, Answer::Json(of::<WelcomeView>))],
        refusals: &[
            (400, &["welcome.authority"]),
            (
                409,
                &[
                    "plan.none",
                    "store.already-exists",
                    "welcome.switched-off",
                    "welcome.overlaps",
                    "welcome.too-many",
                ],
            ),
            (
                422,
                &[
                    "devices.class",
                    "devices.hardware",
                    "devices.bootloader",
                    "fleet.zone",
                    "welcome.uses",
                    "welcome.days",
                    "welcome.prefix",
                ],
            ),
        ],
        ..NOTHING
    },
    Told {
        method: "POST",
        path: "/welcomes/{id}/revoke",
        name: "revoke_welcome",
        summary: "Let a welcome let no more devices in; those that it did stay",
        answers: &[(200, Answer::Json(of::<WelcomeView>))],
        ..NOTHING
    },
    Told {
        method: "GET",
        path: "/revoked-certificates",
        name: "revoked_certificates",
        summary: "Certificates of devices that let nobody in any more, a page at a time, those revoked last first",
        more: lists::BY_PAGE,
        words: lists::WORDS,
        answers: &[(200, Answer::Json(of::<Page<RevokedCertificateView>>))],
        refusals: lists::REFUSALS,
        ..NOTHING
    },
    Told {
        method: "POST",
        path: "/revoked-certificates",
        name: "revoke_certificate",
        summary: "Let a device's certificate let nobody in any more, for good",
        more: "It counts from the next request on, also on connections that are open, at every server. The certificate needn't ever have been seen.",
        body: Some(Body::Json(of::<RevokeCertificate>)),
        answers: &[(201, Answer::Json(of::<RevokedCertificateView>))],
        refusals: &[
            (400, &["certificates.fingerprint", "rollouts.why"]),
            (409, &["store.already-exists"]),
        ],
        ..NOTHING
    },
    Told {
        method: "GET",
        path: "/devices/{id}/certificates",
        name: "device_certificates",
        summary: "The newest 1000 certificates that this server gave to a device, also those that are over or revoked",
        answers: &[(200, Answer::Json(of::<Vec<IssuedCertificateView>>))],
        ..NOTHING
    },
    Told {
        method: "POST",
        path: "/devices/{id}/certificates/revoke",
        name: "revoke_device_certificates",
        summary: "Let all certificates that this server gave to a device let nobody in any more, for good",
        more: "Those that are revoked aren't revoked once more. A device that has its token still comes by that, and may ask for a new certificate.",
        body: Some(Body::Json(of::<RevokeCertificates>)),
        answers: &[(200, Answer::Json(of::<Vec<RevokedCertificateView>>))],
        refusals: &[(400, &["rollouts.why"])],
        ..NOTHING
    },
];
