//! Archives as they are, and as somebody would make them who means no good.

use std::os::unix::fs::PermissionsExt as _;

use mainstay_protocol::InstallFailure;
use tar::{Builder, Header};

use super::*;

struct Made {
    kind: EntryType,
    name: &'static str,
    link: &'static str,
    mode: u32,
}

fn archive(entries: &[Made]) -> Vec<u8> {
    let mut builder = Builder::new(Vec::new());
    for entry in entries {
        let mut header = Header::new_gnu();
        header.set_entry_type(entry.kind);
        header.set_mode(entry.mode);
        let body: &[u8] = match entry.kind {
            EntryType::Regular => b"body",
            _ => b"",
        };
        header.set_size(body.len() as u64);
        // The library refuses to write bad names; an attacker's doesn't.
        header.as_old_mut().name[..entry.name.len()].copy_from_slice(entry.name.as_bytes());
        header.as_old_mut().linkname[..entry.link.len()].copy_from_slice(entry.link.as_bytes());
        header.set_cksum();
        builder.append(&header, body).expect("appends");
    }
    builder.into_inner().expect("ends")
}

fn check(bytes: &[u8]) -> (tempfile::TempDir, Result<(), Fault>) {
    let folder = tempfile::tempdir().expect("a folder");
    let image = folder.path().join("image");
    fs::write(&image, bytes).expect("writes");
    let outcome = unpack(&image, bytes.len() as u64, &folder.path().join("tree"));
    (folder, outcome)
}

fn entry(kind: EntryType, name: &'static str, link: &'static str) -> Made {
    Made {
        kind,
        name,
        link,
        mode: 0o755,
    }
}

fn with_mode(kind: EntryType, name: &'static str, mode: u32) -> Made {
    Made {
        mode,
        ..entry(kind, name, "")
    }
}

fn mode(place: &Path) -> u32 {
    let found = fs::symlink_metadata(place).expect("is there");
    found.permissions().mode() & 0o7777
}

#[test]
fn files_folders_and_links_arrive() {
    use EntryType as E;
    let (folder, outcome) = check(&archive(&[
        entry(E::Directory, "./", ""),
        entry(E::Directory, "./bin", ""),
        entry(E::Regular, "./bin/app", ""),
        entry(E::Symlink, "app", "bin/app"),
        entry(E::Link, "hard", "bin/app"),
    ]));
    outcome.expect("unpacks");
    let tree = folder.path().join("tree");
    for name in ["bin/app", "app", "hard"] {
        assert_eq!(
            fs::read(tree.join(name)).expect("is there"),
            b"body",
            "{name}"
        );
    }
}

#[test]
fn nothing_hostile_gets_out() {
    use EntryType as E;
    let cases: &[&[Made]] = &[
        &[entry(E::Regular, "../evil", "")],
        &[entry(E::Regular, "/tmp/mainstay-evil", "")],
        &[entry(E::Regular, "a/../../evil", "")],
        &[
            entry(E::Symlink, "out", ".."),
            entry(E::Regular, "out/evil", ""),
        ],
        &[
            entry(E::Symlink, "out", "/tmp"),
            entry(E::Regular, "./out/mainstay-evil", ""),
        ],
        &[
            entry(E::Link, "hard", "../image"),
            entry(E::Regular, "hard", ""),
        ],
        &[
            entry(E::Symlink, "out", "../image"),
            entry(E::Link, "hard", "out"),
        ],
        &[
            entry(E::Symlink, "out", ".."),
            entry(E::Symlink, "out", "."),
        ],
        &[
            entry(E::Regular, "file", ""),
            entry(E::Regular, "file/below", ""),
        ],
        &[entry(E::Link, "hard", "nowhere")],
        &[entry(E::Directory, "d", ""), entry(E::Link, "hard", "d")],
        &[entry(E::Block, "disk", "")],
        &[entry(E::Fifo, "pipe", "")],
        &[],
    ];
    for (number, case) in cases.iter().enumerate() {
        let (folder, outcome) = check(&archive(case));
        let fault = outcome.expect_err("is refused");
        assert_eq!(fault.id, "agent.image-unusable", "case {number}");
        assert!(!folder.path().join("evil").exists(), "case {number}");
        assert!(!Path::new("/tmp/mainstay-evil").exists(), "case {number}");
    }
}

