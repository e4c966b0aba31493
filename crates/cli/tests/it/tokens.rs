//! A key in a token does all that a key in a file does, and fails as clearly.

use std::process::Command;

use mainstay_trust::cose::{Block, ToBeSigned};
use mainstay_trust::envelope::suit_digest;
use mainstay_trust::{Digest, Envelope};

use crate::softhsm::{MODULE, WithToken};

const P256: &[&str] = &["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"];
const SIGN: &str = "artifact sign a.mainstay --root token.cbor --key";

/// A root whose builder is the key in the token.
fn with_builder() -> WithToken {
    let ours = WithToken::new();
    ours.good(&format!(
        "key new zoe.key --holder zoe@company.example --token pkcs11:token=ours;object=zoe{MODULE}"
    ));
    ours.good(
        "root init token.cbor --vendor company.example --sign rae.key --root rae.key.pub \
         --build zoe.key.pub --release sam.key.pub --status status.key.pub",
    );
    ours.folder.pack("app.bin", "a.mainstay");
    ours
}

#[test]
fn a_release_signed_in_a_token_is_a_release() {
    let ours = with_builder();
    let told = ours.good(&format!("{SIGN} zoe.key"));
    assert!(told.contains("signed by zoe@company.example"), "{told}");
    ours.good("artifact approve a.mainstay --root token.cbor --plan plan.toml --key sam.key");
    // Verifying needs no token.
    ours.folder
        .good("artifact verify a.mainstay --root token.cbor");
    let uses = ours.folder.good("key uses zoe.key");
    assert!(
        uses.contains("  release  ") && uses.lines().count() == 1,
        "{uses}"
    );
    let uses = ours.folder.good("--json key uses sam.key.uses");
    assert!(uses.contains(r#""what":"approval""#), "{uses}");
    let shown = ours.good("key show zoe.key --root token.cbor");
    assert!(
        shown.contains("extractable  no") && shown.contains("build; active"),
        "{shown}"
    );
}

#[test]
fn openssl_verifies_the_block_that_a_token_signed() {
    let ours = with_builder();
    ours.good(&format!("{SIGN} zoe.key"));
    ours.good("key export-public zoe.key --format pem -o zoe.pem");
    let artifact = ours.folder.read("a.mainstay");
    let file = mainstay_artifact::ArtifactFile::from_bytes(&artifact).expect("an artifact");
    let envelope = Envelope::parse(&file.envelope).expect("its envelope");
    let block = Block::parse(envelope.blocks.iter().next().expect("a block")).expect("its block");
    let digest = envelope.identity(&mainstay_keys::HostPrimitives);
    let flipped = Digest(digest.0.map(|byte| byte ^ 1));
    for (digest, expected) in [(digest, true), (flipped, false)] {
        let payload = suit_digest(&digest);
        let message = ToBeSigned::new(&block.protected, &payload).expect("a header");
        ours.folder.write("message", message.parts().concat());
        ours.folder.write("signature", der(block.signature));
        let words = "dgst -sha256 -verify zoe.pem -signature signature message";
        let mut openssl = Command::new("openssl");
        let ended = openssl
            .args(words.split(' '))
            .current_dir(ours.folder.path())
            .output();
        assert_eq!(ended.expect("openssl runs").status.success(), expected);
    }
}

/// `r || s` as a SEQUENCE of two INTEGERs; each is given its full length, which openssl takes as
/// long as no more zeros lead it than its sign needs.
fn der(signature: &[u8]) -> Vec<u8> {
    let integer = |number: &[u8]| {
        let number: Vec<u8> = number
            .iter()
            .copied()
            .skip_while(|byte| *byte == 0)
            .collect();
        let sign = usize::from(number[0] >= 0x80);
        let len = u8::try_from(sign + number.len()).expect("32 bytes");
        [&[2, len], &[0][..sign], &number[..]].concat()
    };
    let both = [integer(&signature[..32]), integer(&signature[32..])].concat();
    [
        &[0x30, u8::try_from(both.len()).expect("72 bytes")],
        &both[..],
    ]
    .concat()
}

#[test]
fn a_key_that_is_there_already_is_linked() {
    let ours = WithToken::new();
    ours.import("old", "01", P256);
    let uri = format!("pkcs11:token=ours;object=old{MODULE}");
    ours.good(&format!(
        "key link old.key --holder old@company.example --token {uri}"
    ));
    let pem = ours.good(&format!("key export-public {uri} --format pem"));
    assert_eq!(pem, ours.good("key export-public old.key.pub --format pem"));
    let half = ours.good(&format!(
        "key export-public {uri} --holder old@company.example"
    ));
    assert_eq!(half.as_bytes(), ours.folder.read("old.key.pub"));
    ours.run(&format!("key export-public {uri}"))
        .failed(2, "key.holder-unknown");
    let listed = ours.good(&format!(
        "key list pkcs11:token=ours{MODULE} --root root.cbor"
    ));
    assert!(
        listed.contains("ESP256") && listed.contains("(id 01)"),
        "{listed}"
    );
    assert!(listed.contains("(no role; unknown)"), "{listed}");
    let listed = ours.good("key list . --root root.cbor");
    assert!(listed.contains("ana.key.pub  (build; active)"), "{listed}");
    assert!(
        listed.contains("token      old@company.example"),
        "{listed}"
    );
}

#[test]
fn each_failure_says_what_it_is() {
    let ours = with_builder();
    ours.import("twice", "01", P256);
    ours.import("twice", "02", P256);
    ours.import(
        "rsa",
        "03",
        &["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"],
    );
    ours.folder.write("text.so", "no library");
    let text = ours.folder.path().join("text.so").display().to_string();
    let before = ours.folder.names();
    for (uri, id) in [
        (
            "pkcs11:token=ours;object=twice?module-name=softhsm2",
            "token.key-ambiguous",
        ),
        (
            "pkcs11:token=ours;object=none?module-name=softhsm2",
            "token.key-missing",
        ),
        (
            "pkcs11:token=ours;object=rsa?module-name=softhsm2",
            "token.key-type",
        ),
        (
            "pkcs11:token=ours?module-name=softhsm2",
            "token.names-no-key",
        ),
        (
            "pkcs11:token=theirs;object=zoe?module-name=softhsm2",
            "token.missing",
        ),
        (
            "pkcs11:token=ours;object=zoe?module-name=nosuchmodule",
            "token.module-missing",
        ),
        (
            &*format!("pkcs11:object=zoe?module-path={text}"),
            "token.module-unloadable",
        ),
        ("pkcs11:object=zoe", "token.module-unnamed"),
        ("pkcs11:object=zoe?pin-value=4321", "token.pin-in-uri"),
        ("pkcs11:objekt=zoe", "token.uri"),
        ("zoe.key", "token.uri"),
    ] {
        let words = format!("key link new.key --holder new@company.example --token {uri}");
        let ended = ours.run(&words);
        ended.failed(2, id);
        assert!(!ended.stderr().contains("4321"), "{}", ended.stderr());
    }
    ours.good("key link new.key --holder new@company.example --token pkcs11:token=ours;object=twice;id=%02?module-name=softhsm2");
    let after = ours.folder.names();
    let added: Vec<_> = after.difference(&before).collect();
    assert_eq!(added, ["new.key", "new.key.pub"]);
}

#[test]
fn nothing_is_half_signed() {
    let ours = with_builder();
    let before = ours.folder.read("a.mainstay");
    let wrong = [("MAINSTAY_PASSPHRASE", "not the right one")];
    for _ in 0..3 {
        let ended = ours.run_with(&format!("{SIGN} zoe.key"), &wrong);
        ended.failed(2, "token.wrong-pin");
        assert!(!ended.stderr().contains("right one"), "{}", ended.stderr());
    }
    let uri = format!("pkcs11:token=ours;object=zoe{MODULE}");
    ours.run(&format!("{SIGN} {uri}"))
        .failed(2, "token.uri-as-key");
    ours.run(&format!("{SIGN} zoe.key --key-log no/such"))
        .failed(1, "uses.missing");
    let half = ours.folder.read("zoe.key.pub");
    ours.folder
        .write("zoe.key.pub", ours.folder.read("ana.key.pub"));
    ours.run(&format!("{SIGN} zoe.key"))
        .failed(2, "token.another-key");
    ours.folder.write("zoe.key.pub", half);
    assert_eq!(ours.folder.read("a.mainstay"), before);
    let ours = ours.without_signatures();
    ours.run(&format!("{SIGN} zoe.key"))
        .failed(2, "token.mechanism-missing");
    std::fs::remove_dir_all(ours.folder.path().join("tokens")).expect("an own folder");
    std::fs::create_dir(ours.folder.path().join("tokens")).expect("an own folder");
    ours.run(&format!("{SIGN} zoe.key"))
        .failed(2, "token.missing");
    assert_eq!(ours.folder.read("a.mainstay"), before);
    assert!(!ours.folder.names().contains("zoe.key.uses"));
}

#[test]
fn a_pin_comes_from_a_file_too() {
    let ours = with_builder();
    ours.folder.write("pin", crate::folder::PASSPHRASE);
    let wrong = [("MAINSTAY_PASSPHRASE", "not the right one")];
    let words = format!("{SIGN} zoe.key --passphrase-file pin");
    assert_eq!(ours.run_with(&words, &wrong).code(), 0);
    let pin = ours.folder.path().join("pin").display().to_string();
    let uri = format!("pkcs11:token=ours;object=zoe{MODULE}&pin-source=file:{pin}");
    assert_eq!(ours.run_with(&format!("key show {uri}"), &wrong).code(), 0);
}
