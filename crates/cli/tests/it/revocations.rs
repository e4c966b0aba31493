//! Revocations made and signed offline.

use crate::papers::{CLASS, office, refused, release};

#[test]
fn each_document_names_all_that_is_withdrawn() {
    let folder = office();
    let artifact = release(&folder, 1, "ana.key", "root-1.cbor");
    let told = folder.good(&format!(
        "revoke --root root-1.cbor --artifact {artifact} --minimum {CLASS}=2 -o revocations-1.cbor"
    ));
    assert!(told.contains("revocations 1 of epoch 0"), "{told}");
    assert!(told.contains("minimum   2 for the class"), "{told}");
    assert!(
        told.contains("missing 1     1 of role revocation in root 1, in ESP256"),
        "{told}"
    );
    let sign = "revoke sign revocations-1.cbor --root root-1.cbor --key";
    refused(
        &folder,
        &format!("{sign} sam.key"),
        1,
        "artifact.key-without-role",
    );
    let told = folder.good(&format!("{sign} rex.key"));
    assert!(told.contains("Devices accept them."), "{told}");
    let told = folder.good(
        "--json revoke --root root-1.cbor --from revocations-1.cbor --key ana.key.pub \
         --next-update 12h -o revocations-2.cbor",
    );
    let value: serde_json::Value = serde_json::from_str(&told).expect("one JSON value");
    assert_eq!(
        (&value["seq"], &value["accepted"]),
        (&2.into(), &false.into())
    );
    assert_eq!(value["keys"].as_array().map(Vec::len), Some(1));
    assert_eq!(value["releases"].as_array().map(Vec::len), Some(1));
    let span = value["next_update"].as_u64().zip(value["issued"].as_u64());
    assert_eq!(span.map(|(end, start)| end - start), Some(12 * 3600));
}

#[test]
fn a_draft_is_changed_in_place_until_it_is_signed() {
    let folder = office();
    let digest = "ab".repeat(32);
    let from = "revoke --root root-1.cbor --from revocations-1.cbor";
    folder.good("revoke --root root-1.cbor --key ana.key.pub -o revocations-1.cbor");
    let told = folder.good(&format!("{from} --artifact {digest}"));
    assert!(
        told.contains(&digest) && told.contains("revocations 1 of"),
        "{told}"
    );
    let told = folder.good(&format!("{from} --forget {digest}"));
    assert!(!told.contains(&digest), "{told}");
    folder.good("revoke sign revocations-1.cbor --root root-1.cbor --key rex.key");
    refused(&folder, from, 2, "revocations.no-output");
    let told = folder.good(&format!("{from} --discard-signatures"));
    assert!(told.contains("No device accepts them yet."), "{told}");
}

#[test]
fn a_minimum_never_falls() {
    let folder = office();
    folder.good(&format!(
        "revoke --root root-1.cbor --minimum {CLASS}=7 -o r.cbor"
    ));
    let again =
        |sequence| format!("revoke --root root-1.cbor --from r.cbor --minimum {CLASS}={sequence}");
    refused(&folder, &again(6), 1, "revocations.minimum-falls");
    folder.good(&again(7));
    folder.good(&again(8));
}

#[test]
fn in_a_new_epoch_they_count_from_one_again() {
    let folder = office();
    folder.good("revoke --root root-1.cbor --key ana.key.pub -o revocations-1.cbor");
    folder.good("revoke sign revocations-1.cbor --root root-1.cbor --key rex.key");
    folder.good("root add roy.key.pub --role revocation --from root-1.cbor -o root-2.cbor");
    let told = folder.good("root remove rex.key.pub --compromised --from root-2.cbor");
    assert!(told.contains("all earlier revocations are void"), "{told}");
    folder.good("root sign root-2.cbor --key rae.key --current root-1.cbor");
    let told = folder
        .run("revoke show revocations-1.cbor --root root-2.cbor")
        .stdout();
    assert!(told.contains("No device accepts them yet."), "{told}");
    let told =
        folder.good("revoke --root root-2.cbor --from revocations-1.cbor -o revocations-2.cbor");
    assert!(told.contains("revocations 1 of epoch 1"), "{told}");
    let told = folder.good("revoke sign revocations-2.cbor --root root-2.cbor --key roy.key");
    assert!(told.contains("Devices accept them."), "{told}");
    refused(
        &folder,
        "revoke --root root-1.cbor --from revocations-2.cbor -o r.cbor",
        1,
        "trust.revocations-epoch",
    );
}

#[test]
fn more_than_devices_take_is_refused() {
    let folder = office();
    let many: String = (0..33).map(|n| format!(" --key {n:032x}")).collect();
    let words = format!("revoke --root root-1.cbor -o r.cbor{many}");
    refused(&folder, &words, 1, "trust.too-large");
    let words = "revoke --root root-1.cbor -o r.cbor --next-update 401d";
    refused(&folder, words, 1, "trust.field-invalid");
    refused(&folder, "revoke -o r.cbor", 2, "root.missing");
    refused(
        &folder,
        "revoke --root root-1.cbor --key no.pub -o r.cbor",
        2,
        "key.missing",
    );
    let words = "revoke --root root-1.cbor --artifact no.mainstay -o r.cbor";
    refused(&folder, words, 2, "artifact.missing");
}

#[test]
fn without_anybody_to_revoke_there_is_nothing_to_sign() {
    let folder = office();
    folder.good("root remove rex.key.pub --from root-1.cbor -o root-2.cbor");
    folder.good("root sign root-2.cbor --key rae.key --current root-1.cbor");
    refused(
        &folder,
        "revoke --root root-2.cbor -o r.cbor",
        1,
        "revocations.nobody",
    );
}

/// A routine change of the holder: what the one before has signed may be on devices already.
#[test]
fn after_a_change_of_holders_the_numbers_go_on() {
    let folder = office();
    folder.good("revoke --root root-1.cbor --key ana.key.pub -o revocations-1.cbor");
    folder.good("revoke sign revocations-1.cbor --root root-1.cbor --key rex.key");
    folder.good("root add roy.key.pub --role revocation --from root-1.cbor -o root-2.cbor");
    folder.good("root remove rex.key.pub --from root-2.cbor");
    folder.good("root sign root-2.cbor --current root-1.cbor --key rae.key");
    let from = "revoke --root root-2.cbor --from revocations-1.cbor -o revocations-2.cbor";
    for options in ["", " --discard-signatures"] {
        let told = folder.good(&format!("{from}{options}"));
        assert!(told.contains("revocations 2 of epoch 0"), "{told}");
        std::fs::remove_file(folder.path().join("revocations-2.cbor")).expect("just written");
    }
}
