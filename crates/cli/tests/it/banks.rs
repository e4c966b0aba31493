//! Devices that start images where they lie: a release has an image for each bank, and is judged by both.

use mainstay_artifact::document_file;
use mainstay_keys::{HostPrimitives, Passphrase, file};
use mainstay_trust::{List, Status};

use crate::folder::{Folder, PASSPHRASE};

const PACK: &str = "artifact pack a.bin r.mainstay --plan plan.toml --class device-v1 --version 1.0.0 --sequence 1 \
                    --key ana.key --root root.cbor";
const FOR_A: &[u8] = b"firmware 1.0.0, linked for bank A";
const FOR_B: &[u8] = b"firmware 1.0.0, for bank B";

/// A folder whose plan's class installs as `install` says.
fn house(install: &str) -> Folder {
    let folder = Folder::with_root();
    let plan = String::from_utf8(folder.read("plan.toml")).expect("a text");
    let changed = plan.replacen("\"dual-bank\"", &format!("\"{install}\""), 1);
    folder.write("plan.toml", changed);
    folder.write("a.bin", FOR_A);
    folder.write("b.bin", FOR_B);
    folder
}

/// The same with an approved release, and a status that is fresh for an hour from the root's birth.
fn offered() -> Folder {
    let folder = house("dual-bank-xip");
    folder.good(&format!("{PACK} --image-b b.bin"));
    folder.good("artifact approve r.mainstay --root root.cbor --plan plan.toml --key sam.key");
    let root: serde_json::Value =
        serde_json::from_str(&folder.good("--json root show root.cbor")).expect("JSON");
    let issued = root["issued"].as_u64().expect("an instant");
    let status = Status {
        seq: 5,
        issued,
        expires: issued + 3600,
        root_version: 1,
        revocations: None,
        held: List::default(),
        nonce: None,
    };
    let passphrase = Passphrase::from_text(PASSPHRASE).expect("a passphrase");
    let signer = file::open(&folder.path().join("status.key"), &passphrase).expect("a key");
    let signed = document_file::sign(&status, &[&signer], &HostPrimitives).expect("signs");
    folder.write("status.cbor", signed);
    folder
}

#[test]
fn a_release_has_as_many_images_as_its_class_needs() {
    let one = house("dual-bank");
    one.run(&format!("{PACK} --image-b b.bin"))
        .failed(2, "artifact.images");
    let two = house("dual-bank-xip");
    two.run(PACK).failed(2, "artifact.images");
    two.run(&format!("{PACK} --image-b b.bin --format mcuboot"))
        .failed(2, "mcuboot.two-banks");
    two.write("empty.bin", b"");
    two.run(&format!("{PACK} --image-b empty.bin"))
        .failed(2, "artifact.bank-empty");
    assert!(!two.names().contains("r.mainstay"), "{:?}", two.names());
}

#[test]
fn both_images_are_shown_and_checked() {
    let folder = offered();
    let shown = folder.good("--json artifact inspect r.mainstay");
    let shown: serde_json::Value = serde_json::from_str(&shown).expect("JSON");
    let bytes = [&shown["banks"][0]["bytes"], &shown["banks"][1]["bytes"]];
    assert_eq!(bytes, [FOR_A.len(), FOR_B.len()]);
    assert_eq!(shown["image_bytes"], FOR_A.len() + FOR_B.len());
    let told = folder.good("artifact inspect r.mainstay");
    assert!(told.contains("for bank B"), "{told}");
    let told = folder.good("artifact verify r.mainstay --root root.cbor");
    assert!(
        told.contains("passed          image for each bank"),
        "{told}"
    );
}

#[test]
fn a_device_takes_the_image_for_the_bank_that_it_writes() {
    let folder = offered();
    let ask = "verify-envelope --root root.cbor --envelope r.mainstay --status status.cbor --bootloader 1.0.0 \
               --class company.example/production/device-v1/A";
    for (bank, image) in [("a", "a.bin"), ("b", "b.bin")] {
        let told = folder.good(&format!("{ask} --bank {bank} --payload {image}"));
        assert!(told.starts_with("accepted: sequence 1"), "{told}");
    }
    for (options, id) in [
        ("--bank b --payload a.bin", "trust.payload-size"),
        ("--payload a.bin", "trust.wrong-banks"),
    ] {
        let ended = folder.run(&format!("{ask} {options}"));
        assert_eq!(ended.code(), 1, "{options}");
        assert!(ended.stdout().contains(id), "{options}: {}", ended.stdout());
    }
}
