//! Attacks on revocations: withheld, frozen, rolled back, run ahead, by others.

use crate::people::{guardian, leaked, manifest, revocations, server, signed};
use crate::sequel::{named, second_status};
use crate::story::{Stage, Story, second, story, told};
use mainstay_trust::{Digest, Minimum, Refusal, Revocations, Status};

pub fn stories() -> Vec<Story> {
    [withheld(), mixed(), replaced(), others(), said()]
        .into_iter()
        .flatten()
        .collect()
}

/// A device that takes the ordinary revocations only now.
fn arriving() -> Stage {
    let mut stage = second();
    stage.scene.given.revocations = None;
    stage.scene.attack.revocations = Some("good/revocations.hex".to_owned());
    stage
}

fn withheld() -> Vec<Story> {
    vec![
        story(
            "revocations-withheld",
            told(
                "The revocations are kept from the device",
                "TUF: freeze",
                "the network",
                Refusal::RevocationsMissing,
                "Where people can revoke, their word must be there.",
            ),
            arriving(),
            |s| s.scene.attack.revocations = None,
        ),
        story(
            "revocations-frozen",
            told(
                "Old revocations, and a status that keeps quiet about newer ones",
                "TUF: freeze",
                "a stolen status key, and the network",
                Refusal::RevocationsStale,
                "Past their next update nothing is installed, whatever a fresh status says of them.",
            ),
            second(),
            |s| {
                let issued = revocations().next_update;
                s.status(&Status {
                    issued,
                    expires: issued + 300,
                    ..second_status()
                });
            },
        ),
        story(
            "revocations-frozen-by-a-back-dated-status",
            told(
                "Old revocations, and a status that is dated before their end",
                "TUF: freeze",
                "a stolen status key, and the network",
                Refusal::RevocationsStale,
                "A clock that the device trusts, or its time floor, is asked too.",
            ),
            second(),
            |s| s.scene.device.clock = Some(revocations().next_update),
        ),
    ]
}

fn mixed() -> Vec<Story> {
    vec![
        story(
            "revocations-mixed",
            told(
                "A status that names other revocations than the device holds",
                "TUF: mix and match",
                "the server or the network",
                Refusal::RevocationsMismatch,
                "The device must have the ones that count today.",
            ),
            second(),
            |s| {
                s.status(&Status {
                    revocations: Some(Digest([1; 32])),
                    ..second_status()
                })
            },
        ),
        story(
            "revocations-unnamed",
            told(
                "A status that names no revocations, to a device that has some",
                "TUF: mix and match",
                "a stolen status key",
                Refusal::RevocationsMismatch,
                "Silence isn't consent.",
            ),
            second(),
            |s| {
                s.status(&Status {
                    revocations: None,
                    ..second_status()
                })
            },
        ),
    ]
}

/// A device that holds the ordinary revocations and is handed their successor.
fn succeeding() -> Stage {
    let mut stage = second();
    let next = Revocations {
        seq: 4,
        ..revocations()
    };
    let bytes = signed(&next, &[&guardian()]);
    stage.scene.attack.revocations = Some(stage.file("good-revocations.hex", bytes));
    stage.with_status(&Status {
        revocations: Some(named(&next)),
        ..second_status()
    })
}

/// These signed revocations come.
pub(super) fn handed(s: &mut Stage, bytes: Vec<u8>) {
    s.scene.attack.revocations = Some(s.file("revocations.hex", bytes));
}

fn replaced() -> Vec<Story> {
    vec![
        story(
            "revocations-rollback",
            told(
                "Revocations older than the device's own",
                "TUF: rollback",
                "the server or the network",
                Refusal::RevocationsReplayed,
                "What was withdrawn stays so.",
            ),
            succeeding(),
            |s| {
                handed(
                    s,
                    signed(
                        &Revocations {
                            seq: 2,
                            ..revocations()
                        },
                        &[&guardian()],
                    ),
                )
            },
        ),
        story(
            "revocations-of-the-same-number",
            told(
                "Two different revocations of one number",
                "TUF specification, issue 114: equal versions, different contents",
                "a stolen revocation key",
                Refusal::RevocationsReplayed,
                "A number is given once.",
            ),
            succeeding(),
            |s| {
                handed(
                    s,
                    signed(
                        &Revocations {
                            issued: 1_749_000_001,
                            ..revocations()
                        },
                        &[&guardian()],
                    ),
                )
            },
        ),
    ]
}

fn others() -> Vec<Story> {
    vec![
        story(
            "revocations-by-the-server",
            told(
                "Revocations by the status key",
                "TUF: key compromise",
                "a conquered server",
                Refusal::RoleMissing,
                "The server can't revoke, and so can't undo a revocation.",
            ),
            succeeding(),
            |s| {
                handed(
                    s,
                    signed(
                        &Revocations {
                            seq: 4,
                            ..revocations()
                        },
                        &[&server()],
                    ),
                )
            },
        ),
        story(
            "revocations-of-another-epoch",
            told(
                "Revocations of an epoch that hasn't begun",
                "Mainstay",
                "a stolen revocation key",
                Refusal::RevocationsEpoch,
                "Epochs are the root's to begin.",
            ),
            succeeding(),
            |s| {
                handed(
                    s,
                    signed(
                        &Revocations {
                            epoch: 1,
                            ..revocations()
                        },
                        &[&guardian()],
                    ),
                )
            },
        ),
    ]
}

fn said() -> Vec<Story> {
    let minimum = Minimum {
        class: manifest().class_id,
        sequence: 13,
    };
    vec![
        story(
            "digest-revoked",
            told(
                "A release that the revocations name",
                "TUF: wrong software installation",
                "the server's offers",
                Refusal::RevokedRelease,
                "What was withdrawn isn't installed.",
            ),
            second(),
            |s| {
                let releases = leaked(&[manifest().digest]);
                s.revocations(&Revocations {
                    seq: 4,
                    releases,
                    ..revocations()
                });
            },
        ),
        story(
            "below-the-minimum",
            told(
                "A release below the least number of its class",
                "TUF: rollback",
                "the server's offers",
                Refusal::BelowMinimum,
                "One line withdraws everything older.",
            ),
            second(),
            |s| {
                s.revocations(&Revocations {
                    seq: 4,
                    minimums: leaked(&[minimum]),
                    ..revocations()
                })
            },
        ),
    ]
}
