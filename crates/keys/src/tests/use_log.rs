//! The record of uses: written first, chained, and honest about what was done to it.

use std::fs;
use std::path::{Path, PathBuf};

use mainstay_artifact::signer::FakeSigner;
use mainstay_artifact::{SignError, Signer};
use mainstay_trust::{KeyId, PublicKey};

use crate::use_log::{Line, Recorded, UseLog, check};

fn signer(path: &Path) -> Recorded<FakeSigner> {
    let uses = UseLog::at(path, || 1_700_000_000, "mainstay test");
    Recorded::new(FakeSigner::new("ana@northwind.example"), uses)
}

/// A folder with a record of three uses.
fn three() -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = UseLog::path_beside(&folder.path().join("ana.key"));
    for message in [b"one", b"two", b"six"] {
        signer(&path).sign(message).unwrap();
    }
    (folder, path)
}

fn id(path: &Path) -> &'static str {
    check(path).map_or_else(|error| error.id(), |_| "ok")
}

#[test]
fn each_use_is_a_line_that_a_person_can_read() {
    let (_folder, path) = three();
    assert!(path.ends_with("ana.key.uses"));
    let text = fs::read_to_string(&path).unwrap();
    let first = text.lines().next().unwrap();
    let kid = FakeSigner::new("ana@northwind.example").key_id();
    let expected = format!(
        r#"{{"at":1700000000,"kid":"{kid}","holder":"ana@northwind.example","what":"bytes of no known kind","digest":"7692c3ad3540bb803c020b3aee66cd8887123234ea0c6e7143c0add73ff431ed","program":"mainstay test","previous":"{}"}}"#,
        "0".repeat(64)
    );
    assert_eq!(first, expected);
    assert_eq!(check(&path).unwrap().len(), 3);
}

#[test]
fn what_was_done_to_it_shows() {
    let (_folder, path) = three();
    let good = fs::read_to_string(&path).unwrap();
    let lines: Vec<&str> = good.lines().collect();
    let edited = good.replacen("ana@", "bob@", 1);
    let (a, b, c) = (lines[0], lines[1], lines[2]);
    for (text, expected) in [
        (good.clone(), "ok"),
        (edited, "uses.broken"),
        (format!("{b}\n{c}\n"), "uses.broken"),
        (format!("{a}\n{c}\n"), "uses.broken"),
        (format!("{a}\n{a}\n{b}\n{c}\n"), "uses.broken"),
        (format!("{b}\n{a}\n{c}\n"), "uses.broken"),
        (format!("{a}\n\n{b}\n"), "uses.foreign"),
        (format!("{a}\nhello\n"), "uses.foreign"),
        (String::new(), "ok"),
        // What no chain can show; the header says so.
        (format!("{a}\n{b}\n"), "ok"),
    ] {
        fs::write(&path, &text).unwrap();
        assert_eq!(id(&path), expected, "{text}");
    }
    assert_eq!(id(&path.with_extension("none")), "uses.missing");
}

#[test]
fn a_power_cut_in_the_middle_of_a_line_stops_nobody() {
    let (_folder, path) = three();
    let good = fs::read(&path).unwrap();
    fs::write(&path, &good[..good.len() - 30]).unwrap();
    signer(&path).sign(b"after").unwrap();
    let lines = check(&path).unwrap();
    assert_eq!(lines.len(), 4);
    assert_eq!(lines[2], Line::Unfinished);
    assert!(matches!(lines[3], Line::Use(_)));
}

#[test]
fn commands_at_once_wait_for_each_other() {
    let (_folder, path) = three();
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for _ in 0..5 {
                    signer(&path).sign(b"message").unwrap();
                }
            });
        }
    });
    assert_eq!(check(&path).unwrap().len(), 3 + 4 * 5);
}

/// A key that must not be asked.
struct Untouched;

impl Signer for Untouched {
    fn key_id(&self) -> KeyId {
        KeyId([0; 16])
    }

    fn public_key(&self) -> PublicKey<'_> {
        unreachable!("nobody asks for it")
    }

    fn holder(&self) -> &str {
        "ana"
    }

    fn sign(&self, _: &[u8]) -> Result<Vec<u8>, SignError> {
        panic!("it was asked to sign without a record")
    }
}

#[test]
fn without_a_record_nothing_is_signed() {
    let folder = tempfile::tempdir().unwrap();
    let refused = |path: &Path| {
        let uses = UseLog::at(path, || 0, "mainstay test");
        Recorded::new(Untouched, uses)
            .sign(b"message")
            .unwrap_err()
            .id()
    };
    assert_eq!(refused(folder.path()), "uses.unusable", "a folder");
    assert_eq!(refused(&folder.path().join("no/such")), "uses.missing");
    let foreign = folder.path().join("picture");
    fs::write(&foreign, vec![b'x'; 10_000]).unwrap();
    #[cfg(unix)]
    private(&foreign, 0o600);
    assert_eq!(refused(&foreign), "uses.foreign");
    assert_eq!(fs::read(&foreign).unwrap(), vec![b'x'; 10_000]);
}

#[cfg(unix)]
fn private(path: &Path, mode: u32) {
    use std::os::unix::fs::PermissionsExt as _;
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

#[cfg(unix)]
#[test]
fn it_is_its_owners_alone() {
    use std::os::unix::fs::PermissionsExt as _;
    let (_folder, path) = three();
    assert_eq!(
        fs::metadata(&path).unwrap().permissions().mode() & 0o777,
        0o600
    );
    private(&path, 0o660);
    let refused = signer(&path).sign(b"message").unwrap_err();
    assert_eq!(refused.id(), "uses.writable-by-others");
}
