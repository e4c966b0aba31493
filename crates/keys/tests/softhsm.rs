//! Keys in a real PKCS#11 token (SoftHSM2): made there, used there, and judged by openssl.
//!
//! SoftHSM2 finds its tokens through an environment variable, which a Rust program can't safely set
//! for itself: the test starts itself again with it.
#![expect(
    clippy::unwrap_used,
    reason = "in a test a failure should end it at once"
)]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use mainstay_artifact::Signer;
use mainstay_keys::pkcs11::{Pin, TokenUri};
use mainstay_keys::use_log::check;
use mainstay_keys::{KeyError, Passphrase, PinOf, PublicHalf, SecretSource, TokenFile, UseLog};
use mainstay_keys::{open, public_formats, unlock};
use mainstay_trust::Algorithm;

const CONF: &str = "SOFTHSM2_CONF";
const PLACE: &str = "MAINSTAY_TEST_TOKEN_FOLDER";

/// Knows the PIN, and no passphrase.
struct Known;

impl SecretSource for Known {
    type Error = KeyError;

    fn passphrase(&self, _: &Path) -> Result<Passphrase, KeyError> {
        panic!("a token has no passphrase")
    }

    fn pin(&self, of: &PinOf<'_>) -> Result<Pin, KeyError> {
        assert_eq!((of.token, of.last_try), ("our token", false));
        Pin::from_text("4321")
    }
}

#[test]
fn openssl_verifies_what_a_token_signed() {
    match std::env::var_os(PLACE) {
        None => again_with_a_token(),
        Some(folder) => in_the_token(&PathBuf::from(folder)),
    }
}

fn again_with_a_token() {
    let folder = tempfile::tempdir().unwrap();
    let conf = folder.path().join("softhsm2.conf");
    fs::create_dir(folder.path().join("tokens")).unwrap();
    let tokens = folder.path().join("tokens");
    let text = format!(
        "directories.tokendir = {}\nobjectstore.backend = file\n",
        tokens.display()
    );
    fs::write(&conf, text).unwrap();
    let init = "--init-token --free --so-pin 87654321 --pin 4321 --label".split(' ');
    let made = Command::new("softhsm2-util")
        .env(CONF, &conf)
        .args(init)
        .arg("our token")
        .output();
    let made = made.expect("softhsm2-util is missing: run `cargo xtask test`, which installs it");
    assert!(made.status.success(), "{made:?}");
    let own = std::env::current_exe().unwrap();
    let ended = Command::new(own)
        .args([
            "--exact",
            "openssl_verifies_what_a_token_signed",
            "--nocapture",
        ])
        .env(CONF, &conf)
        .env(PLACE, folder.path())
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&ended.stdout);
    let failed = String::from_utf8_lossy(&ended.stderr);
    assert!(
        ended.status.success() && told.contains("1 passed"),
        "{told}{failed}"
    );
}

fn in_the_token(folder: &Path) {
    for algorithm in [Algorithm::Esp256, Algorithm::Esp384, Algorithm::Ed25519] {
        let signer = made(folder, algorithm);
        assert_eq!(signer.holder(), "ana@northwind.example");
        assert_eq!(signer.public_key().algorithm(), algorithm);
        let message = format!("a message for {}", algorithm.id()).into_bytes();
        let signature = signer.sign(&message).unwrap();
        assert!(
            judge(folder, &*signer, &message, &signature),
            "{algorithm:?}"
        );
        assert!(
            !judge(folder, &*signer, b"another message", &signature),
            "{algorithm:?}"
        );
        let record = folder.join(format!("{}.key.uses", algorithm.id()));
        assert_eq!(check(&record).unwrap().len(), 1);
    }
}

/// A key made in the token, kept in a file, and opened through the one door.
fn made(folder: &Path, algorithm: Algorithm) -> Box<dyn Signer> {
    let path = folder.join(format!("{}.key", algorithm.id()));
    let text = format!(
        "pkcs11:token=our%20token;object={}?module-name=softhsm2",
        algorithm.id()
    );
    let uri = TokenUri::parse(&text).unwrap();
    {
        let token = unlock(&uri, None, &Known, true).unwrap();
        let made = token.generate(&uri, algorithm).unwrap();
        let key = token.key(&made.uri).unwrap();
        assert!(key.sensitive && !key.extractable && key.may_sign && !key.asks_each_time);
        let taken = token.generate(&uri, algorithm).unwrap_err();
        assert_eq!(taken.id(), "token.key-exists");
        let public = PublicHalf::new("ana@northwind.example", made.public.clone()).unwrap();
        let file = TokenFile {
            uri: made.uri.clone(),
        };
        file.create(&path, &public).unwrap();
    }
    let uses = UseLog::at(UseLog::path_beside(&path), || 1, "test");
    open(&path, None, &Known, uses).unwrap()
}

/// What openssl says of a signature.
fn judge(folder: &Path, signer: &dyn Signer, message: &[u8], signature: &[u8]) -> bool {
    let write = |name: &str, bytes: &[u8]| fs::write(folder.join(name), bytes).unwrap();
    write(
        "key.pem",
        public_formats::to_pem(&signer.public_key()).as_bytes(),
    );
    write("message", message);
    let words = match signer.public_key().algorithm() {
        Algorithm::Ed25519 => {
            write("signature", signature);
            "pkeyutl -verify -pubin -inkey key.pem -rawin -in message -sigfile signature"
        }
        Algorithm::Esp384 => {
            write("signature", &der(signature));
            "dgst -sha384 -verify key.pem -signature signature message"
        }
        _ => {
            write("signature", &der(signature));
            "dgst -sha256 -verify key.pem -signature signature message"
        }
    };
    let ended = Command::new("openssl")
        .args(words.split(' '))
        .current_dir(folder)
        .output();
    let ended = ended.expect("openssl is missing: run `cargo xtask test`, which installs it");
    ended.status.success()
}

/// `r || s` as the SEQUENCE of two INTEGERs that openssl reads.
fn der(signature: &[u8]) -> Vec<u8> {
    let (r, s) = signature.split_at(signature.len() / 2);
    let integer = |number: &[u8]| {
        let zeros = number.iter().take_while(|byte| **byte == 0).count();
        let number = &number[zeros..];
        let sign: &[u8] = if number[0] >= 0x80 { &[0] } else { &[] };
        let len = u8::try_from(sign.len() + number.len()).unwrap();
        [&[0x02, len], sign, number].concat()
    };
    let both = [integer(r), integer(s)].concat();
    [&[0x30, u8::try_from(both.len()).unwrap()], &both[..]].concat()
}
