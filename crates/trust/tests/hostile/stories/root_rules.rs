//! Roots that break a rule of their own, though their keeper has signed them, and what isn't a root.

use super::roots::{changed, climbing};
use crate::people::{
    self, Rule, add, document, engineer, header, keeper, manifest, own_document, payload, person,
    revocations, signed, state_of, stranger,
};
use crate::sequel::second_root;
use crate::story::{Story, replaced, story, told};
use mainstay_trust::cose::Protected;
use mainstay_trust::{Document, KeyState, Refusal, Role, Root, Status};

pub fn stories() -> Vec<Story> {
    [duties(), thresholds(), keys(), moments(), kinds()]
        .into_iter()
        .flatten()
        .collect()
}

fn duties() -> Vec<Story> {
    vec![
        changed(
            "root-holder-in-two-roles",
            (
                "The engineer gets a second key, for approvals",
                "Mainstay: separation of duties",
            ),
            (
                Refusal::HolderConflict,
                "Build, release and operations are different people; a second key is no second person.",
            ),
            |n| add(n, &person(8, "engineer@northwind.example"), Role::Release),
        ),
        changed(
            "root-key-in-two-roles",
            (
                "The engineer's key may approve too",
                "Mainstay: separation of duties",
            ),
            (
                Refusal::KeyConflict,
                "Build, release and operations share no key.",
            ),
            |n| n.role(Role::Release).keys.push(engineer().key.id),
        ),
        changed(
            "root-policy-without-approval",
            (
                "A class that is content with the build signature",
                "Mainstay: separation of duties",
            ),
            (
                Refusal::RootPolicy,
                "No class can do without build and release.",
            ),
            |n| n.policy = vec![(manifest().class_id, vec![Role::Build])],
        ),
        changed(
            "root-policy-by-nobody",
            (
                "A class waits for operations, and nobody holds that role",
                "Mainstay",
            ),
            (
                Refusal::RootPolicy,
                "A role that nobody holds could never be met.",
            ),
            |n| *n.role(Role::Operations) = Rule::default(),
        ),
    ]
}

fn thresholds() -> Vec<Story> {
    vec![
        changed(
            "root-threshold-zero",
            (
                "A role that needs nobody",
                "GHSA-fphv-w9fq-2525: a threshold of zero",
            ),
            (Refusal::RootThreshold, "A threshold is at least one."),
            |n| n.role(Role::Release).threshold = 0,
        ),
        changed(
            "root-threshold-unreachable",
            ("A role that needs two people and has one", "Mainstay"),
            (
                Refusal::RootThreshold,
                "A threshold that nobody can meet would stop every update for ever.",
            ),
            |n| n.role(Role::Release).threshold = 2,
        ),
        changed(
            "root-without-successor",
            ("The only keeper's key ends with this root", "Mainstay"),
            (
                Refusal::RootThreshold,
                "A root that nobody could follow would be the last one of its fleet.",
            ),
            |n| *state_of(n, &keeper()) = KeyState::Retired { max_sequence: 2 },
        ),
    ]
}

fn keys() -> Vec<Story> {
    vec![
        changed(
            "root-key-under-two-ids",
            (
                "One public key under two key ids",
                "TUF: threshold counted by key id instead of by key",
            ),
            (
                Refusal::RootKey,
                "A key's id is its thumbprint, so one key has one id.",
            ),
            |n| {
                let mut again = engineer().key;
                again.id.0[0] ^= 1;
                n.role(Role::Build).keys.push(again.id);
                n.role(Role::Build).threshold = 1;
                n.keys.push(again);
            },
        ),
        changed(
            "root-key-twice",
            ("One key listed twice, once as revoked", "Mainstay"),
            (Refusal::RootKey, "Which of the two would count?"),
            |n| {
                n.keys.push(mainstay_trust::Key {
                    state: KeyState::Revoked,
                    ..engineer().key
                })
            },
        ),
        changed(
            "root-key-not-listed",
            ("A role names a key that the root doesn't list", "Mainstay"),
            (
                Refusal::RootRole,
                "A key without a holder can't be counted as a person.",
            ),
            |n| n.role(Role::Build).keys.push(stranger().key.id),
        ),
        changed(
            "root-key-twice-in-a-role",
            (
                "A role names one key twice",
                "TUF: threshold counted by key id instead of by key",
            ),
            (Refusal::RootRole, "A role is a set of keys."),
            |n| n.role(Role::Build).keys.push(engineer().key.id),
        ),
    ]
}

fn moments() -> Vec<Story> {
    vec![story(
        "root-ends-when-it-begins",
        told(
            "A root that ends when it begins",
            "Mainstay",
            "the root key, or its keeper's mistake",
            Refusal::FieldInvalid,
            "It could never install anything.",
        ),
        climbing(),
        |s| {
            let moment = |at: u32| [&[0x05, 0x1a][..], &at.to_be_bytes()].concat();
            let whole = payload(&second_root().done());
            let raw = replaced(&whole, &moment(1_800_000_000), &moment(1_745_000_000));
            s.spoil_root(own_document(&[&keeper()], Root::CONTENT_TYPE, &raw));
        },
    )]
}

fn kinds() -> Vec<Story> {
    let attacker = "the root key, used for something else";
    vec![
        story(
            "revocations-as-root",
            told(
                "Revocations that the keeper signed, handed over as a root",
                "Mainstay: cross-protocol",
                attacker,
                Refusal::ForeignProfile,
                "A root has the shape of a root.",
            ),
            climbing(),
            |s| s.spoil_root(signed(&revocations(), &[&keeper()])),
        ),
        story(
            "root-signed-as-status",
            told(
                "A root whose signature was made for a status",
                "Mainstay: cross-protocol",
                attacker,
                Refusal::WrongDocument,
                "The content type is signed twice: in the header and as external data.",
            ),
            climbing(),
            |s| {
                let bytes = payload(&second_root().done());
                s.spoil_root(own_document(&[&keeper()], Status::CONTENT_TYPE, &bytes));
            },
        ),
        story(
            "root-relabelled",
            told(
                "A root whose header says root, over a signature that was made for a status",
                "Mainstay: cross-protocol",
                attacker,
                Refusal::BadSignature,
                "The content type is part of what is signed.",
            ),
            climbing(),
            |s| s.spoil_root(relabelled()),
        ),
    ]
}

/// The block of the keeper over a root as if it were a status, with the root's header put before it.
fn relabelled() -> Vec<u8> {
    let bytes = payload(&second_root().done());
    let labelled = |content_type| Protected {
        content_type: Some(content_type),
        ..header(&keeper())
    };
    let as_status = people::block(&keeper(), labelled(Status::CONTENT_TYPE), &bytes);
    let as_root = people::block(&keeper(), labelled(Root::CONTENT_TYPE), &bytes);
    let (head, signature) = (as_root.len() - 64, as_status.len() - 64);
    document(
        &bytes,
        &[[&as_root[..head], &as_status[signature..]].concat()],
    )
}
