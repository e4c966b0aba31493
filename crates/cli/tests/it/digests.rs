//! Under a root that demands ESP384 and ML-DSA-87, a release is bound by SHA-384 from end to end.

use std::process::Command;

use mainstay_artifact::document_file;
use mainstay_keys::{HostPrimitives, Passphrase, file};
use mainstay_trust::{List, Status};
use serde_json::Value;

use crate::folder::{Folder, PASSPHRASE};

const PEOPLE: [(&str, &str); 4] = [
    ("ana", "engineer@company.example"),
    ("sam", "manager@company.example"),
    ("rae", "custodian@company.example"),
    ("status", "server"),
];
const PACK: &str = "artifact pack app.bin a.mainstay --plan plan.toml --class device-v1 \
                    --version 1.0.0 --sequence 1";
const VERIFY: &str = "artifact verify a.mainstay --root root.cbor";

fn json(text: &str) -> Value {
    serde_json::from_str(text).expect("one JSON value")
}

/// Everyone has two keys, and the root demands both of every role.
fn house() -> Folder {
    let folder = Folder::new();
    folder.good("plan init plan.toml");
    folder.write("app.bin", b"firmware 1.0.0");
    for (name, holder) in PEOPLE {
        for (end, algorithm) in [("1", "ESP384"), ("2", "ML-DSA-87")] {
            folder.good(&format!(
                "key new {name}{end}.key --holder {holder} --algorithm {algorithm}"
            ));
        }
    }
    let twice = |option: &str, name: &str| {
        format!(" --{option} {name}1.key.pub --{option} {name}2.key.pub")
    };
    let roles = [
        ("root", "rae"),
        ("build", "ana"),
        ("release", "sam"),
        ("status", "status"),
    ];
    let roles: String = roles.map(|(role, name)| twice(role, name)).concat();
    folder.good(&format!(
        "root init root.cbor --vendor company.example --sign rae1.key --sign rae2.key{roles}"
    ));
    folder
}

fn sign(folder: &Folder) {
    for key in ["ana1.key", "ana2.key"] {
        folder.good(&format!(
            "artifact sign a.mainstay --root root.cbor --key {key}"
        ));
    }
    for key in ["sam1.key", "sam2.key"] {
        folder.good(&format!(
            "artifact approve a.mainstay --root root.cbor --plan plan.toml --key {key}"
        ));
    }
}

/// The server's word, fresh for an hour from the root's birth.
fn write_status(folder: &Folder) {
    let root = json(&folder.good("--json root show root.cbor"));
    let issued = root["issued"].as_u64().expect("an instant");
    let status = Status {
        seq: 1,
        issued,
        expires: issued + 3600,
        root_version: 1,
        revocations: None,
        held: List::default(),
        nonce: None,
    };
    let passphrase = Passphrase::from_text(PASSPHRASE).expect("a passphrase");
    let open = |name: &str| file::open(&folder.path().join(name), &passphrase).expect(name);
    let (one, two) = (open("status1.key"), open("status2.key"));
    let bytes = document_file::sign(&status, &[&one, &two], &HostPrimitives);
    folder.write("status.cbor", bytes.expect("a status"));
}

fn sum_of(folder: &Folder, program: &str) -> String {
    let output = Command::new(program)
        .arg(folder.path().join("app.bin"))
        .output()
        .expect(program);
    let told = String::from_utf8_lossy(&output.stdout).into_owned();
    told.split(' ').next().unwrap_or_default().to_owned()
}

#[test]
fn from_pack_to_a_devices_verdict() {
    let folder = house();
    folder.good(&format!("{PACK} --digest sha384"));
    sign(&folder);
    let told = folder.good(VERIFY);
    assert!(
        told.contains("passed          SHA-384 of the image"),
        "{told}"
    );
    let shown = json(&folder.good("--json artifact inspect a.mainstay"));
    assert_eq!(shown["digest"], "sha384");
    assert_eq!(shown["image_digest"], sum_of(&folder, "sha256sum"));
    assert_eq!(shown["image_sha384"], sum_of(&folder, "sha384sum"));
    assert_eq!(shown["image_found_sha384"], shown["image_sha384"]);
    assert_eq!(shown["manifest_digest"].as_str().map(str::len), Some(64));
    assert_eq!(shown["manifest_sha384"].as_str().map(str::len), Some(96));
    let told = folder.good("artifact inspect a.mainstay --root root.cbor");
    assert!(told.contains("bound by         SHA-384"), "{told}");

    write_status(&folder);
    let ask = "verify-envelope --root root.cbor --envelope a.mainstay --status status.cbor \
               --class company.example/production/device-v1/A --bootloader 1.0.0 --payload";
    let told = folder.good(&format!("{ask} app.bin"));
    assert!(told.starts_with("accepted: sequence 1"), "{told}");
    folder.write("other.bin", b"firmware 6.6.6");
    let ended = folder.run(&format!("{ask} other.bin"));
    ended.failed(1, "trust.payload-digest");
}

#[test]
fn the_same_inputs_give_the_same_bytes() {
    let folder = house();
    folder.good(&format!("{PACK} --digest sha384"));
    let again = PACK.replace("a.mainstay", "b.mainstay");
    folder.good(&format!("{again} --digest sha384"));
    assert_eq!(folder.read("a.mainstay"), folder.read("b.mainstay"));
}

#[test]
fn another_image_fails_both_digests() {
    let folder = house();
    folder.good(&format!("{PACK} --digest sha384"));
    sign(&folder);
    let mut bytes = folder.read("a.mainstay");
    *bytes.last_mut().expect("an image") ^= 1;
    folder.write("a.mainstay", bytes);
    let ended = folder.run(VERIFY);
    ended.failed(1, "trust.payload-digest");
    let told = ended.stdout();
    for what in ["digest of the image", "SHA-384 of the image"] {
        assert!(told.contains(&format!("FAILED          {what}")), "{told}");
    }
}

/// Whoever packs with a root at hand hears it before anybody signs; whoever doesn't, when signing.
#[test]
fn what_is_bound_by_sha256_is_refused() {
    let folder = house();
    let weak = "trust.digest-too-weak";
    let at_once = format!("{PACK} --key ana1.key --root root.cbor");
    folder.run(&at_once).failed(1, weak);
    assert!(!folder.names().contains("a.mainstay"));
    folder.good(PACK);
    let words = "artifact sign a.mainstay --root root.cbor --key ana1.key";
    folder.run(words).failed(1, weak);
    folder.run(VERIFY).failed(1, weak);
}

#[test]
fn only_known_hashes_are_taken() {
    let folder = house();
    let ended = folder.run(&format!("{PACK} --digest md5"));
    assert_eq!(ended.code(), 2);
    assert!(ended.stderr().contains("write sha256 or sha384"));
}
