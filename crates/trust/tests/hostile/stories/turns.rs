//! Attacks on the word of operations: schedules and bundles.

use crate::people::{
    Person, bundle_statement, manager, manifest, operator, own_document, payload, revocations,
    schedule, server, signed, status,
};
use crate::story::{Stage, Story, offline, second, story, told};
use mainstay_trust::{
    BundleStatement, Digest, Document, Mark, Refusal, Revocations, RustCrypto, Schedule,
};

pub fn stories() -> Vec<Story> {
    [
        schedules(),
        shares(),
        bundles(),
        old_sticks(),
        other_hands(),
        other_kinds(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn schedules() -> Vec<Story> {
    let now = status().issued;
    let case = |folder, title, (expected, why), change: fn(&mut Schedule, u64)| {
        let told = told(
            title,
            "Mainstay: operations say when and to whom",
            "a conquered server",
            expected,
            why,
        );
        story(folder, told, second(), move |s| {
            let mut changed = schedule();
            change(&mut changed, now);
            s.schedule(&changed);
        })
    };
    vec![
        case(
            "schedule-of-another-release",
            "The schedule of another release",
            (Refusal::ScheduleMismatch, "A schedule names its release."),
            |p, _| p.release = Digest([1; 32]),
        ),
        case(
            "schedule-of-another-class",
            "The schedule of another class",
            (Refusal::ScheduleMismatch, "A schedule names its class."),
            |p, _| p.class[15] ^= 1,
        ),
        case(
            "schedule-early",
            "A schedule that begins in a second",
            (Refusal::ScheduleEarly, "Operations has said when."),
            |p, now| p.not_before = now + 1,
        ),
        case(
            "schedule-expired",
            "A schedule that has just ended",
            (Refusal::ScheduleExpired, "Operations has said until when."),
            |p, now| p.expires = now,
        ),
        story(
            "schedule-withheld",
            told(
                "A release of a class that waits for operations, without a schedule",
                "Mainstay: operations say when and to whom",
                "a conquered server",
                Refusal::ScheduleMissing,
                "The root demands a schedule for this class.",
            ),
            second(),
            |s| s.scene.attack.schedule = None,
        ),
    ]
}

/// The least share that this device lies within.
fn place() -> u16 {
    let within = |share: &u16| {
        let schedule = Schedule {
            share: *share,
            ..schedule()
        };
        schedule.includes(b"th-0042", &RustCrypto)
    };
    (0..=10_000).find(within).expect("the whole fleet")
}

fn shares() -> Vec<Story> {
    vec![
        story(
            "share-exceeded",
            told(
                "A canary widened by one in ten thousand",
                "Mainstay: operations say when and to whom",
                "a conquered server",
                Refusal::NotInShare,
                "The device itself finds out whether it lies within the share.",
            ),
            second(),
            |s| {
                s.schedule(&Schedule {
                    share: place() - 1,
                    ..schedule()
                })
            },
        ),
        story(
            "share-of-more-than-all",
            told(
                "A share of 10,001 in 10,000",
                "Mainstay",
                "the operations key",
                Refusal::FieldInvalid,
                "It can't be meant.",
            ),
            second(),
            |s| {
                let raw = crate::story::replaced(
                    &payload(&schedule()),
                    &[0x03, 0x19, 0x27, 0x10],
                    &[0x03, 0x19, 0x27, 0x11],
                );
                let bytes = own_document(&[&operator()], Schedule::CONTENT_TYPE, &raw);
                s.scene.attack.schedule = Some(s.file("schedule.hex", bytes));
            },
        ),
    ]
}

fn bundles() -> Vec<Story> {
    let case = |folder, title, (expected, why), change: fn(&mut BundleStatement)| {
        let told = told(title, "Mainstay: bundles", "an old stick", expected, why);
        story(folder, told, offline(), move |s| {
            let mut changed = bundle_statement();
            change(&mut changed);
            s.bundle(&changed);
        })
    };
    vec![
        case(
            "bundle-stale",
            "A bundle that rests on older revocations than the device knows",
            (
                Refusal::BundleStale,
                "Whoever made it didn't know what is withdrawn by now.",
            ),
            |b| b.revocations.number = 2,
        ),
        case(
            "bundle-of-newer-revocations",
            "A bundle that rests on newer revocations than the device has, without them",
            (
                Refusal::RevocationsMissing,
                "The bundle's own revocations are taken first.",
            ),
            |b| b.revocations.number = 4,
        ),
        case(
            "bundle-of-another-release",
            "A bundle's statement around another release",
            (Refusal::BundleMismatch, "A statement names its release."),
            |b| b.release = Digest([1; 32]),
        ),
        case(
            "bundle-of-another-epoch",
            "A bundle that rests on revocations of an epoch to come",
            (
                Refusal::RevocationsMissing,
                "Marks are compared by epoch first.",
            ),
            |b| {
                b.revocations = Mark {
                    epoch: 1,
                    number: 1,
                }
            },
        ),
    ]
}

fn old_sticks() -> Vec<Story> {
    vec![
        story(
            "bundle-expired",
            told(
                "A bundle whose time has passed",
                "Mainstay: bundles",
                "an old stick",
                Refusal::BundleExpired,
                "A bundle ends, by the device's clock or its time floor.",
            ),
            offline(),
            |s| s.scene.device.time = bundle_statement().expires,
        ),
        story(
            "bundle-frozen",
            told(
                "A bundle still good, with revocations past their next update",
                "TUF: freeze",
                "an old stick",
                Refusal::RevocationsStale,
                "A bundle refreshes nothing.",
            ),
            offline(),
            |s| {
                s.scene.device.clock = Some(revocations().next_update);
                let expires = revocations().next_update + 1;
                s.bundle(&BundleStatement {
                    expires,
                    ..bundle_statement()
                });
            },
        ),
        story(
            "bundle-around-a-revoked-release",
            told(
                "A bundle made before its release was revoked, to a device that knows",
                "TUF: rollback",
                "an old stick",
                Refusal::BundleStale,
                "The device knows newer revocations than the bundle's author did.",
            ),
            offline(),
            |s| {
                let next = Revocations {
                    seq: 4,
                    releases: crate::people::leaked(&[manifest().digest]),
                    ..revocations()
                };
                let bytes = signed(&next, &[&crate::people::guardian()]);
                s.scene.attack.revocations = Some(s.file("revocations.hex", bytes));
            },
        ),
    ]
}

fn other_hands() -> Vec<Story> {
    let schedule_by = |who: Person| {
        move |s: &mut Stage| {
            s.scene.attack.schedule = Some(s.file("schedule.hex", signed(&schedule(), &[&who])));
        }
    };
    let key = "Only operations says when and to whom.";
    vec![
        story(
            "schedule-by-the-server",
            told(
                "A schedule by the status key",
                "TUF: key compromise",
                "a conquered server",
                Refusal::RoleMissing,
                key,
            ),
            second(),
            schedule_by(server()),
        ),
        story(
            "schedule-by-the-manager",
            told(
                "A schedule by the one who approves",
                "Mainstay: separation of duties",
                "the release key",
                Refusal::RoleMissing,
                key,
            ),
            second(),
            schedule_by(manager()),
        ),
        story(
            "bundle-by-the-server",
            told(
                "A bundle's statement by the status key",
                "TUF: key compromise",
                "a conquered server",
                Refusal::RoleMissing,
                "The server can't stand in for itself where it isn't asked.",
            ),
            offline(),
            |s| {
                s.scene.attack.bundle =
                    Some(s.file("bundle.hex", signed(&bundle_statement(), &[&server()])))
            },
        ),
    ]
}

fn other_kinds() -> Vec<Story> {
    vec![
        story(
            "schedule-as-bundle",
            told(
                "A schedule in the place of a bundle's statement",
                "Mainstay: cross-protocol",
                "the server, and a schedule that operations signed",
                Refusal::ForeignProfile,
                "One role signs both, and neither passes as the other.",
            ),
            offline(),
            |s| s.scene.attack.bundle = Some("good/schedule.hex".to_owned()),
        ),
        story(
            "bundle-as-schedule",
            told(
                "A bundle's statement in the place of a schedule",
                "Mainstay: cross-protocol",
                "the server, and a stick",
                Refusal::ForeignProfile,
                "One role signs both, and neither passes as the other.",
            ),
            second(),
            |s| s.scene.attack.schedule = Some("good/bundle-statement.hex".to_owned()),
        ),
        story(
            "status-as-bundle",
            told(
                "A status in the place of a bundle's statement",
                "Mainstay: cross-protocol",
                "the server",
                Refusal::ForeignProfile,
                "A statement has the shape of a statement.",
            ),
            offline(),
            |s| s.scene.attack.bundle = Some("good/status-2.hex".to_owned()),
        ),
    ]
}
