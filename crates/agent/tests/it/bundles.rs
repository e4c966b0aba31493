//! Bad bundles while the network is away: each has a name, changes nothing that runs, and is told once the server is
//! heard again.

use std::fs;
use std::path::Path;

use mainstay_agent::status::Status;
use tar::{EntryType, Header};

use crate::bench::{approved, built_for, tree};
use crate::field::{Field, bundle_of};
use crate::gateway::Conduct;

const STICK: &str = "[bundles]\nfolders = [\"@/stick\"]";
/// More than any image here has, and less than the one that is too large.
const SLOT: (&str, &str) = ("image_bytes_max = 134217728", "image_bytes_max = 150000");

/// A device whose network is away, in a slot that is small.
async fn away() -> Field {
    let field = Field::begin(STICK).await;
    field.bench.configure(SLOT.0, SLOT.1);
    field.gateway.conduct(Conduct::Away);
    field
}

fn outcome(field: &Field) -> Option<String> {
    let (_, said) = field.bench.say(&["status", "--json"]);
    let status: Status = serde_json::from_str(&said).unwrap();
    status.outcome
}

/// The network is back: what happened is told, what was kept runs, and a good bundle on a stick is installed.
async fn back(field: &Field, told: &[&str]) {
    field.gateway.conduct(Conduct::Honest);
    let _agent = field.bench.boots("1.0.0");
    field
        .bench
        .wait_until("the reports", |status| status.unsent_reports == 0);
    for text in told {
        field.assert_told(text).await;
    }
    field.stick("good", &field.bundle("1.1.0", 2, tree("1.1.0", 1000)));
    field.bench.wait_for_update("1.1.0");
}

#[tokio::test(flavor = "multi_thread")]
async fn bundles_that_are_no_good_are_named_and_told() {
    let field = away().await;
    let good = field.bundle("1.1.0", 2, tree("1.1.0", 100_000));
    let flipped = {
        let mut bytes = good.clone();
        let last = bytes.len() - 10;
        bytes[last] ^= 1;
        bytes
    };
    let other = "northwind.example/production/thermo-v2/D";
    let elsewhere = built_for(&field.house, other, "1.1.0", 2, tree("1.1.0", 100));
    let elsewhere = bundle_of(&field.house, &approved(&field.house, &elsewhere));
    let oversize = field.bundle("1.1.0", 2, tree("1.1.0", 200_000));
    let cases: [(&str, &[u8], &str, &str); 6] = [
        (
            "cut short",
            &good[..good.len() / 2],
            "agent.bundle",
            "source-failed",
        ),
        ("nearly empty", &good[..3], "agent.bundle", "source-failed"),
        (
            "longer than it says",
            &[&good[..], b"x"].concat(),
            "agent.bundle",
            "source-failed",
        ),
        (
            "of other bytes",
            &flipped,
            "trust.payload-digest",
            "trust.payload-digest",
        ),
        (
            "of another class",
            &elsewhere,
            "trust.wrong-class",
            "trust.wrong-class",
        ),
        (
            "too large",
            &oversize,
            "trust.payload-too-large",
            "trust.payload-too-large",
        ),
    ];
    for (what, bundle, said, named) in &cases {
        let (code, text) = field.install(bundle);
        assert_eq!(code, 1, "{what}: {text}");
        assert!(text.contains(said), "{what}: {said} in {text}");
        assert_eq!(outcome(&field).as_deref(), Some(*named), "{what}");
    }
    let told = cases.map(|(_, _, _, named)| named);
    back(&field, &told).await;
}

/// One entry, and what it would write.
fn entry(kind: EntryType, name: &str, link: &str, body: &[u8]) -> Vec<u8> {
    let mut header = Header::new_gnu();
    header.set_entry_type(kind);
    header.set_mode(0o755);
    header.set_size(body.len() as u64);
    // The library refuses to write bad names; an attacker's doesn't.
    header.as_old_mut().name[..name.len()].copy_from_slice(name.as_bytes());
    header.as_old_mut().linkname[..link.len()].copy_from_slice(link.as_bytes());
    if matches!(kind, EntryType::Block | EntryType::Char) {
        header.set_device_major(1).unwrap();
        header.set_device_minor(1).unwrap();
    }
    header.set_cksum();
    let padding = vec![0; body.len().next_multiple_of(512) - body.len()];
    [header.as_bytes(), body, &padding].concat()
}

