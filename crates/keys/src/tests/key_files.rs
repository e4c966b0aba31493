//! Key files as a person meets them: made, opened, misnamed, damaged.

use std::fs;
use std::path::{Path, PathBuf};

use mainstay_artifact::Signer;
use mainstay_trust::{Algorithm, Primitives as _};

use crate::{KeyError, Passphrase, PublicHalf, file, generate};

fn passphrase() -> Passphrase {
    Passphrase::from_text("correct horse").unwrap()
}

/// A folder with the key `ana` in it.
fn folder_with_key() -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ana");
    let key = generate::from_seed("ana@northwind.example", &[1; 32]).unwrap();
    file::create(&path, &key, &passphrase()).unwrap();
    (folder, path)
}

fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

fn write_private(path: &Path, content: &[u8]) {
    fs::write(path, content).unwrap();
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        fs::set_permissions(path, fs::Permissions::from_mode(0o600)).unwrap();
    }
}

fn refusal(path: &Path) -> KeyError {
    file::open(path, &passphrase()).unwrap_err()
}

#[test]
fn a_key_is_two_files_and_opens_again() {
    let (folder, path) = folder_with_key();
    assert_eq!(names(folder.path()), ["ana", "ana.pub"]);
    let signer = file::open(&path, &passphrase()).unwrap();
    assert_eq!(signer.holder(), "ana@northwind.example");
    let public = PublicHalf::open(&PublicHalf::path_beside(&path)).unwrap();
    assert_eq!(PublicHalf::of(&signer), public);
    let signature = signer.sign(b"message").unwrap();
    let verified =
        crate::HostPrimitives.verify(&public.public_key.as_key(), &[b"mess", b"age"], &signature);
    assert!(verified.is_ok());
}

#[cfg(unix)]
#[test]
fn only_its_owner_may_read_it() {
    use std::os::unix::fs::PermissionsExt as _;
    let (_folder, path) = folder_with_key();
    assert_eq!(
        fs::metadata(&path).unwrap().permissions().mode() & 0o777,
        0o600
    );
    for mode in [0o640, 0o604, 0o620] {
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        assert_eq!(refusal(&path).id(), "key.readable-by-others", "{mode:o}");
    }
}

#[test]
fn a_key_is_never_overwritten() {
    let (folder, path) = folder_with_key();
    let before = fs::read(&path).unwrap();
    let other = generate::from_seed("li@northwind.example", &[2; 32]).unwrap();
    let refused = file::create(&path, &other, &passphrase()).unwrap_err();
    assert_eq!(refused.id(), "key.exists");
    assert_eq!(fs::read(&path).unwrap(), before);
    fs::remove_file(&path).unwrap();
    let refused = file::create(&path, &other, &passphrase()).unwrap_err();
    assert_eq!(refused.id(), "key.exists", "its public half is still there");
    assert_eq!(names(folder.path()), ["ana.pub"]);
}

#[test]
fn nothing_is_left_where_nothing_can_be_written() {
    let folder = tempfile::tempdir().unwrap();
    let key = generate::from_seed("ana", &[1; 32]).unwrap();
    let path = folder.path().join("no-such-folder/ana");
    let refused = file::create(&path, &key, &passphrase()).unwrap_err();
    assert_eq!(refused.id(), "key.unwritable");
    assert!(names(folder.path()).is_empty());
}

#[test]
fn each_defect_has_its_own_reason() {
    let (folder, path) = folder_with_key();
    let good = fs::read_to_string(&path).unwrap();
    let cases: [(&str, Vec<u8>, &str); 8] = [
        ("empty", vec![], "key.not-a-key"),
        ("garbage", vec![0xff; 100], "key.not-a-key"),
        ("text", b"hello".to_vec(), "key.not-a-key"),
        (
            "a certificate",
            good.replace("ENCRYPTED PRIVATE KEY", "CERTIFICATE").into(),
            "key.not-a-key",
        ),
        (
            "unencrypted",
            good.replace("ENCRYPTED PRIVATE", "PRIVATE").into(),
            "key.not-encrypted",
        ),
        ("cut short", good[..good.len() / 2].into(), "key.not-a-key"),
        ("oversize", good.repeat(100).into(), "key.too-large"),
        ("good", good.clone().into(), "ok"),
    ];
    for (name, content, expected) in cases {
        write_private(&path, &content);
        let found = file::open(&path, &passphrase()).map_or_else(|error| error.id(), |_| "ok");
        assert_eq!(found, expected, "{name}");
    }
    assert_eq!(refusal(&folder.path().join("bob")).id(), "key.missing");
    assert_eq!(refusal(folder.path()).id(), "key.unreadable");
}

#[test]
fn a_wrong_passphrase_is_told_from_a_wrong_file() {
    let (_folder, path) = folder_with_key();
    let wrong = Passphrase::from_text("correct house").unwrap();
    let refused = file::open(&path, &wrong).unwrap_err();
    assert_eq!(refused.id(), "key.wrong-passphrase");
    assert!(!refused.to_string().contains("house"));
}

#[test]
fn the_public_half_must_be_its_own() {
    let (folder, path) = folder_with_key();
    let other = folder.path().join("li");
    let key = generate::from_seed("li@northwind.example", &[2; 32]).unwrap();
    file::create(&other, &key, &passphrase()).unwrap();
    fs::copy(
        PublicHalf::path_beside(&other),
        PublicHalf::path_beside(&path),
    )
    .unwrap();
    assert_eq!(refusal(&path).id(), "key.mismatch");
    fs::remove_file(PublicHalf::path_beside(&path)).unwrap();
    assert_eq!(refusal(&path).id(), "key.missing");
}

#[test]
fn a_key_of_another_curve_is_refused() {
    let (_folder, path) = folder_with_key();
    write_private(&path, include_bytes!("data/p521.pem"));
    assert_eq!(refusal(&path).id(), "key.unsupported");
}

#[test]
fn keys_made_by_openssl_open_and_sign() {
    macro_rules! data {
        ($name:literal) => {
            [
                include_bytes!(concat!("data/openssl-", $name, ".pem")).as_slice(),
                include_bytes!(concat!("data/openssl-", $name, ".pem.pub")),
            ]
        };
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("openssl");
    for [private, public] in [data!("p256"), data!("p384"), data!("ed25519")] {
        write_private(&path, private);
        fs::write(PublicHalf::path_beside(&path), public).unwrap();
        let signer = file::open(&path, &passphrase()).unwrap();
        assert_eq!(signer.holder(), "openssl");
        signs(&signer);
    }
}

#[test]
fn keys_of_every_algorithm_are_kept_and_opened() {
    let folder = tempfile::tempdir().unwrap();
    for algorithm in Algorithm::ALL {
        let Ok(key) = generate::fresh(algorithm, "ana") else {
            assert_eq!(algorithm, Algorithm::HssLms);
            continue;
        };
        let path = folder.path().join(algorithm.id());
        let public = file::create(&path, &key, &passphrase()).unwrap();
        assert_eq!(public.public_key.algorithm(), algorithm);
        let signer = file::open(&path, &passphrase()).unwrap();
        assert_eq!(signer.public_key(), public.public_key.as_key());
        signs(&signer);
    }
}

/// The signature has the form that documents have, and holds.
fn signs(signer: &dyn Signer) {
    let signature = signer.sign(b"message").unwrap();
    let verified = crate::HostPrimitives.verify(&signer.public_key(), &[b"message"], &signature);
    assert!(verified.is_ok(), "{}", signer.public_key().algorithm().id());
}
