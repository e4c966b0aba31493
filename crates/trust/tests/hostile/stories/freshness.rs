//! Attacks on what vouches for the moment: status, nonce, clock, and numbers run ahead.

use crate::people::{
    Draft, leaked, manager, manifest, own_document, payload, root, signed, status, stranger,
};
use crate::story::{Stage, Story, first, kept, story, told};
use mainstay_trust::{Document, Refusal, Role, Status};

pub fn stories() -> Vec<Story> {
    [
        replays(),
        nonces(),
        clocks(),
        forgeries(),
        holds(),
        run_ahead(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn replays() -> Vec<Story> {
    vec![
        story(
            "status-withheld",
            told(
                "A release without a status",
                "TUF: freeze",
                "the network",
                Refusal::StatusMissing,
                "Without the server's word on today nothing is installed.",
            ),
            first(),
            |s| s.scene.attack.status = None,
        ),
        story(
            "status-rollback",
            told(
                "An answer to this check-in with a number below the last",
                "CVE-2022-29173: rollback of other roles than root; TUF: rollback",
                "the status key, or a server restored from an old copy",
                Refusal::StatusReplayed,
                "Status numbers never fall.",
            ),
            first(),
            |s| s.scene.device.status_mark = "0/8".to_owned(),
        ),
    ]
}

fn nonces() -> Vec<Story> {
    vec![
        story(
            "nonce-reused",
            told(
                "The answer to an earlier check-in, again",
                "TUF: freeze; a nonce used twice",
                "the network",
                Refusal::StatusNonce,
                "Each check-in has its nonce, and a status answers one of them.",
            ),
            first(),
            |s| s.scene.device.nonce = Some("5b".repeat(16)),
        ),
        story(
            "nonce-withheld",
            told(
                "A status for no check-in, to a device without a clock",
                "TUF: freeze",
                "the network",
                Refusal::StatusNonce,
                "Without a clock only an echo shows that a status is of today.",
            ),
            first(),
            |s| {
                s.status(&Status {
                    nonce: None,
                    ..status()
                })
            },
        ),
        story(
            "nonce-of-no-question",
            told(
                "A status with a nonce, to a device that sent none",
                "Mainstay",
                "the network",
                Refusal::StatusNonce,
                "An answer to nothing answers somebody else.",
            ),
            first(),
            |s| s.scene.device.nonce = None,
        ),
        story(
            "nonce-of-another-device",
            told(
                "Another device's answer, to a device whose clock is right",
                "TUF: mix and match",
                "the network",
                Refusal::StatusNonce,
                "A clock doesn't make another's answer one's own.",
            ),
            clocked(),
            |s| {
                s.status(&Status {
                    nonce: Some(&[0x77; 16]),
                    ..status()
                })
            },
        ),
    ]
}

/// A device with a clock that is right, and a status that was made for everybody.
fn clocked() -> Stage {
    let mut stage = first().with_status(&Status {
        nonce: None,
        ..status()
    });
    stage.scene.device.nonce = None;
    stage.scene.device.clock = Some(status().issued + 100);
    stage
}

fn clocks() -> Vec<Story> {
    vec![
        story(
            "status-expired-by-a-right-clock",
            told(
                "Yesterday's status, to a device whose clock is right",
                "TUF: freeze",
                "the network",
                Refusal::StatusStale,
                "A status ends, so a copy is of bounded use.",
            ),
            clocked(),
            |s| s.scene.device.clock = Some(status().expires),
        ),
        story(
            "status-expired-by-a-wrong-clock",
            told(
                "Yesterday's status, to a device whose clock was set back",
                "TUF: freeze",
                "the network, and the device's clock",
                Refusal::StatusStale,
                "Time never runs below the newest signed moment.",
            ),
            clocked(),
            |s| {
                s.scene.device.clock = Some(1_600_000_000);
                s.scene.device.time = status().expires;
            },
        ),
        story(
            "status-expired-without-a-clock",
            told(
                "A status that echoes the nonce and ended before a moment that the device has seen signed",
                "TUF: freeze",
                "the status key",
                Refusal::StatusStale,
                "Time never runs below the newest signed moment.",
            ),
            first(),
            |s| s.scene.device.time = status().expires,
        ),
        story(
            "clock-missing",
            told(
                "A status for everybody, to a device that has lost its clock",
                "TUF: freeze",
                "the network, and the device's battery",
                Refusal::StatusNonce,
                "Without a clock only an echo shows that a status is of today.",
            ),
            clocked(),
            |s| s.scene.device.clock = None,
        ),
    ]
}

fn forgeries() -> Vec<Story> {
    let by = |who: crate::people::Person| {
        move |s: &mut Stage| s.status_bytes(signed(&status(), &[&who]))
    };
    vec![
        story(
            "status-by-a-stranger",
            told(
                "A status by a key of nobody",
                "TUF: malicious mirror",
                "the server without its key",
                Refusal::Unsigned,
                "The root doesn't list the key.",
            ),
            first(),
            by(stranger()),
        ),
        story(
            "status-by-the-manager",
            told(
                "A status by the one who approves",
                "TUF: key compromise",
                "the release key",
                Refusal::RoleMissing,
                "Whoever approves a release doesn't say what is fresh.",
            ),
            first(),
            by(manager()),
        ),
        story(
            "status-of-eight-days",
            told(
                "A status that lasts longer than a week",
                "TUF: freeze",
                "the status key",
                Refusal::FieldInvalid,
                "No status lasts longer than a week, whoever signs it.",
            ),
            first(),
            |s| {
                let old = status().expires.to_be_bytes();
                let new = (status().issued + 8 * 86_400).to_be_bytes();
                let raw = crate::story::replaced(&payload(&status()), &old[4..], &new[4..]);
                s.status_bytes(own_document(
                    &[&crate::people::server()],
                    Status::CONTENT_TYPE,
                    &raw,
                ));
            },
        ),
    ]
}

fn holds() -> Vec<Story> {
    vec![
        story(
            "release-on-hold",
            told(
                "A release that operations has on hold",
                "Mainstay: brakes",
                "the server's offers, not its status key",
                Refusal::Held,
                "One person's brake; it only denies.",
            ),
            first(),
            |s| {
                s.status(&Status {
                    held: leaked(&[manifest().digest]),
                    ..status()
                })
            },
        ),
        story(
            "held-release-offered-again",
            told(
                "A release that was halted, offered with the status from before the halt",
                "TUF: rollback",
                "the server's offers and the network, not the status key",
                Refusal::StatusNonce,
                "The status from before answers another check-in.",
            ),
            first(),
            |s| {
                s.status(&Status {
                    seq: 6,
                    nonce: Some(&[0x59; 16]),
                    ..status()
                })
            },
        ),
    ]
}

/// The ordinary root's successor, in which role status begins anew.
fn status_epoch() -> Draft {
    let mut next = Draft {
        version: 2,
        issued: 1_745_000_000,
        ..root()
    };
    next.role(Role::Status).epoch = 1;
    next
}

/// A device that a thief of the status key has run ahead of everybody, and the root that cures it.
fn cured(change: impl FnOnce(&mut Stage)) -> Stage {
    let mut stage = first().with_status(&Status {
        root_version: 2,
        ..status()
    });
    stage.hand_root("root-2.hex", kept(&status_epoch()));
    change(&mut stage);
    stage
}

fn without_cure(s: &mut Stage) {
    s.scene.attack.roots.clear();
    s.scene.attack.status = Some("good/status.hex".to_owned());
}

fn run_ahead() -> Vec<Story> {
    vec![
        story(
            "status-number-run-ahead",
            told(
                "A thief's status took the highest number; the next root begins a new epoch",
                "TUF: fast-forward",
                "a stolen status key",
                Refusal::StatusReplayed,
                "Nothing is above the highest number, until the keepers raise the epoch of role status.",
            ),
            cured(|s| s.scene.device.status_mark = format!("0/{}", u64::MAX)),
            without_cure,
        ),
        story(
            "time-run-ahead",
            told(
                "A thief's status was of the year 2096; the next root begins the time anew",
                "TUF: fast-forward",
                "a stolen status key",
                Refusal::StatusStale,
                "Everything seems to have expired, until the keepers raise the epoch of role status.",
            ),
            cured(|s| s.scene.device.time = 4_000_000_000),
            without_cure,
        ),
    ]
}
