//! What goes along with a release: its bill of materials, and the statement of how it was built.
//!
//! Nobody has signed such a statement with a key of the golden root, so one that is believed under it
//! was forged.

use std::io::{Cursor, Read as _};
use std::sync::LazyLock;

use mainstay_artifact::provenance::dsse::Envelope;
use mainstay_artifact::signer::FakeSigner;
use mainstay_artifact::{Provenance, Sbom};
use mainstay_trust::{Digest, Primitives as _, Role, RustCrypto};

use crate::Target;
use crate::policy::{Lenient, ROOT};

pub(crate) const SBOM: Target = Target {
    name: "sbom",
    bytes_max: 1024,
    check: check_sbom,
    seeds: |_| SBOMS.map(|text| text.as_bytes().to_vec()).to_vec(),
};

pub(crate) const PROVENANCE: Target = Target {
    name: "provenance",
    bytes_max: 2 * 1024,
    check: check_provenance,
    seeds: |_| vec![SIGNED.to_bytes(), unnamed()],
};

pub(crate) const STATEMENT: Target = Target {
    name: "statement",
    bytes_max: 1024,
    check: check_statement,
    seeds: |_| vec![STATEMENT_TEXT.as_bytes().to_vec()],
};

const SBOMS: [&str; 3] = [
    r#"{"bomFormat":"CycloneDX","specVersion":"1.6","components":[{"name":"libc"}]}"#,
    r#"{"spdxVersion":"SPDX-2.3","SPDXID":"SPDXRef-DOCUMENT","packages":[]}"#,
    r#"{"@context":"https://spdx.org/rdf/3.0.1/spdx-context.jsonld","@graph":[]} "#,
];

const STATEMENT_TEXT: &str = concat!(
    r#"{"_type":"https://in-toto.io/Statement/v1","subject":[{"name":"app.bin","digest":{"sha256":""#,
    "0000000000000000000000000000000000000000000000000000000000000000",
    r#""}}],"predicateType":"https://slsa.dev/provenance/v1","predicate":{"#,
    r#""runDetails":{"builder":{"id":"https://ci.example/firmware"}}}}"#,
);

static SIGNED: LazyLock<Envelope> = LazyLock::new(|| {
    let payload = STATEMENT_TEXT.as_bytes().to_vec();
    Envelope::sign(payload, &FakeSigner::new("ana"), &RustCrypto).expect("a fake signer signs")
});

/// A file whose signature names no key, so that every key is tried.
fn unnamed() -> Vec<u8> {
    let text = String::from_utf8(SIGNED.to_bytes()).expect("JSON is text");
    let id = &SIGNED.key_ids()[0];
    text.replace(id, "").into_bytes()
}

/// The digest is of every byte, however they come; what is shown of it is short and visible.
fn check_sbom(bytes: &[u8]) {
    let whole = Sbom::read(&mut Cursor::new(bytes), &RustCrypto);
    let (start, end) = bytes.split_at(bytes.len() / 2);
    let pieces = Sbom::read(&mut start.chain(end), &RustCrypto);
    assert_eq!(whole.as_ref().ok(), pieces.as_ref().ok(), "in pieces");
    if let Ok(sbom) = whole {
        assert_eq!(sbom.digest, RustCrypto.digest(bytes));
        let version = sbom.format.strip_prefix("CycloneDX ");
        let version = version.or(sbom.format.strip_prefix("SPDX-"));
        let version = version.expect("one of two formats");
        let is_plain = version.bytes().all(|byte| byte.is_ascii_graphic());
        assert!(is_plain && version.len() <= 16, "{version:?}");
    }
}

/// What was read can be written and is the same then; and nobody is believed.
fn check_provenance(bytes: &[u8]) {
    let Ok(provenance) = Provenance::read(bytes, &RustCrypto) else {
        return;
    };
    let envelope = Envelope::read(bytes).expect("what is in a provenance");
    let again = Envelope::read(&envelope.to_bytes());
    assert_eq!(again.ok(), Some(envelope), "written and read, it differs");
    check_claims(&provenance);
    let signer = provenance.check_signer(&ROOT, 1, &RustCrypto);
    assert!(signer.is_err(), "a statement was forged");
    if let Ok(holder) = provenance.check_signer(&ROOT, 1, &Lenient) {
        let root = ROOT.get();
        let mut keys = root.role(Role::Build).keys.iter();
        let is_builder = keys.any(|id| root.key(&id).is_some_and(|key| key.holder == holder));
        assert!(is_builder, "{holder} builds nothing");
    }
}

/// The statement alone, in an envelope that is always good.
fn check_statement(bytes: &[u8]) {
    let mut envelope = SIGNED.clone();
    envelope.payload = bytes.to_vec();
    if let Ok(provenance) = Provenance::read(&envelope.to_bytes(), &RustCrypto) {
        check_claims(&provenance);
    }
}

fn check_claims(provenance: &Provenance) {
    let id = provenance.builder_id();
    assert!(
        id.contains(':') && id.bytes().all(|byte| byte.is_ascii_graphic()),
        "{id:?} is no URI"
    );
    assert!(
        provenance.check_subject(&Digest([0xa5; 32])).is_err(),
        "about an image that nobody named"
    );
}
