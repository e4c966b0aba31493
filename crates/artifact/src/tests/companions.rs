//! Bill of materials and provenance: bound, about this image, and by a builder.

use std::io::Cursor;

use mainstay_trust::{Digest, Primitives as _, RustCrypto, verify};

use super::fixture::{self, PAYLOAD, ana, li, mia};
use super::provenance::statement;
use crate::check::{Companions, all_passed, check};
use crate::container::to_bytes;
use crate::{Outcome, PackRequest, Signer, Step, add_build_signature, pack};

const SBOM: &str = r#"{"bomFormat":"CycloneDX","specVersion":"1.6"}"#;

/// How the steps about companions end, for a release that binds what `bind` says.
fn outcomes(
    bind: impl FnOnce(&mut PackRequest),
    sbom: Option<&str>,
    provenance: Option<&[u8]>,
) -> [&'static str; 4] {
    let mut request = fixture::request();
    bind(&mut request);
    let envelope = pack(&request, &mut &*PAYLOAD, &RustCrypto)
        .unwrap()
        .envelope;
    let envelope = add_build_signature(&envelope, &ana(), None, &RustCrypto).unwrap();
    let file = to_bytes(&envelope, PAYLOAD).unwrap();
    let document = fixture::root();
    let root = verify::pinned_root(&document, &RustCrypto).unwrap();
    let mut sbom = sbom.map(str::as_bytes);
    let companions = Companions {
        sbom: sbom.as_mut().map(|bytes| bytes as &mut dyn std::io::Read),
        provenance,
    };
    let checks = check(&mut Cursor::new(file), Some(&root), companions, &RustCrypto);
    assert!(!all_passed(&checks), "nobody has approved it");
    let outcome = |step| match &checks
        .iter()
        .find(|check| check.step == step)
        .unwrap()
        .outcome
    {
        Outcome::Passed => "passed",
        Outcome::Failed { id, .. } => id,
        Outcome::NotApplicable { .. } => "-",
    };
    use Step::{Provenance, ProvenanceSignature, ProvenanceSubject, Sbom};
    [Sbom, Provenance, ProvenanceSubject, ProvenanceSignature].map(outcome)
}

fn digest(bytes: impl AsRef<[u8]>) -> Option<Digest> {
    Some(RustCrypto.digest(bytes.as_ref()))
}

#[test]
fn a_bill_of_materials_is_the_one_that_is_bound() {
    let bind = |r: &mut PackRequest| r.sbom = digest(SBOM);
    let other = SBOM.replace("1.6", "1.5");
    let p = "passed";
    assert_eq!(outcomes(bind, Some(SBOM), None), [p, "-", "-", "-"]);
    assert_eq!(outcomes(bind, None, None), ["-"; 4]);
    let unbound = ["sbom.unbound", "-", "-", "-"];
    assert_eq!(outcomes(bind, Some(&other), None), unbound);
    assert_eq!(outcomes(|_| (), Some(SBOM), None), unbound);
    let no_json = ["sbom.not-json", "-", "-", "-"];
    assert_eq!(outcomes(bind, Some("libc 2.36"), None), no_json);
}

#[test]
fn a_provenance_is_bound_and_about_this_image_and_by_a_builder() {
    let p = "passed";
    let case = |image: &[u8], signer: &dyn Signer, expected: [&str; 4]| {
        let bytes = statement(image, signer);
        let bind = |r: &mut PackRequest| r.provenance = digest(&bytes);
        assert_eq!(outcomes(bind, None, Some(&bytes)), expected);
    };
    case(PAYLOAD, &ana(), ["-", p, p, p]);
    case(PAYLOAD, &li(), ["-", p, p, p]);
    case(b"another", &ana(), ["-", p, "provenance.subject", p]);
    case(PAYLOAD, &mia(), ["-", p, p, "provenance.unsigned"]);
    let bytes = statement(PAYLOAD, &ana());
    let unbound = ["-", "provenance.unbound", p, p];
    assert_eq!(outcomes(|_| (), None, Some(&bytes)), unbound);
    let nonsense = ["-", "provenance.not-an-envelope", "-", "-"];
    assert_eq!(outcomes(|_| (), None, Some(b"{}")), nonsense);
}
