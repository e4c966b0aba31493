//! The next root, as a file that travels between holders.

use crate::folder::Folder;
use crate::papers::{INIT, office, refused};

const SIGN: &str = "root sign root-2.cbor --current root-1.cbor --key";

/// The draft of root 2, in which Eve builds too.
fn draft() -> Folder {
    let folder = office();
    folder.good("root add eve.key.pub --role build --from root-1.cbor -o root-2.cbor");
    folder
}

fn kid(folder: &Folder, key: &str) -> String {
    let told = folder.good(&format!("key show {key}.key.pub"));
    told.split(' ')
        .next()
        .expect("an id comes first")
        .to_owned()
}

#[test]
fn a_routine_rotation_is_three_commands_and_one_signature() {
    let folder = draft();
    let told = folder.good("root remove ana.key.pub --from root-2.cbor");
    assert!(
        told.contains("engineer@company.example leaves role build"),
        "{told}"
    );
    assert!(
        told.contains("mainstay root raise-epoch build"),
        "asks whether it was stolen: {told}"
    );
    let told = folder.good("root show root-2.cbor --current root-1.cbor");
    assert!(
        told.contains("missing 1     1 of role root in root 1, in ESP256"),
        "{told}"
    );
    assert!(
        told.contains("missing 1     1 of role root in root 2, in ESP256"),
        "{told}"
    );
    assert!(
        told.contains("can still sign: custodian@company.example"),
        "{told}"
    );
    assert!(told.contains("No device accepts it yet."), "{told}");
    refused(
        &folder,
        "root verify-chain root-1.cbor root-2.cbor",
        1,
        "trust.unsigned",
    );
    let told = folder.good(&format!("{SIGN} rae.key"));
    assert!(
        told.contains("Devices that hold root 1 accept it."),
        "{told}"
    );
    let told = folder.good("root verify-chain root-1.cbor root-2.cbor");
    assert!(
        told.contains("A device that holds root 1 gets to root 2"),
        "{told}"
    );
    let told = folder.good("root diff root-1.cbor root-2.cbor");
    for sentence in [
        "version 1 becomes 2",
        "engineer@company.example leaves role build",
        "engineer-2@company.example joins role build with the ESP256 key",
    ] {
        assert!(told.contains(sentence), "{sentence}: {told}");
    }
}

#[test]
fn a_custodian_is_replaced_by_the_word_of_both() {
    let folder = office();
    folder.good("root add zoe.key.pub --role root --from root-1.cbor -o root-2.cbor");
    let told = folder.good("root revoke rae.key.pub --from root-2.cbor");
    assert!(
        told.contains("A root key is dropped, not listed as revoked"),
        "{told}"
    );
    let told = folder.good(&format!("{SIGN} zoe.key"));
    assert!(
        told.contains("reached       1 of role root in root 2"),
        "{told}"
    );
    assert!(
        told.contains("missing 1     1 of role root in root 1"),
        "{told}"
    );
    assert!(
        told.contains("can still sign: custodian@company.example"),
        "{told}"
    );
    refused(
        &folder,
        "root verify-chain root-1.cbor root-2.cbor",
        1,
        "trust.unsigned",
    );
    let told = folder.good(&format!("{SIGN} rae.key"));
    assert!(
        told.contains("Devices that hold root 1 accept it."),
        "{told}"
    );
    folder.good("root verify-chain root-1.cbor root-2.cbor");
    folder.good("root extend --days 900 --from root-2.cbor -o root-3.cbor");
    refused(
        &folder,
        "root sign root-3.cbor --key rae.key --current root-2.cbor",
        1,
        "artifact.key-without-role",
    );
}

#[test]
fn what_was_signed_is_not_changed() {
    let folder = office();
    folder.good("root add zoe.key.pub --role root --from root-1.cbor -o root-2.cbor");
    folder.good("root threshold root 2 --from root-2.cbor");
    folder.good(&format!("{SIGN} rae.key"));
    let change = "root add eve.key.pub --role build --from root-2.cbor";
    refused(&folder, change, 1, "root.signed-already");
    refused(
        &folder,
        &format!("{SIGN} rae.key"),
        1,
        "artifact.already-signed",
    );
    refused(
        &folder,
        &format!("{SIGN} ana.key"),
        1,
        "artifact.key-without-role",
    );
    let told = folder.good(&format!("{change} --discard-signatures"));
    assert!(!told.contains("signed by"), "{told}");
    let told = folder.good("--json root show root-2.cbor --current root-1.cbor");
    let value: serde_json::Value = serde_json::from_str(&told).expect("one JSON value");
    assert_eq!(
        (&value["version"], &value["accepted"]),
        (&2.into(), &false.into())
    );
    assert_eq!(value["signatures"]["quorums"][1]["missing"], 2);
    folder.good(&format!("{SIGN} zoe.key"));
    let told = folder.good(&format!("{SIGN} rae.key"));
    assert!(
        told.contains("Devices that hold root 1 accept it."),
        "{told}"
    );
}

#[test]
fn a_stolen_build_key_takes_the_epoch_with_it() {
    let folder = draft();
    let told = folder.good("root revoke ana.key.pub --compromised --from root-2.cbor");
    assert!(told.contains("role build enters epoch 1 after 0"), "{told}");
    assert!(
        told.contains("is revoked: whatever it signs is refused"),
        "{told}"
    );
    assert!(told.contains("mainstay revoke --minimum"), "{told}");
    let again = "root add ana.key.pub --role build --from root-2.cbor";
    refused(&folder, again, 1, "trust.root-revival");
    let by_alias = format!(
        "key retire {} --after-sequence 9 --from root-2.cbor",
        kid(&folder, "ana")
    );
    refused(&folder, &by_alias, 1, "trust.root-revival");
    folder.good(&format!("{SIGN} rae.key"));
    let told = folder.good("root show root-2.cbor");
    assert!(
        told.contains("epoch 1") && told.contains("in no role"),
        "{told}"
    );
    let revived = "root remove ana.key.pub --from root-2.cbor -o root-3.cbor";
    folder.good(revived);
}

