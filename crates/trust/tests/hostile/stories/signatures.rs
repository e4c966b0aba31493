//! Attacks on the signatures themselves.

use crate::people::{
    self, approval, approve, block, build, engineer, envelope, header, manager, manifest, operator,
    stranger,
};
use crate::story::{Story, find, first, replaced, story, told};
use mainstay_trust::cose::Protected;
use mainstay_trust::envelope::{Envelope, suit_digest};
use mainstay_trust::{Document, List, Manifest, Refusal, Status, SuitDigest};

type Blocks = Vec<Vec<u8>>;

/// The ordinary manifest with these blocks.
fn signed_by(sign: impl FnOnce(&[u8]) -> Blocks) -> Vec<u8> {
    envelope(&manifest(), sign)
}

fn both(payload: &[u8]) -> Blocks {
    vec![build(&engineer(), payload), approve(&manager(), payload)]
}

/// The ordinary blocks, and one more.
fn both_and(more: impl FnOnce(&[u8]) -> Vec<u8>) -> Vec<u8> {
    signed_by(|payload| both(payload).into_iter().chain([more(payload)]).collect())
}

pub fn stories() -> Vec<Story> {
    [
        nobody(),
        any_of(),
        roles(),
        forged(),
        algorithms(),
        exchanged(),
        approvals(),
        bindings(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn nobody() -> Vec<Story> {
    vec![
        story(
            "arbitrary-installation",
            told(
                "A release that somebody built and approved with keys of their own",
                "TUF: arbitrary software installation",
                "the server or the network",
                Refusal::Unsigned,
                "The root lists neither key, and an unknown key never counts.",
            ),
            first(),
            |s| {
                s.envelope(signed_by(|p| {
                    vec![build(&stranger(), p), approve(&stranger(), p)]
                }))
            },
        ),
        story(
            "unsigned",
            told(
                "A release with no signature at all",
                "TUF: arbitrary software installation",
                "the server or the network",
                Refusal::Unsigned,
                "Nobody has signed.",
            ),
            first(),
            |s| s.envelope(signed_by(|_| vec![])),
        ),
    ]
}

fn any_of() -> Vec<Story> {
    vec![
        story(
            "any-of-build",
            told(
                "A valid build block, and a second one by nobody known",
                "SUIT: a processor accepts any one valid signature",
                "the build key",
                Refusal::ApprovalMissing,
                "Both roles must have signed; the second block doesn't count, whoever made it.",
            ),
            first(),
            |s| {
                s.envelope(signed_by(|p| {
                    vec![build(&engineer(), p), approve(&stranger(), p)]
                }))
            },
        ),
        story(
            "any-of-approval",
            told(
                "A valid approval, and a build block by nobody known",
                "SUIT: a processor accepts any one valid signature",
                "the release key",
                Refusal::BuildMissing,
                "Whoever approves can't build: the build block must be by a key of role build.",
            ),
            first(),
            |s| {
                s.envelope(signed_by(|p| {
                    vec![build(&stranger(), p), approve(&manager(), p)]
                }))
            },
        ),
    ]
}

fn roles() -> Vec<Story> {
    vec![
        story(
            "built-twice",
            told(
                "The engineer's block, twice, in the place of build and approval",
                "CVE-2020-15093, CVE-2020-6174: one key's signature counted twice",
                "the build key",
                Refusal::ApprovalMissing,
                "Blocks are counted by the role of their key: the same key again adds nothing.",
            ),
            first(),
            |s| {
                s.envelope(signed_by(|p| {
                    vec![build(&engineer(), p), build(&engineer(), p)]
                }))
            },
        ),
        story(
            "built-by-operations",
            told(
                "An approved release whose build block is by operations",
                "TUF: key compromise",
                "the operations key, and an approval got by deceit",
                Refusal::BuildMissing,
                "Operations may say when and to whom, never what.",
            ),
            first(),
            |s| {
                s.envelope(signed_by(|p| {
                    vec![build(&operator(), p), approve(&manager(), p)]
                }))
            },
        ),
    ]
}

fn forged() -> Vec<Story> {
    let posing = |p: &[u8]| block(&stranger(), header(&operator()), p);
    let es256 = Protected {
        algorithm: -7,
        ..header(&engineer())
    };
    vec![
        story(
            "forged-block",
            told(
                "A complete release, and a block that names a known key but isn't by it",
                "Mainstay",
                "the network",
                Refusal::BadSignature,
                "A known key that fails refuses the whole, even where it isn't needed: it shows tampering.",
            ),
            first(),
            |s| s.envelope(both_and(posing)),
        ),
        story(
            "algorithm-confused",
            told(
                "A build block whose header names another algorithm for the same key",
                "RFC 9864: an algorithm that doesn't say its curve",
                "the build key",
                Refusal::WrongAlgorithm,
                "The algorithm is the key's, by the root; the header may only repeat it.",
            ),
            first(),
            |s| {
                s.envelope(signed_by(|p| {
                    vec![block(&engineer(), es256, p), approve(&manager(), p)]
                }))
            },
        ),
    ]
}

fn algorithms() -> Vec<Story> {
    let none = Protected {
        algorithm: 0,
        ..header(&engineer())
    };
    vec![
        story(
            "algorithm-none",
            told(
                "A build block whose header names the reserved algorithm 0",
                "RFC 8725, section 2.1: the algorithm none",
                "the network",
                Refusal::WrongAlgorithm,
                "There is no way to ask for less than the key's own algorithm.",
            ),
            first(),
            |s| {
                s.envelope(signed_by(|p| {
                    vec![block(&engineer(), none, p), approve(&manager(), p)]
                }))
            },
        ),
        story(
            "signature-cut-short",
            told(
                "The approval's signature has 63 bytes",
                "Mainstay",
                "the network",
                Refusal::BadSignature,
                "An ESP256 signature has 64 bytes.",
            ),
            first(),
            |s| s.envelope(signed_by(|p| vec![build(&engineer(), p), cut_short(p)])),
        ),
    ]
}

/// The manager's block without the last byte of its signature.
fn cut_short(payload: &[u8]) -> Vec<u8> {
    let whole = approve(&manager(), payload);
    let cut = replaced(&whole, &[0xa0, 0xf6, 0x58, 0x40], &[0xa0, 0xf6, 0x58, 0x3f]);
    cut[..cut.len() - 1].to_vec()
}

/// An envelope of `manifest` that claims the ordinary digest, with the ordinary blocks.
fn under_other_signatures(inside: &Manifest<'_>, claims_own: bool) -> Vec<u8> {
    let bytes = people::manifest_bytes(inside);
    let blocks = both(&suit_digest(&manifest().digest));
    let blocks: Vec<&[u8]> = blocks.iter().map(Vec::as_slice).collect();
    let digest = if claims_own {
        people::identity(inside)
    } else {
        manifest().digest
    };
    people::bytes_of(4096, |buf| {
        Envelope {
            digest: SuitDigest::Sha256(digest),
            blocks: List::from(&blocks[..]),
            manifest: &bytes,
        }
        .encode(buf)
    })
}

fn exchanged() -> Vec<Story> {
    let other = Manifest {
        sequence: 13,
        ..manifest()
    };
    vec![
        story(
            "manifest-exchanged",
            told(
                "Another manifest under the signed digest",
                "TUF: malicious mirror",
                "the server or the network",
                Refusal::ManifestDigest,
                "The digest of the manifest is computed, never taken from the envelope.",
            ),
            first(),
            |s| s.envelope(under_other_signatures(&other, false)),
        ),
        story(
            "signatures-of-another-release",
            told(
                "The signatures of one release around another one",
                "TUF: mix and match",
                "the server or the network",
                Refusal::BadSignature,
                "Signatures are over the manifest's own digest.",
            ),
            first(),
            |s| s.envelope(under_other_signatures(&other, true)),
        ),
    ]
}

fn approvals() -> Vec<Story> {
    vec![
        story(
            "approved-by-its-builder",
            told(
                "The engineer approves what the engineer built",
                "Mainstay: separation of duties",
                "the build key",
                Refusal::ApprovalUnbound,
                "A role comes from the key: the labels of an approval don't make a manager.",
            ),
            first(),
            |s| {
                s.envelope(signed_by(|p| {
                    vec![build(&engineer(), p), approve(&engineer(), p)]
                }))
            },
        ),
        story(
            "approval-without-bindings",
            told(
                "An approval that names neither plan nor evidence",
                "Mainstay: separation of duties",
                "the release key, or a tool of another make",
                Refusal::ApprovalUnbound,
                "What an approval rests on is part of it.",
            ),
            first(),
            |s| {
                s.envelope(signed_by(|p| {
                    vec![build(&engineer(), p), build(&manager(), p)]
                }))
            },
        ),
    ]
}

fn bindings() -> Vec<Story> {
    let kind = Protected {
        content_type: Some(Status::CONTENT_TYPE),
        ..header(&manager())
    };
    vec![
        story(
            "approval-bindings-exchanged",
            told(
                "An approval's plan digest, exchanged after it was signed",
                "Mainstay: separation of duties",
                "the server",
                Refusal::BadSignature,
                "The digests stand in the protected header, so they are signed.",
            ),
            first(),
            |s| {
                let good = people::good_envelope();
                assert!(find(&good, &approval().plan.0) > 0);
                s.envelope(replaced(&good, &approval().plan.0, &[0; 32]));
            },
        ),
        story(
            "approval-of-another-kind",
            told(
                "A block of the manager that was made for a document of another kind",
                "Mainstay: cross-protocol",
                "a signature of the manager over something else",
                Refusal::WrongDocument,
                "A block with a content type is for documents of our own, one without for releases.",
            ),
            first(),
            |s| s.envelope(both_and(|p| block(&manager(), kind, p))),
        ),
    ]
}
