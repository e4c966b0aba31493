//! Attacks on who counts: thresholds, holders, key states, hybrid pairs.

use crate::people::{
    self, Draft, Person, add, approve, build, engineer, envelope, leaked, manager, manifest,
    operator, person, revocations, root, signed_root, state_of,
};
use crate::story::{Stage, Story, first, second, story, told};
use mainstay_trust::{KeyState, Refusal, Revocations, Role};

fn colleague() -> Person {
    person(7, "colleague@northwind.example")
}

/// The engineer's second key.
fn spare() -> Person {
    person(8, "engineer@northwind.example")
}

/// Two of three builders' keys must sign, and two of the keys are one person's.
fn two_builders() -> Draft {
    let mut root = root();
    add(&mut root, &colleague(), Role::Build);
    add(&mut root, &spare(), Role::Build);
    root.role(Role::Build).threshold = 2;
    root
}

fn built_by(builders: &[&Person]) -> Vec<u8> {
    envelope(&manifest(), |p| {
        let built = builders.iter().map(|person| build(person, p));
        built.chain([approve(&manager(), p)]).collect()
    })
}

fn pair() -> Stage {
    first()
        .pinned(&two_builders())
        .with_envelope(built_by(&[&engineer(), &colleague()]))
}

pub fn stories() -> Vec<Story> {
    [thresholds(), states(), withdrawn()]
        .into_iter()
        .flatten()
        .collect()
}

fn thresholds() -> Vec<Story> {
    vec![
        story(
            "threshold-by-one-key-twice",
            told(
                "Two builders are asked for; one signs twice",
                "CVE-2020-15093, CVE-2020-6174, CVE-2026-6966: one key's signature counted twice",
                "one build key of two",
                Refusal::ThresholdNotMet,
                "A key that signed twice is one signer.",
            ),
            pair(),
            |s| s.envelope(built_by(&[&engineer(), &engineer()])),
        ),
        story(
            "threshold-by-one-holder",
            told(
                "Two builders are asked for; one signs with both of their keys",
                "TUF: threshold counted by key id instead of by key",
                "both keys of one builder",
                Refusal::ThresholdNotMet,
                "Thresholds count people, not keys.",
            ),
            pair(),
            |s| s.envelope(built_by(&[&engineer(), &spare()])),
        ),
        story(
            "threshold-below",
            told(
                "Two builders are asked for; one signs",
                "TUF: key compromise below the threshold",
                "one build key of two",
                Refusal::ThresholdNotMet,
                "Fewer people have signed than the root demands.",
            ),
            pair(),
            |s| s.envelope(built_by(&[&engineer()])),
        ),
    ]
}

/// A device whose root has given a key this state.
fn with_state(who: &Person, state: KeyState) -> Vec<u8> {
    let mut root = root();
    *state_of(&mut root, who) = state;
    signed_root(&root)
}

fn states() -> Vec<Story> {
    vec![
        story(
            "key-revoked-by-root",
            told(
                "A release built with a key that the root has revoked",
                "TUF: key compromise",
                "a stolen build key that the root's keepers have replaced",
                Refusal::RevokedKey,
                "A revoked key signs nothing; that it does is a reason to stop.",
            ),
            first(),
            |s| {
                s.scene.given.roots =
                    vec![s.file("root.hex", with_state(&engineer(), KeyState::Revoked))]
            },
        ),
        story(
            "key-retired-before",
            told(
                "A retired key signs sequence number 12; its last was 11",
                "TUF: key compromise",
                "a key that its holder gave up",
                Refusal::RetiredKey,
                "What a retired key signed before stays good; nothing newer does.",
            ),
            first(),
            |s| {
                let state = KeyState::Retired { max_sequence: 11 };
                s.scene.given.roots = vec![s.file("root.hex", with_state(&engineer(), state))];
            },
        ),
        story(
            "key-revoked-and-not-needed",
            told(
                "A complete release, and one more block by a revoked key",
                "Mainstay",
                "a stolen operations key that the root's keepers have replaced",
                Refusal::RevokedKey,
                "Even where it isn't needed: whoever holds a stolen key had this envelope in hand.",
            ),
            first().with_envelope(envelope(&manifest(), |p| {
                vec![
                    build(&engineer(), p),
                    approve(&manager(), p),
                    build(&operator(), p),
                ]
            })),
            |s| {
                s.scene.given.roots =
                    vec![s.file("root.hex", with_state(&operator(), KeyState::Revoked))]
            },
        ),
    ]
}

fn withdrawn() -> Vec<Story> {
    let withdraw = |who: Person| {
        move |s: &mut Stage| {
            let keys = leaked(&[who.key.id]);
            s.revocations(&Revocations {
                seq: 4,
                keys,
                ..revocations()
            });
        }
    };
    vec![
        story(
            "kid-revoked-build",
            told(
                "A release built with a key that the revocations name",
                "TUF: key compromise",
                "a stolen build key",
                Refusal::RevokedKey,
                "The revocations withdraw a key before the next root does.",
            ),
            second(),
            withdraw(engineer()),
        ),
        story(
            "kid-revoked-release",
            told(
                "A release approved with a key that the revocations name",
                "TUF: key compromise",
                "a stolen release key",
                Refusal::RevokedKey,
                "The revocations withdraw a key before the next root does.",
            ),
            second(),
            withdraw(manager()),
        ),
        story(
            "kid-revoked-status",
            told(
                "A status by a key that the revocations name",
                "TUF: key compromise",
                "a stolen status key",
                Refusal::RevokedKey,
                "Withdrawn keys bind every document but the next root.",
            ),
            second(),
            withdraw(people::server()),
        ),
        story(
            "kid-revoked-operations",
            told(
                "A schedule by a key that the revocations name",
                "TUF: key compromise",
                "a stolen operations key",
                Refusal::RevokedKey,
                "Withdrawn keys bind every document but the next root.",
            ),
            second(),
            withdraw(operator()),
        ),
    ]
}
