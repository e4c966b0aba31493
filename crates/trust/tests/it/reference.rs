//! The reference pages say what is so: every refusal is in the table, every named test exists.

use mainstay_trust::cose::{BLOCK_BYTES_MAX, PROTECTED_BYTES_MAX};
use mainstay_trust::envelope::ENVELOPE_BYTES_MAX;
use mainstay_trust::manifest::MANIFEST_BYTES_MAX;
use mainstay_trust::signed::SIGNED_BYTES_MAX;
use mainstay_trust::{BundleStatement, Document, Refusal, Revocations, Root, Schedule, Status};
use std::path::{Path, PathBuf};

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn page(name: &str) -> String {
    let path = repository().join("docs/reference").join(name);
    std::fs::read_to_string(path).expect(name)
}

#[test]
fn the_table_of_refusals_is_ours() {
    let row = |refusal: &Refusal| {
        let (id, code) = (refusal.id(), refusal.code());
        format!(
            "| `{id}` | {code} | {} | {} |",
            refusal.cause(),
            refusal.cure()
        )
    };
    let expected: Vec<String> = Refusal::ALL.iter().map(row).collect();
    let text = page("trust.md");
    let found: Vec<&str> = text
        .lines()
        .filter(|line| line.starts_with("| `trust."))
        .collect();
    assert_eq!(found, expected);
}

/// The limits of the page are those of the code, in bytes.
#[test]
fn the_limits_on_bytes_are_ours() {
    let text = page("trust.md");
    for (what, bytes) in [
        ("envelope", ENVELOPE_BYTES_MAX),
        ("manifest", MANIFEST_BYTES_MAX),
        ("root's payload", Root::BYTES_MAX),
        ("revocations' payload", Revocations::BYTES_MAX),
        ("status's payload", Status::BYTES_MAX),
        ("schedule's and statement's payload", Schedule::BYTES_MAX),
        (
            "schedule's and statement's payload",
            BundleStatement::BYTES_MAX,
        ),
        ("protected header", PROTECTED_BYTES_MAX),
        ("block", BLOCK_BYTES_MAX),
        ("signed document", SIGNED_BYTES_MAX),
    ] {
        let row = text
            .lines()
            .find(|line| line.starts_with(&format!("| {what} | ")));
        let limit = row.expect(what).split(" | ").nth(1).expect("a limit");
        let said = match limit.split_once(' ') {
            Some((number, "KiB")) => number.parse::<usize>().expect(limit) * 1024,
            Some((number, "bytes")) => number.parse().expect(limit),
            _ => panic!("{limit}"),
        };
        assert_eq!(said, bytes, "{what}");
    }
}

/// Where the promises of a store are.
const CONTRACT: &str = "crates/store/tests/contract/";

/// Whether `hostile/CASE` is a folder, or `FILE::TEST` a test. Of the store's contract that is a promise which its table names, so that every back end
/// is asked for it.
fn exists(name: &str) -> bool {
    if let Some(case) = name.strip_prefix("hostile/") {
        let case = repository().join("fixtures/hostile/trust").join(case);
        return case.join("case.toml").exists();
    }
    let (file, test) = name.split_once("::").expect("FILE::TEST");
    let read = |file: &str| std::fs::read_to_string(repository().join(file)).unwrap_or_default();
    let text = read(file);
    if file.starts_with(CONTRACT) {
        let is_asked = read(&format!("{CONTRACT}main.rs")).contains(&format!(" {test},\n"));
        return is_asked && text.contains(&format!("pub async fn {test}("));
    }
    let heads = [
        format!("#[test]\nfn {test}()"),
        format!("#[tokio::test]\nasync fn {test}()"),
        format!("#[test]\n    fn {test}()"),
        format!("#[tokio::test(flavor = \"multi_thread\")]\nasync fn {test}()"),
    ];
    heads.iter().any(|head| text.contains(head))
}

#[test]
fn every_test_that_the_threat_model_names_exists() {
    let text = page("threat-model.md");
    let quoted = text.split('`').skip(1).step_by(2);
    let names: Vec<&str> = quoted
        .filter(|word| {
            word.starts_with("hostile/") || (word.starts_with("crates/") && word.contains("::"))
        })
        .collect();
    assert!(names.len() > 80, "{} names", names.len());
    for name in names {
        assert!(exists(name), "{name} doesn't exist");
    }
}
