//! Attacks on the chain of roots.

use crate::people::{
    self, Draft, Person, Rule, add, engineer, guardian, keeper, manager, person, root, rule,
    server, signed, state_of, status, stranger,
};
use crate::sequel::{second_root, second_status};
use crate::story::{Stage, Story, first, kept, second, story, told};
use mainstay_trust::{KeyState, Refusal, Role, Status};

fn heir() -> Person {
    person(7, "heir@northwind.example")
}

/// The heir has the keeper's place.
fn handed_over() -> Draft {
    let mut next = second_root();
    next.keys.push(heir().key);
    *next.role(Role::Root) = rule(&[&heir()], 1);
    next
}

/// The pinned root of a device that is handed the second root, and no release.
pub(super) fn climbing() -> Stage {
    let mut stage = first();
    stage.scene.attack = crate::scene::Attack {
        roots: vec!["good/root-2.hex".to_owned()],
        ..Default::default()
    };
    stage
}

/// A case in which the second root is changed, and signed by the keeper all the same.
pub(super) fn changed(
    folder: &'static str,
    (title, list): (&str, &str),
    (expected, why): (Refusal, &str),
    change: impl FnOnce(&mut Draft),
) -> Story {
    let mut next = second_root();
    change(&mut next);
    let told = told(
        title,
        list,
        "the root key, or its keeper's mistake",
        expected,
        why,
    );
    story(folder, told, climbing(), |s| s.spoil_root(kept(&next)))
}

