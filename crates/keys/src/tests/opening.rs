//! A key that opens beside other work: known at once, used when it is open, and silent on record if it
//! doesn't open.

use std::path::Path;

use mainstay_artifact::Signer as _;
use mainstay_trust::Primitives as _;

use crate::pkcs11::Pin;
use crate::{
    HostPrimitives, KeyError, Opening, Passphrase, PinOf, SecretSource, UseLog, begin, file,
    generate,
};

const HOLDER: &str = "ana@northwind.example";

/// Somebody who knows one passphrase and no PIN.
struct Knows(&'static str);

impl SecretSource for Knows {
    type Error = KeyError;

    fn passphrase(&self, _: &Path) -> Result<Passphrase, KeyError> {
        Passphrase::from_text(self.0)
    }

    fn pin(&self, _: &PinOf<'_>) -> Result<Pin, KeyError> {
        Err(KeyError::Library("give a PIN"))
    }
}

fn begun(folder: &Path, secret: &'static str) -> Result<Opening, KeyError> {
    let uses = UseLog::at(folder.join("uses"), || 1_700_000_000, "test");
    begin(&folder.join("ana"), None, &Knows(secret), uses)
}

fn folder_with_key() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let key = generate::from_seed(HOLDER, &[1; 32]).unwrap();
    let passphrase = Passphrase::from_text("correct horse").unwrap();
    file::create(&folder.path().join("ana"), &key, &passphrase).unwrap();
    folder
}

#[test]
fn it_signs_once_it_is_open() {
    let folder = folder_with_key();
    let opening = begun(folder.path(), "correct horse").unwrap();
    assert_eq!(opening.holder(), HOLDER);
    let signature = opening.sign(b"message").unwrap();
    let verified = HostPrimitives.verify(&opening.public_key(), &[b"message"], &signature);
    assert!(verified.is_ok());
    assert!(folder.path().join("uses").exists());
}

#[test]
fn a_wrong_passphrase_is_told_and_leaves_no_record() {
    let folder = folder_with_key();
    let opening = begun(folder.path(), "correct house").unwrap();
    let refused = opening.sign(b"message").unwrap_err();
    assert_eq!(refused.id(), "key.wrong-passphrase");
    let why = opening.wait().err().map(KeyError::id);
    assert_eq!(why, Some("key.wrong-passphrase"));
    assert!(!folder.path().join("uses").exists());
}

#[test]
fn what_needs_no_passphrase_is_told_at_once() {
    let folder = folder_with_key();
    std::fs::remove_file(folder.path().join("ana.pub")).unwrap();
    let refused = begun(folder.path(), "never asked for").unwrap_err();
    assert_eq!(refused.id(), "key.missing");
}
