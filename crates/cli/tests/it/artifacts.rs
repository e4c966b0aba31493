//! Packing, signing, approving and verifying by the command line alone.

use crate::folder::Folder;

const SIGN: &str = "artifact sign a.mainstay --root root.cbor --key";
const APPROVE: &str = "artifact approve a.mainstay --root root.cbor --plan plan.toml --key";
const VERIFY: &str = "artifact verify a.mainstay --root root.cbor";

/// A folder with an artifact that Ana signed and Sam approved.
fn approved() -> Folder {
    let folder = Folder::with_root();
    folder.pack("app.bin", "a.mainstay");
    folder.good(&format!("{SIGN} ana.key"));
    folder.good(&format!("{APPROVE} sam.key"));
    folder
}

#[test]
fn the_same_inputs_give_the_same_bytes() {
    let folder = Folder::new();
    folder.good("plan init plan.toml");
    folder.write("app.bin", b"firmware 1.0.0");
    let first = folder
        .pack("app.bin", "1.mainstay")
        .replace("1.mainstay", "");
    let second = folder
        .pack("app.bin", "2.mainstay")
        .replace("2.mainstay", "");
    assert_eq!(first, second, "manifest and image digest");
    assert_eq!(folder.read("1.mainstay"), folder.read("2.mainstay"));
}

#[test]
fn signed_and_approved_it_verifies() {
    let folder = approved();
    let told = folder.good(VERIFY);
    let (asked, rest): (Vec<_>, Vec<_>) = told.lines().partition(|l| l.starts_with("passed"));
    assert_eq!(asked.len(), 7, "{told}");
    assert!(
        rest.iter().all(|line| [
            "the manifest binds no",
            "bound by SHA-256",
            "one image for every place"
        ]
        .iter()
        .any(|why| line.contains(why))),
        "{told}"
    );
    let told = folder.good("artifact inspect a.mainstay --root root.cbor");
    assert!(told.contains("engineer@company.example [build]"), "{told}");
    assert!(told.contains("manager@company.example [release]"), "{told}");
}

#[test]
fn unfinished_it_is_refused() {
    let folder = Folder::with_root();
    folder.pack("app.bin", "a.mainstay");
    folder.run(VERIFY).failed(1, "trust.unsigned");
    folder
        .run(&format!("{APPROVE} sam.key"))
        .failed(1, "trust.unsigned");
    folder.good(&format!("{SIGN} ana.key"));
    folder.run(VERIFY).failed(1, "trust.approval-missing");
}

#[test]
fn nobody_takes_anothers_part() {
    let folder = Folder::with_root();
    folder.pack("app.bin", "a.mainstay");
    folder
        .run(&format!("{SIGN} sam.key"))
        .failed(1, "artifact.key-without-role");
    folder.good(&format!("{SIGN} ana.key"));
    let before = folder.read("a.mainstay");
    for builder_or_stranger in ["ana.key", "kim.key", "rae.key", "status.key"] {
        let ended = folder.run(&format!("{APPROVE} {builder_or_stranger}"));
        ended.failed(1, "artifact.key-without-role");
    }
    assert_eq!(
        folder.read("a.mainstay"),
        before,
        "a refused approval leaves the file alone"
    );
}

#[test]
fn a_root_refuses_one_person_with_two_duties() {
    let folder = Folder::with_root();
    folder.good("key new both.key --holder engineer@company.example");
    let words = "root init two.cbor --vendor company.example --sign rae.key --root rae.key.pub \
                 --build ana.key.pub --release both.key.pub --status status.key.pub";
    folder.run(words).failed(1, "trust.holder-conflict");
    assert!(!folder.names().contains("two.cbor"));
}

#[test]
fn a_flipped_byte_is_refused() {
    let folder = approved();
    let good = folder.read("a.mainstay");
    // The frame, the envelope, a signature, the payload's first and last byte: one of each is enough
    // here; the property over all positions is tested where artifacts are verified.
    for at in [0, 6, 40, good.len() / 2, good.len() - 14, good.len() - 1] {
        let mut bytes = good.clone();
        bytes[at] ^= 1;
        folder.write("a.mainstay", bytes);
        let ended = folder.run(VERIFY);
        assert_eq!(ended.code(), 1, "byte {at}: {}", ended.stdout());
        assert!(
            ended.stdout().contains("FAILED"),
            "byte {at}: {}",
            ended.stdout()
        );
    }
}

#[test]
fn any_bytes_can_be_packed() {
    let folder = Folder::with_root();
    let counting: Vec<u8> = (0..100_000_u32).map(|n| (n % 251) as u8).collect();
    for (name, bytes) in [
        ("one-byte", vec![0_u8]),
        ("zeros", vec![0; 4096]),
        ("ones", vec![0xff; 4097]),
        ("counting", counting),
        ("an-artifact", {
            folder.pack("app.bin", "inner.mainstay");
            folder.read("inner.mainstay")
        }),
    ] {
        folder.write(name, &bytes);
        folder.pack(name, &format!("{name}.mainstay"));
        let packed = folder.read(&format!("{name}.mainstay"));
        assert!(
            packed.ends_with(&bytes),
            "{name}: the payload is the image, untouched"
        );
        folder.good(&format!("artifact inspect {name}.mainstay"));
    }
}
