//! The hook gives the verdict of a device, and the page about it is true.

use std::process::Command;

use mainstay_artifact::document_file;
use mainstay_keys::{HostPrimitives, Passphrase, file};
use mainstay_trust::{List, Status};

use crate::folder::{Folder, PASSPHRASE};

const PAGE: &str = include_str!("../../../../docs/verify-envelope.md");

const ASK: &str = "verify-envelope --root root.cbor --envelope release.mainstay";
const DEVICE: &str = "--class company.example/production/device-v1/A --bootloader 1.0.0";

/// A folder with an approved release of sequence 1, its image, and a status that is fresh for an
/// hour from the root's own birth.
fn offered() -> Folder {
    let folder = Folder::with_root();
    std::fs::copy(
        folder.path().join("app.bin"),
        folder.path().join("rootfs.img"),
    )
    .expect("as the story set it up");
    folder.good(
        "artifact pack rootfs.img release.mainstay --plan plan.toml --class device-v1 \
         --version 1.0.0 --sequence 1 --key ana.key --root root.cbor",
    );
    folder
        .good("artifact approve release.mainstay --root root.cbor --plan plan.toml --key sam.key");
    let root = json(&folder.good("--json root show root.cbor"));
    let issued = root["issued"].as_u64().expect("as the story set it up");
    let status = Status {
        seq: 5,
        issued,
        expires: issued + 3600,
        root_version: 1,
        revocations: None,
        held: List::default(),
        nonce: None,
    };
    let passphrase = Passphrase::from_text(PASSPHRASE).expect("as the story set it up");
    let signer =
        file::open(&folder.path().join("status.key"), &passphrase).expect("as the story set it up");
    let bytes =
        document_file::sign(&status, &[&signer], &HostPrimitives).expect("as the story set it up");
    folder.write("status.cbor", bytes);
    folder
}

fn json(text: &str) -> serde_json::Value {
    serde_json::from_str(text).expect("one JSON value")
}

#[test]
fn a_device_that_may_take_it_does() {
    let folder = offered();
    let words = format!("{ASK} {DEVICE} --status status.cbor --payload rootfs.img");
    let told = folder.good(&words);
    assert!(told.starts_with("accepted: sequence 1"), "{told}");
    assert_eq!(told.lines().count(), 1, "{told}");
    let value = json(&folder.good(&format!("--json {words}")));
    assert_eq!(value["verdict"], "accepted");
    assert_eq!(value["image_bytes"], 14);
}

#[test]
fn each_reason_against_it_is_a_devices_reason() {
    let folder = offered();
    folder.write("other.img", "firmware 6.6.6");
    folder.pack("app.bin", "unsigned.mainstay");
    let fresh = format!("{ASK} {DEVICE} --status status.cbor");
    let manifest = json(&folder.good("--json artifact inspect release.mainstay"));
    let manifest = manifest["manifest_digest"]
        .as_str()
        .expect("as the story set it up");
    for (words, id) in [
        (format!("{ASK} {DEVICE}"), "trust.status-missing"),
        (format!("{fresh} --sequence-confirmed 1"), "trust.downgrade"),
        (
            format!("{fresh} --confirmed {manifest}"),
            "trust.already-running",
        ),
        (format!("{fresh} --floor 2"), "trust.below-floor"),
        (format!("{fresh} --status-seen 6"), "trust.status-replayed"),
        (
            format!("{fresh} --clock 2100-01-01T00:00Z"),
            "trust.status-stale",
        ),
        (
            format!("{fresh} --slot-bytes 13"),
            "trust.payload-too-large",
        ),
        (
            format!("{fresh} --payload other.img"),
            "trust.payload-digest",
        ),
        (format!("{fresh} --payload plan.toml"), "trust.payload-size"),
        (fresh.replace("1.0.0", "0.9.9"), "trust.bootloader-too-old"),
        (fresh.replace("production", "staging"), "trust.wrong-class"),
        (
            fresh.replace("release.mainstay", "unsigned.mainstay"),
            "trust.unsigned",
        ),
    ] {
        let ended = folder.run(&words);
        ended.failed(1, id);
        let told = ended.stdout();
        assert!(told.starts_with(&format!("refused: {id}: ")), "{told}");
        assert_eq!(told.lines().count(), 1, "{told}");
    }
}

#[test]
fn a_release_may_return_where_the_confirmed_one_says() {
    let folder = offered();
    let manifest = json(&folder.good("--json artifact inspect release.mainstay"));
    let manifest = manifest["manifest_digest"]
        .as_str()
        .expect("as the story set it up");
    folder.good(&format!(
        "{ASK} {DEVICE} --status status.cbor --sequence-confirmed 9 --returns-to {manifest}"
    ));
}

#[test]
fn bad_options_are_named() {
    let folder = offered();
    let fresh = format!("{ASK} {DEVICE} --status status.cbor");
    folder.write("junk", "junk");
    for (words, code, id) in [
        (format!("{fresh} --confirmed beef"), 2, "digest.malformed"),
        (fresh.replace("1.0.0", "one"), 2, "bootloader.malformed"),
        (
            fresh.replace("company.example/production/", ""),
            2,
            "artifact.class-name",
        ),
        (fresh.replace("status.cbor", "none"), 2, "status.missing"),
        (
            fresh.replace("release.mainstay", "none"),
            2,
            "envelope.missing",
        ),
        (
            fresh.replace("release.mainstay", "junk"),
            1,
            "trust.malformed",
        ),
        (fresh.replace("status.cbor", "junk"), 1, "trust.malformed"),
    ] {
        folder.run(&words).failed(code, id);
    }
}

/// Every command of the page, in order, in a folder that is prepared as the page says.
#[test]
fn every_command_of_the_page_works() {
    let folder = offered();
    let program = std::path::Path::new(env!("CARGO_BIN_EXE_mainstay"));
    let beside = program.parent().expect("a program is in a folder");
    let path = std::env::var("PATH").expect("there is a PATH");
    let commands: String = PAGE
        .split("```")
        .skip(1)
        .step_by(2)
        .filter_map(|block| block.strip_prefix("sh\n"))
        .collect();
    let ended = Command::new("bash")
        .args(["-c", &format!("set -euo pipefail\n{commands}")])
        .current_dir(folder.path())
        .env_clear()
        .env("PATH", format!("{}:{path}", beside.display()))
        .output()
        .expect("bash runs");
    let told = String::from_utf8_lossy(&ended.stdout);
    let failures = String::from_utf8_lossy(&ended.stderr);
    assert!(ended.status.success(), "{told}\n{failures}");
    let accepted = told.lines().filter(|l| l.starts_with("accepted: ")).count();
    assert_eq!(accepted, 4, "by the script and three updaters: {told}");
    assert!(told.contains("refused: trust.downgrade: "), "{told}");
    assert!(told.contains("stopped with code 1"), "{told}");
    assert!(told.contains("-i mounted/rootfs.img"), "{told}");
}
