//! Thieves who took the highest number there is, and the new epochs that cure it.

use super::withdrawn::handed;
use crate::people::{Draft, guardian, leaked, manifest, revocations, root, signed, status};
use crate::sequel::named;
use crate::story::{Stage, Story, first, kept, story, told};
use mainstay_trust::{Minimum, Refusal, Revocations, Role, Status};

pub fn stories() -> Vec<Story> {
    [run_ahead(), new_epochs(), minimums()]
        .into_iter()
        .flatten()
        .collect()
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

/// The thief's revocations.
fn highest() -> Revocations<'static> {
    Revocations {
        seq: u64::MAX,
        ..revocations()
    }
}

/// A device that holds them, and the root and revocations that cure it.
fn void_epoch() -> Stage {
    let mut stage = first().pinned(&guarded());
    let held = stage.file("held-revocations.hex", signed(&highest(), &[&guardian()]));
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
    stage.with_status(&Status {
        root_version: 2,
        revocations: named,
        ..status()
    })
}

fn run_ahead() -> Vec<Story> {
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
            void_epoch(),
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
                Refusal::RevocationsMissing,
                "What was said in an epoch that has ended is void: nothing installs until the new one's first word.",
            ),
            void_epoch(),
            |s| {
                s.scene.attack.revocations = None;
                let named = Some(named(&highest()));
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
    ]
}

fn minimums() -> Vec<Story> {
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
