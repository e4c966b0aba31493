//! The statement's bytes, and what is believed of one.

use base64ct::{Base64, Encoding as _};
use mainstay_trust::{Primitives as _, Role, RustCrypto, verify};

use super::fixture::{self, PAYLOAD, ana, li, mia};
use crate::Signer;
use crate::provenance::dsse::{Envelope, PAYLOAD_TYPE, pre_authentication};
use crate::provenance::{Provenance, ProvenanceError, Request, Source, sign};
use crate::signer::FakeSigner;

/// A statement about `image` by anybody, whatever the root says of them.
pub fn statement(image: &[u8], signer: &dyn Signer) -> Vec<u8> {
    let pack = fixture::request();
    let mut draft = fixture::draft();
    draft
        .members
        .retain(|m| m.role != Role::Build && m.role != Role::Release);
    draft.members.push(crate::Member::of(Role::Build, signer));
    draft.members.push(crate::Member::of(
        Role::Release,
        &FakeSigner::new("approver"),
    ));
    let document = draft.signed(&[&fixture::custodian()], &RustCrypto).unwrap();
    let root = verify::pinned_root(&document, &RustCrypto).unwrap();
    let digest = RustCrypto.digest(image);
    let mut request =
        Request::new("app.bin", digest, &pack, "https://ci.example/firmware").unwrap();
    let commit = "9fceb02d0ae598e95dc970b74767f19372d61af8";
    request.sources =
        vec![Source::parse(&format!("git+https://git.example/app@{commit}")).unwrap()];
    sign(&request, signer, &root, &RustCrypto).unwrap()
}

fn statement_text(file: &[u8]) -> String {
    String::from_utf8(Envelope::read(file).unwrap().payload).unwrap()
}

#[test]
fn the_encoding_that_is_signed_is_the_protocols() {
    // The example of the DSSE protocol itself.
    let encoded = pre_authentication("http://example.com/HelloWorld", b"hello world");
    assert_eq!(
        encoded,
        b"DSSEv1 29 http://example.com/HelloWorld 11 hello world"
    );
}

#[test]
fn the_statement_has_these_bytes() {
    let digest = RustCrypto.digest(PAYLOAD);
    let returns_to = "01".repeat(32);
    let expected = format!(
        "{{\"_type\":\"https://in-toto.io/Statement/v1\",\
         \"subject\":[{{\"name\":\"app.bin\",\"digest\":{{\"sha256\":\"{digest}\"}}}}],\
         \"predicateType\":\"https://slsa.dev/provenance/v1\",\"predicate\":{{\
         \"buildDefinition\":{{\"buildType\":\"urn:mainstay:build-type:firmware-pack:v1\",\
         \"externalParameters\":{{\"class\":\"northwind.example/production/thermo-v2/B+C\",\
         \"version\":\"1.1.0\",\"sequence\":2,\"securityFloor\":1,\"bootloaderMin\":\"1.4.0\",\
         \"returnsTo\":[\"{returns_to}\"]}},\"resolvedDependencies\":[{{\
         \"uri\":\"git+https://git.example/app\",\
         \"digest\":{{\"gitCommit\":\"9fceb02d0ae598e95dc970b74767f19372d61af8\"}}}}]}},\
         \"runDetails\":{{\"builder\":{{\"id\":\"https://ci.example/firmware\"}}}}}}}}"
    );
    assert_eq!(statement_text(&statement(PAYLOAD, &ana())), expected);
}

#[test]
fn moments_stand_in_it_only_if_they_were_given() {
    let pack = fixture::request();
    let digest = RustCrypto.digest(PAYLOAD);
    let document = fixture::root();
    let root = verify::pinned_root(&document, &RustCrypto).unwrap();
    let mut request = Request::new("app.bin", digest, &pack, "https://ci.example/x").unwrap();
    let plain = sign(&request, &ana(), &root, &RustCrypto).unwrap();
    assert!(!statement_text(&plain).contains("metadata"));
    request.finished_on = Some("2027-01-31T12:00:00Z".to_owned());
    let dated = sign(&request, &ana(), &root, &RustCrypto).unwrap();
    let expected = "\"metadata\":{\"finishedOn\":\"2027-01-31T12:00:00Z\"}";
    assert!(statement_text(&dated).contains(expected));
}