/// An archive of these entries, behind a file of its own.
fn archive(entries: &[Vec<u8>]) -> Vec<u8> {
    let first = entry(EntryType::Regular, "version", "", b"evil");
    [&[first], entries, &[vec![0; 1024]]].concat().concat()
}

/// An entry whose header says that it unpacks to a tebibyte.
fn bomb() -> Vec<u8> {
    entry(EntryType::XHeader, "pax", "", b"22 size=1099511627776\n")
}

/// A file with a hole of a tebibyte, as GNU tar writes it.
fn sparse() -> Vec<u8> {
    let mut header = Header::new_gnu();
    header.set_entry_type(EntryType::GNUSparse);
    header.set_size(0);
    header.as_old_mut().name[..4].copy_from_slice(b"hole");
    let gnu = header.as_gnu_mut().unwrap();
    gnu.realsize
        .copy_from_slice(b"0010000000000000"[4..].try_into().unwrap());
    header.set_cksum();
    header.as_bytes().to_vec()
}

#[tokio::test(flavor = "multi_thread")]
async fn archives_that_mean_no_good_write_nothing_elsewhere_and_are_told() {
    use EntryType as E;
    let field = away().await;
    let outside = field.bench.path("evil").display().to_string();
    let kept = field.bench.path("factory.mainstay").display().to_string();
    let before = fs::read(&kept).unwrap();
    let cases = [
        (
            "the folder above",
            vec![entry(E::Regular, "../../evil", "", b"x")],
        ),
        ("a whole path", vec![entry(E::Regular, &outside, "", b"x")]),
        (
            "out by a link",
            vec![
                entry(E::Symlink, "out", "../..", b""),
                entry(E::Regular, "out/evil", "", b"x"),
            ],
        ),
        (
            "out by a whole link",
            vec![
                entry(E::Symlink, "out", "/", b""),
                entry(E::Regular, &format!("out{outside}"), "", b"x"),
            ],
        ),
        (
            "a hard link out",
            vec![
                entry(E::Link, "hard", &kept, b""),
                entry(E::Regular, "hard", "", b"x"),
            ],
        ),
        ("a disk", vec![entry(E::Block, "disk", "", b"")]),
        ("the memory", vec![entry(E::Char, "memory", "", b"")]),
        ("a pipe", vec![entry(E::Fifo, "pipe", "", b"")]),
        ("a bomb", vec![bomb(), entry(E::Regular, "bomb", "", b"x")]),
        ("a hole", vec![sparse()]),
    ];
    for (what, entries) in &cases {
        let (code, text) = field.install(&field.bundle("1.1.0", 2, archive(entries)));
        assert_eq!(code, 1, "{what}: {text}");
        assert!(text.contains("image-unusable"), "{what}: {text}");
        assert_eq!(outcome(&field).as_deref(), Some("image-unusable"), "{what}");
        assert!(!Path::new(&outside).exists(), "{what}");
        assert!(fs::read(&kept).unwrap() == before, "{what}");
        assert!(
            !field.bench.path("app/b").exists(),
            "{what}: nothing to start is left"
        );
    }
    back(&field, &["couldn't install", "(image-unusable)"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_better_copy_of_a_bad_bundle_is_taken_at_once() {
    let field = away().await;
    let good = field.bundle("1.1.0", 2, tree("1.1.0", 1000));
    let mut bad = good.clone();
    let last = bad.len() - 10;
    bad[last] ^= 1;
    let _agent = field.bench.run();
    field.bench.wait_until("the start", |_| true);
    field.stick("bad", &bad);
    field.bench.wait_until("the refusal", |status| {
        status.outcome.as_deref() == Some("trust.payload-digest")
    });
    assert_eq!(field.bench.version(), "1.0.0");
    field.stick("good", &good);
    field.bench.wait_until("the update", |status| {
        field.bench.version() == "1.1.0" && status.outcome.as_deref() == Some("confirmed")
    });
}