pub fn stories() -> Vec<Story> {
    [
        chain(),
        identity(),
        successions(),
        handovers(),
        thresholds(),
        outsiders(),
        after(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn chain() -> Vec<Story> {
    vec![
        changed(
            "root-gap",
            (
                "Root 3 after root 1",
                "CVE-2025-2885: a root's version number wasn't asked",
            ),
            (
                Refusal::RootVersion,
                "Roots follow without a gap: what root 2 took away can't be jumped over.",
            ),
            |n| n.version = 3,
        ),
        changed(
            "root-rollback",
            ("Root 1 again, with another content", "TUF: rollback"),
            (Refusal::RootVersion, "Versions rise."),
            |n| n.version = 1,
        ),
        changed(
            "root-fast-forward",
            ("The highest version there is", "TUF: fast-forward"),
            (
                Refusal::RootVersion,
                "A root that jumps ahead would leave no room for the next.",
            ),
            |n| n.version = u32::MAX,
        ),
    ]
}

fn identity() -> Vec<Story> {
    vec![
        changed(
            "root-of-another-vendor",
            ("A root of another vendor by the same keeper", "Mainstay"),
            (Refusal::RootIdentity, "A device never changes its vendor."),
            |n| n.vendor = "contoso.example",
        ),
        changed(
            "root-of-another-environment",
            (
                "The root of staging, offered to production",
                "TUF: mix and match",
            ),
            (
                Refusal::RootIdentity,
                "A device never changes its environment: staging's keys are easier to get.",
            ),
            |n| n.environment = "staging",
        ),
        changed(
            "root-epoch-unguarded",
            (
                "A new epoch of role build, and nobody who could set minimums",
                "Mainstay",
            ),
            (
                Refusal::RootEpoch,
                "In a new epoch old releases look new, until revocations say which are too old.",
            ),
            |n| {
                n.role(Role::Build).epoch = 1;
                *n.role(Role::Revocation) = Rule::default();
            },
        ),
    ]
}

/// Cases whose defect lies between two roots: the pinned one is another, too.
fn successions() -> Vec<Story> {
    let mut later_epoch = (root(), second_root());
    later_epoch.0.role(Role::Status).epoch = 1;
    later_epoch.1.role(Role::Status).epoch = 1;
    let mut revoked = (root(), second_root());
    for draft in [&mut revoked.0, &mut revoked.1] {
        add(draft, &heir(), Role::Operations);
        *state_of(draft, &heir()) = KeyState::Revoked;
    }
    let mut revived = second_root();
    add(&mut revived, &heir(), Role::Operations);
    let case = |folder, told, (pinned, good): (Draft, Draft), bad: Draft| {
        let stage = first().pinned(&pinned).only_root(kept(&good));
        story(folder, told, stage, |s| s.spoil_root(kept(&bad)))
    };
    vec![
        case(
            "root-epoch-lowered",
            told(
                "A root that goes back to an earlier epoch",
                "TUF: recovery from fast-forward, undone",
                "the root key, or its keeper's mistake",
                Refusal::RootEpoch,
                "Epochs only rise: a lower one would bring a thief's numbers back.",
            ),
            later_epoch,
            second_root(),
        ),
        case(
            "root-key-revived",
            told(
                "A key that was revoked is active again",
                "TUF: key compromise",
                "the root key, or its keeper's mistake",
                Refusal::RootRevival,
                "What was given up stays so; whoever needs a key makes a new one.",
            ),
            revoked,
            revived,
        ),
    ]
}

/// Two keepers, both needed.
fn two_keepers(mut draft: Draft) -> Draft {
    add(&mut draft, &heir(), Role::Root);
    draft.role(Role::Root).threshold = 2;
    draft
}

fn by_two(draft: &Draft, by: &[&Person]) -> Vec<u8> {
    signed(&draft.done(), by)
}

fn handovers() -> Vec<Story> {
    let handover = || first().only_root(by_two(&handed_over(), &[&keeper(), &heir()]));
    vec![
        story(
            "root-by-old-keepers-only",
            told(
                "A root with a new keeper who hasn't signed",
                "CVE-2020-15163: a new root wasn't checked against its own threshold",
                "the root key",
                Refusal::RoleMissing,
                "The new keepers sign too, so a root that they can't follow is never accepted.",
            ),
            handover(),
            |s| s.spoil_root(by_two(&handed_over(), &[&keeper()])),
        ),
        story(
            "root-by-new-keepers-only",
            told(
                "A root signed by a keeper whom only that root names",
                "TUF: arbitrary software installation",
                "the server or the network",
                Refusal::Unsigned,
                "Only the keepers that a device knows can name others.",
            ),
            handover(),
            |s| s.spoil_root(by_two(&handed_over(), &[&heir()])),
        ),
    ]
}

fn thresholds() -> Vec<Story> {
    let pair = || {
        let mut stage = first();
        let pinned = by_two(&two_keepers(root()), &[&keeper(), &heir()]);
        stage.scene.given.roots = vec![stage.file("root-1.hex", pinned)];
        stage.only_root(by_two(&two_keepers(second_root()), &[&keeper(), &heir()]))
    };
    vec![
        story(
            "root-below-threshold",
            told(
                "Two keepers are asked for; one signs",
                "TUF: key compromise below the threshold",
                "one root key of two",
                Refusal::ThresholdNotMet,
                "One stolen root key changes nothing.",
            ),
            pair(),
            |s| s.spoil_root(by_two(&two_keepers(second_root()), &[&keeper()])),
        ),
        story(
            "root-by-one-key-twice",
            told(
                "Two keepers are asked for; one signs twice",
                "GMS-2022-4197: one new root key counted twice",
                "one root key of two",
                Refusal::ThresholdNotMet,
                "A key that signed twice is one signer.",
            ),
            pair(),
            |s| s.spoil_root(by_two(&two_keepers(second_root()), &[&keeper(), &keeper()])),
        ),
    ]
}

fn outsiders() -> Vec<Story> {
    vec![
        story(
            "root-by-a-former-keeper",
            told(
                "The next root by a keeper who was replaced in the last",
                "TUF: key compromise",
                "a root key that isn't one any more",
                Refusal::RoleMissing,
                "Each root is signed to the threshold of the one before it.",
            ),
            {
                let mut stage = first();
                let second = by_two(&handed_over(), &[&keeper(), &heir()]);
                let second = stage.file("root-2.hex", second);
                stage.scene.given.roots.push(second);
                stage.only_root(by_two(&third(), &[&heir()]))
            },
            |s| s.spoil_root(by_two(&third(), &[&keeper()])),
        ),
        story(
            "root-by-everyone-else",
            told(
                "A root signed by every role but the keepers",
                "TUF: key compromise",
                "every key but those of role root",
                Refusal::RoleMissing,
                "No other role, and no number of them, makes a root.",
            ),
            climbing(),
            |s| {
                let all = [
                    engineer(),
                    manager(),
                    people::operator(),
                    guardian(),
                    server(),
                ];
                s.spoil_root(by_two(&second_root(), &all.each_ref()));
            },
        ),
        story(
            "root-by-a-stranger",
            told(
                "A root signed by nobody known",
                "TUF: arbitrary software installation",
                "the network",
                Refusal::Unsigned,
                "The chain begins with the root that the device was made with.",
            ),
            climbing(),
            |s| s.spoil_root(by_two(&second_root(), &[&stranger()])),
        ),
    ]
}

fn third() -> Draft {
    Draft {
        version: 3,
        ..handed_over()
    }
}

fn after() -> Vec<Story> {
    vec![
        story(
            "root-withheld",
            told(
                "The second root is kept from the device, and the status is of it",
                "TUF: freeze",
                "the network",
                Refusal::RootMismatch,
                "A status names the root it was made under.",
            ),
            first(),
            |s| {
                s.status(&Status {
                    root_version: 2,
                    ..status()
                })
            },
        ),
        story(
            "status-of-the-former-root",
            told(
                "A status that was made under the root before",
                "TUF: mix and match",
                "the server restored from an old copy, or a replay",
                Refusal::RootMismatch,
                "A status names the root it was made under.",
            ),
            second(),
            |s| {
                s.status(&Status {
                    root_version: 1,
                    ..second_status()
                })
            },
        ),
        story(
            "root-expired",
            told(
                "The device's root has expired, and its successor is withheld",
                "TUF: freeze",
                "the network",
                Refusal::RootExpired,
                "A frozen root is of bounded use.",
            ),
            first(),
            |s| {
                let short = Draft {
                    expires: status().issued,
                    ..root()
                };
                s.scene.given.roots = vec![s.file("root.hex", people::signed_root(&short))];
            },
        ),
    ]
}