#[test]
fn what_is_cut_short_or_no_archive_is_refused() {
    let whole = archive(&[entry(EntryType::Regular, "app", "")]);
    for bytes in [&whole[..514], &b"plain text"[..], &[0; 2048], &[7; 4096]] {
        let (_folder, outcome) = check(bytes);
        assert_eq!(
            outcome.expect_err("is refused").obstacle,
            InstallFailure::ImageUnusable
        );
    }
}

#[test]
fn modes_are_the_archives_and_what_it_doesnt_name_is_open() {
    use EntryType as E;
    let (folder, outcome) = check(&archive(&[
        with_mode(E::Directory, "./", 0o711),
        with_mode(E::Regular, "srv/deep/app", 0o640),
        with_mode(E::Directory, "tmp", 0o1777),
    ]));
    outcome.expect("unpacks");
    let tree = folder.path().join("tree");
    for (name, expected) in [
        ("", 0o711),
        ("srv", 0o755),
        ("srv/deep", 0o755),
        ("srv/deep/app", 0o640),
        ("tmp", 0o1777),
    ] {
        assert_eq!(mode(&tree.join(name)), expected, "{name}");
    }
    let (folder, outcome) = check(&archive(&[with_mode(E::Regular, "app", 0o755)]));
    outcome.expect("unpacks");
    assert_eq!(mode(&folder.path().join("tree")), 0o755);
}

#[test]
fn nothing_runs_with_somebody_elses_rights() {
    use EntryType as E;
    for ill in [
        with_mode(E::Regular, "su", 0o4755),
        with_mode(E::Regular, "su", 0o2755),
        with_mode(E::Directory, "shared", 0o2775),
    ] {
        let (folder, outcome) = check(&archive(&[entry(E::Regular, "app", ""), ill]));
        let fault = outcome.expect_err("is refused");
        assert!(fault.what.contains("setuid and setgid"), "{fault}");
        assert_eq!(fault.obstacle, InstallFailure::ImageUnusable);
        assert!(!folder.path().join("tree").exists(), "nothing was made");
    }
}

/// An archive with a record of this type and these bytes before its one file.
fn described(kind: EntryType, record: &[u8]) -> Vec<u8> {
    let mut builder = Builder::new(Vec::new());
    for (kind, body) in [(kind, record), (EntryType::Regular, b"body")] {
        let mut header = match kind {
            EntryType::XHeader => Header::new_ustar(),
            _ => Header::new_gnu(),
        };
        header.set_entry_type(kind);
        header.set_mode(0o644);
        header.set_size(body.len() as u64);
        header.as_old_mut().name[..3].copy_from_slice(b"app");
        header.set_cksum();
        builder.append(&header, body).expect("appends");
    }
    builder.into_inner().expect("ends")
}

#[test]
fn long_names_are_taken_and_endless_ones_never_read() {
    let long = ["folder"; 40].join("/");
    let record = format!("{} path={long}\n", long.len() + 10);
    for (kind, bytes) in [
        (EntryType::GNULongName, long.as_bytes()),
        (EntryType::XHeader, record.as_bytes()),
    ] {
        let (folder, outcome) = check(&described(kind, bytes));
        outcome.expect("unpacks");
        let file = folder.path().join("tree").join(&long);
        assert_eq!(fs::read(file).expect("is there"), b"body", "{kind:?}");
    }
    let endless = vec![b'x'; 64 * 1024 + 1];
    for kind in [
        EntryType::GNULongName,
        EntryType::GNULongLink,
        EntryType::XHeader,
        EntryType::XGlobalHeader,
    ] {
        let (_folder, outcome) = check(&described(kind, &endless));
        let fault = outcome.expect_err("is refused");
        assert!(fault.what.contains("65537 bytes"), "{kind:?}: {fault}");
        assert_eq!(fault.obstacle, InstallFailure::ImageUnusable);
    }
}

#[test]
fn what_would_be_read_otherwise_than_it_was_looked_through_is_refused() {
    for record in ["13 size=2048\n", "22 GNU.sparse.major=1\n"] {
        let (_folder, outcome) = check(&described(EntryType::XHeader, record.as_bytes()));
        let fault = outcome.expect_err("is refused");
        assert!(fault.what.contains("in their header"), "{fault}");
    }
}

#[test]
fn an_image_that_cant_be_read_is_no_bad_archive() {
    let folder = tempfile::tempdir().expect("a folder");
    // Nothing is mapped at address 0: to read there is an error of input and output (proc(5)).
    let image = Path::new("/proc/self/mem");
    let outcome = unpack(image, 4096, &folder.path().join("tree"));
    let fault = outcome.expect_err("it can't be read");
    assert_eq!(fault.id, "agent.storage-failed", "{fault}");
}
