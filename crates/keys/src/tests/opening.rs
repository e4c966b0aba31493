//! A key that opens beside other work: known at once, used when it is open, and silent on record if it
//! doesn't open.

use std::path::Path;

use mainstay_artifact::Signer as _;
use mainstay_trust::Primitives as _;

use crate::pkcs11::Pin;
use crate::{
    HostPrimitives, KeyError, Opening, Passphrase, PinOf, SecretSource, UseLog, begin, file,
    generate, open_for_service,
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

/// A service signs all day long: that it opened the key is on record, and what it signs it records itself.
#[test]
fn a_service_leaves_one_line_each_time_that_it_opens_a_key() {
    let folder = folder_with_key();
    let (key, record) = (folder.path().join("ana"), folder.path().join("uses"));
    let uses = UseLog::at(&record, || 1_700_000_000, "test");
    let wrong = open_for_service(&key, None, &AlsoRecords("correct house"), &uses);
    assert!(wrong.is_err() && !record.exists());
    for opened in 1..=2 {
        let signer = open_for_service(&key, None, &AlsoRecords("correct horse"), &uses).unwrap();
        for message in [b"one", b"two"] {
            let signature = signer.sign(message).unwrap();
            let verified = HostPrimitives.verify(&signer.public_key(), &[message], &signature);
            assert!(verified.is_ok());
        }
        let lines = std::fs::read_to_string(&record).unwrap();
        assert_eq!(lines.lines().count(), opened);
        assert_eq!(lines.matches("opened by a service").count(), opened);
    }
}

/// Somebody who knows one passphrase, and to whom it is told that a use can't be recorded.
struct AlsoRecords(&'static str);

#[derive(Debug)]
enum Unopened {
    Key,
    Record,
}

impl From<KeyError> for Unopened {
    fn from(_: KeyError) -> Self {
        Self::Key
    }
}

impl From<crate::UseLogError> for Unopened {
    fn from(_: crate::UseLogError) -> Self {
        Self::Record
    }
}

impl SecretSource for AlsoRecords {
    type Error = Unopened;

    fn passphrase(&self, _: &Path) -> Result<Passphrase, Unopened> {
        Ok(Passphrase::from_text(self.0)?)
    }

    fn pin(&self, _: &PinOf<'_>) -> Result<Pin, Unopened> {
        Err(Unopened::Key)
    }
}

#[test]
fn nothing_is_opened_that_cannot_be_recorded() {
    let folder = folder_with_key();
    // A folder is no record.
    let uses = UseLog::at(folder.path(), || 1_700_000_000, "test");
    let key = folder.path().join("ana");
    let opened = open_for_service(&key, None, &AlsoRecords("correct horse"), &uses);
    assert!(matches!(opened.err(), Some(Unopened::Record)));
}

#[test]
fn what_needs_no_passphrase_is_told_at_once() {
    let folder = folder_with_key();
    std::fs::remove_file(folder.path().join("ana.pub")).unwrap();
    let refused = begun(folder.path(), "never asked for").unwrap_err();
    assert_eq!(refused.id(), "key.missing");
}