#[test]
fn keys_retire_and_are_revoked_by_either_verb() {
    let folder = draft();
    folder.good("key retire ana.key.pub --after-sequence 41 --from root-2.cbor");
    let told = folder.good("root show root-2.cbor");
    assert!(told.contains("retired after 41"), "{told}");
    let later = "root retire ana.key.pub --after-sequence 42 --from root-2.cbor";
    refused(&folder, later, 1, "trust.root-revival");
    let own = "root retire rae.key.pub --after-sequence 1 --from root-2.cbor";
    refused(&folder, own, 1, "root.retires-too-early");
    folder.good("key revoke ana.key.pub --from root-2.cbor");
    let told = folder.good("root show root-2.cbor");
    assert!(told.contains("engineer@company.example  revoked"), "{told}");
}

#[test]
fn changes_that_make_no_root_are_refused() {
    let folder = office();
    let to_draft = "--from root-1.cbor -o root-2.cbor";
    let table = [
        ("add ana.key.pub --role build", "root.already-member"),
        ("add ana.key.pub --role release", "trust.key-conflict"),
        ("remove eve.key.pub", "root.key-unknown"),
        ("remove ana.key.pub --role release", "root.not-in-role"),
        ("remove ana.key.pub", "trust.root-threshold"),
        ("revoke sam.key.pub", "trust.root-threshold"),
        ("threshold release 2", "trust.root-threshold"),
        ("threshold release 0", "trust.root-threshold"),
        ("remove rex.key.pub --compromised", "ok"),
        ("raise-epoch release", "ok"),
    ];
    for (words, id) in table {
        let words = format!("root {words} {to_draft}");
        if id == "ok" {
            folder.good(&words);
            std::fs::remove_file(folder.path().join("root-2.cbor")).expect("it was written");
        } else {
            refused(&folder, &words, 1, id);
        }
    }
    refused(
        &folder,
        "root extend --days 9 --from root-1.cbor",
        2,
        "root.no-output",
    );
    refused(
        &folder,
        "root extend --days 9 --from root-1.cbor -o root-1.cbor",
        2,
        "root.exists",
    );
    refused(
        &folder,
        "root extend --days 0 --from root-1.cbor -o root-2.cbor",
        1,
        "root.expired",
    );
    refused(
        &folder,
        "root add no.pub --role build --from root-1.cbor -o root-2.cbor",
        2,
        "key.missing",
    );
}

#[test]
fn a_gap_in_a_chain_is_found() {
    let folder = office();
    for (from, to) in [(1, 2), (2, 3)] {
        folder.good(&format!(
            "root extend --days 900 --from root-{from}.cbor -o root-{to}.cbor"
        ));
        folder.good(&format!(
            "root sign root-{to}.cbor --key rae.key --current root-{from}.cbor"
        ));
    }
    folder.good("root verify-chain root-1.cbor root-2.cbor root-3.cbor");
    let ended = refused(
        &folder,
        "root verify-chain root-1.cbor root-3.cbor",
        1,
        "trust.root-version",
    );
    assert!(ended.stderr().contains("root-3.cbor"), "{}", ended.stderr());
    refused(
        &folder,
        "root sign root-3.cbor --key ana.key --current root-1.cbor",
        1,
        "trust.root-version",
    );
}

#[test]
fn staging_and_production_share_no_key() {
    let folder = office();
    let staging = format!("{INIT} staging.cbor --environment staging --also root-1.cbor");
    refused(&folder, &staging, 1, "root.key-in-two-environments");
    let add = "root add eve.key.pub --role build --from root-1.cbor -o root-2.cbor --also";
    let alone = INIT.replace("ana.key.pub", "eve.key.pub");
    folder.good(&format!("{alone} staging.cbor --environment staging"));
    refused(
        &folder,
        &format!("{add} staging.cbor"),
        1,
        "root.key-in-two-environments",
    );
}

#[test]
fn a_first_root_collects_its_signatures_too() {
    let folder = office();
    let words = format!(
        "{INIT} first.cbor --root zoe.key.pub --threshold root=2 \
         --schedule-required company.example/production/device-v1/A"
    );
    let told = folder.good(&words);
    assert!(
        told.contains("missing 2     2 of role root in root 1"),
        "{told}"
    );
    assert!(told.contains("takes build, release, operations"), "{told}");
    folder.good("root sign first.cbor --key rae.key");
    let told = folder.good("root sign first.cbor --key zoe.key");
    assert!(
        told.contains("It is complete: devices can be made with it."),
        "{told}"
    );
    let bad = format!("{INIT} bad.cbor --schedule-required device-v1");
    refused(&folder, &bad, 2, "artifact.class-name");
}

#[test]
fn a_flipped_byte_is_told() {
    let folder = draft();
    folder.good(&format!("{SIGN} rae.key"));
    let mut bytes = folder.read("root-2.cbor");
    *bytes.last_mut().expect("it has bytes") ^= 1;
    folder.write("root-2.cbor", bytes);
    let ended = refused(&folder, "root show root-2.cbor", 1, "trust.bad-signature");
    assert!(ended.stdout().contains("NOT VALID"), "{}", ended.stdout());
}
