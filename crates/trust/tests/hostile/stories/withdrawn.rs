//! Attacks on revocations: withheld, frozen, rolled back, run ahead, by others.

use crate::people::{Draft, guardian, leaked, manifest, revocations, root, server, signed, status};
use crate::sequel::{named, second_status};
use crate::story::{Stage, Story, first, kept, second, story, told};
use mainstay_trust::{Digest, Minimum, Refusal, Revocations, Role, Status};

pub fn stories() -> Vec<Story> {
    [withheld(), replaced(), said(), run_ahead(), new_epochs()]
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

fn handed(s: &mut Stage, bytes: Vec<u8>) {
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

/// A first root in which the guardian may revoke already.
fn guarded() -> Draft {
    root().with_guardian()
}

/// Its successor, in which this role begins anew.
fn epoch(role: Role) -> Draft {
    let mut next = Draft {
        version: 2,
        issued: 1_745_000_000,
        ..guarded()
    };
    next.role(role).epoch = 1;
    next
}

fn run_ahead() -> Vec<Story> {
    let highest = Revocations {
        seq: u64::MAX,
        ..revocations()
    };
    let mut stage = first().pinned(&guarded());
    let held = stage.file("held-revocations.hex", signed(&highest, &[&guardian()]));
    stage.scene.given.revocations = Some(held);
    stage.hand_root("root-2.hex", kept(&epoch(Role::Revocation)));
    let cure = Revocations {
        epoch: 1,
        seq: 1,
        ..revocations()
    };
    let bytes = signed(&cure, &[&guardian()]);
    stage.scene.attack.revocations = Some(stage.file("good-revocations.hex", bytes));
    let named = Some(named(&cure));
    let stage = stage.with_status(&Status {
        root_version: 2,
        revocations: named,
        ..status()
    });
    vec![
        story(
            "revocations-number-run-ahead",
            told(
                "A thief's revocations took the highest number; the next root begins a new epoch",
                "TUF: fast-forward",
                "a stolen revocation key",
                Refusal::RevocationsReplayed,
                "Nothing is above the highest number, until the keepers raise the epoch of role revocation.",
            ),
            stage.clone(),
            |s| {
                s.scene.attack.roots.clear();
                handed(
                    s,
                    signed(
                        &Revocations {
                            seq: 4,
                            ..revocations()
                        },
                        &[&guardian()],
                    ),
                );
            },
        ),
        story(
            "revocations-of-a-stolen-epoch",
            told(
                "The thief's revocations are still held under the root that ended their epoch",
                "Mainstay",
                "a stolen revocation key, a stolen status key, and the network",
                Refusal::RevocationsEpoch,
                "What was said in an epoch that has ended is void: nothing installs until the new one's first word.",
            ),
            stage,
            |s| {
                s.scene.attack.revocations = None;
                let named = Some(crate::sequel::named(&highest));
                s.status(&Status {
                    root_version: 2,
                    revocations: named,
                    ..status()
                });
            },
        ),
    ]
}

/// A device on which a thief's release has the highest number, the root that cures it, and these
/// revocations under it.
fn recovered(minimums: &[Minimum]) -> Stage {
    let mut stage = first().pinned(&guarded());
    stage.scene.given.revocations = Some("good/revocations.hex".to_owned());
    stage.hand_root("root-2.hex", kept(&epoch(Role::Build)));
    let next = Revocations {
        seq: 4,
        minimums: leaked(minimums),
        ..revocations()
    };
    let bytes = signed(&next, &[&guardian()]);
    stage.scene.attack.revocations = Some(stage.file("good-revocations.hex", bytes));
    stage.scene.device.release_mark = format!("0/{}", u64::MAX);
    stage.scene.device.floor_mark = format!("0/{}", u64::MAX);
    stage.with_status(&Status {
        root_version: 2,
        revocations: Some(named(&next)),
        ..status()
    })
}

fn new_epochs() -> Vec<Story> {
    let least = |sequence| Minimum {
        class: manifest().class_id,
        sequence,
    };
    let under = |root_version, minimums: &[Minimum]| {
        let next = Revocations {
            seq: 4,
            minimums: leaked(minimums),
            ..revocations()
        };
        let named = Some(named(&next));
        (
            next,
            Status {
                root_version,
                revocations: named,
                ..status()
            },
        )
    };
    vec![
        story(
            "release-number-run-ahead",
            told(
                "A thief's release took the highest number; the next root begins a new epoch",
                "TUF: fast-forward",
                "stolen build and release keys",
                Refusal::Downgrade,
                "Nothing is above the highest number, until the keepers raise the epoch of build or release.",
            ),
            {
                let mut stage = recovered(&[least(12)]);
                stage.scene.device.floor_mark = "0/10".to_owned();
                stage
            },
            |s| {
                s.scene.attack.roots.clear();
                s.status(&under(1, &[least(12)]).1);
            },
        ),
        story(
            "floor-run-ahead",
            told(
                "A thief's release set the highest floor; the next root begins a new epoch",
                "TUF: fast-forward",
                "stolen build and release keys",
                Refusal::BelowFloor,
                "A floor binds within its epoch, until the keepers raise that of build or release.",
            ),
            recovered(&[least(12)]),
            |s| {
                s.scene.attack.roots.clear();
                s.status(&under(1, &[least(12)]).1);
            },
        ),
        story(
            "new-epoch-without-minimum",
            told(
                "A new epoch of role build, and nobody has said yet what is too old in it",
                "TUF: rollback, after a recovery from fast-forward",
                "the network",
                Refusal::MinimumMissing,
                "In a new epoch every old release looks new, so nothing installs until a minimum is set.",
            ),
            recovered(&[least(12)]),
            |s| {
                let (next, status) = under(2, &[]);
                handed(s, signed(&next, &[&guardian()]));
                s.status(&status);
            },
        ),
        story(
            "old-release-in-a-new-epoch",
            told(
                "A release from before the theft, offered after it",
                "TUF: rollback, after a recovery from fast-forward",
                "the network",
                Refusal::BelowMinimum,
                "The minimum of the new epoch is above it.",
            ),
            recovered(&[least(12)]),
            |s| {
                let (next, status) = under(2, &[least(13)]);
                handed(s, signed(&next, &[&guardian()]));
                s.status(&status);
            },
        ),
    ]
}