#[test]
fn only_a_builder_signs() {
    let pack = fixture::request();
    let digest = RustCrypto.digest(PAYLOAD);
    let document = fixture::root();
    let root = verify::pinned_root(&document, &RustCrypto).unwrap();
    let request = Request::new("app.bin", digest, &pack, "https://ci.example/x").unwrap();
    let id = |signer: &dyn Signer| sign(&request, signer, &root, &RustCrypto).map_err(|e| e.id());
    assert!(id(&li()).is_ok());
    assert_eq!(id(&mia()), Err("artifact.key-without-role"));
    let refused = Request::new("app.bin", digest, &pack, "our ci").unwrap_err();
    assert_eq!(refused.id(), "provenance.uri");
}

/// Who has signed, by a root that lists Ana as a builder or doesn't.
fn signer_of(file: &[u8], ana_builds: bool) -> Result<String, ProvenanceError> {
    let mut draft = fixture::draft();
    draft
        .members
        .retain(|m| ana_builds || m.holder != ana().holder());
    let document = draft.signed(&[&fixture::custodian()], &RustCrypto).unwrap();
    let root = verify::pinned_root(&document, &RustCrypto).unwrap();
    let provenance = Provenance::read(file, &RustCrypto)?;
    Ok(provenance.check_signer(&root, 2, &RustCrypto)?.to_owned())
}

#[test]
fn who_signed_is_found_by_the_key_and_not_by_its_hint() {
    let file = statement(PAYLOAD, &ana());
    assert_eq!(signer_of(&file, true).unwrap(), ana().holder());
    assert_eq!(
        signer_of(&file, false).unwrap_err().id(),
        "provenance.unsigned"
    );
    let text = String::from_utf8(file).unwrap();
    let (own, other) = (ana().key_id().to_string(), li().key_id().to_string());
    // Another's name on Ana's signature makes it nobody's; no name at all leaves it Ana's.
    let renamed = text.replace(&own, &other);
    assert_eq!(
        signer_of(renamed.as_bytes(), true).unwrap_err().id(),
        "provenance.unsigned"
    );
    let unnamed = text.replace(&own, "");
    assert_eq!(signer_of(unnamed.as_bytes(), true).unwrap(), ana().holder());
}

#[test]
fn a_changed_statement_is_nobodys() {
    let file = statement(PAYLOAD, &ana());
    let changed = statement_text(&file).replace("\"sequence\":2", "\"sequence\":9");
    let (before, after) = (
        Base64::encode_string(statement_text(&file).as_bytes()),
        Base64::encode_string(changed.as_bytes()),
    );
    let forged = String::from_utf8(file).unwrap().replace(&before, &after);
    let refused = signer_of(forged.as_bytes(), true).unwrap_err();
    assert_eq!(refused.id(), "provenance.unsigned");
}

#[test]
fn what_is_no_provenance_is_refused() {
    let check = |file: &str, expected: &str| {
        let refused = Provenance::read(file.as_bytes(), &RustCrypto).unwrap_err();
        assert_eq!(refused.id(), expected, "{file}");
    };
    let wrapped = |statement: &str| {
        let payload = Base64::encode_string(statement.as_bytes());
        format!(r#"{{"payload":"{payload}","payloadType":"{PAYLOAD_TYPE}","signatures":[]}}"#)
    };
    let good = statement_text(&statement(PAYLOAD, &ana()));
    assert!(Provenance::read(wrapped(&good).as_bytes(), &RustCrypto).is_ok());
    let envelope = "provenance.not-an-envelope";
    check("", envelope);
    check("[]", envelope);
    check(&wrapped(&good).replace("in-toto", "tuf"), envelope);
    check(
        &wrapped(&good).replace("\"payload\":\"", "\"payload\":\"*"),
        envelope,
    );
    let many = "{\"sig\":\"\"},".repeat(17);
    let many = format!("[{}]", many.trim_end_matches(','));
    check(&wrapped(&good).replace("[]", &many), envelope);
    let no_statement = "provenance.not-a-statement";
    check(&wrapped("{}"), no_statement);
    check(
        &wrapped(&good.replace("Statement/v1", "Statement/v0.1")),
        no_statement,
    );
    check(
        &wrapped(&good.replace("provenance/v1", "provenance/v0.2")),
        no_statement,
    );
    check(
        &wrapped(&good.replace("\"subject\":[", "\"subject\":[],\"was\":[")),
        no_statement,
    );
    check(
        &wrapped(&good.replace("https://ci", "ci")),
        "provenance.uri",
    );
    check(
        &" ".repeat(crate::provenance::PROVENANCE_BYTES_MAX + 1),
        "provenance.too-large",
    );
}
