//! Schedules made and signed offline.

use crate::papers::{office, refused, release};

#[test]
fn operations_says_how_far_and_when() {
    let folder = office();
    let artifact = release(&folder, 1, "ana.key", "root-1.cbor");
    let make = format!("schedule make s.cbor --artifact {artifact} --share");
    let told = folder.good(&format!(
        "{make} 2.5% --not-before 2027-03-01T00:00Z --expires 14d"
    ));
    assert!(told.contains("2.50 % of the class"), "{told}");
    assert!(
        told.contains("from 2027-03-01T00:00:00Z until 2027-03-15T00:00:00Z"),
        "{told}"
    );
    let sign = "schedule sign s.cbor --root root-1.cbor --key";
    refused(
        &folder,
        &format!("{sign} ana.key"),
        1,
        "artifact.key-without-role",
    );
    let told = folder.good(&format!("{sign} kim.key"));
    assert!(told.contains("Devices accept it."), "{told}");
    refused(&folder, &format!("{make} 10%"), 2, "schedule.exists");
    let told = folder.good("--json schedule show s.cbor --root root-1.cbor");
    let value: serde_json::Value = serde_json::from_str(&told).expect("one JSON value");
    assert_eq!(
        (&value["share"], &value["accepted"]),
        (&250.into(), &true.into())
    );
    assert_eq!(
        value["signatures"]["quorums"][0]["signed"][0],
        "operations@company.example"
    );
}

#[test]
fn a_paper_of_another_kind_is_refused() {
    let folder = office();
    folder.good("revoke --root root-1.cbor -o revocations.cbor");
    for words in [
        "schedule show revocations.cbor --root root-1.cbor",
        "schedule sign revocations.cbor --key kim.key --root root-1.cbor",
        "revoke show root-1.cbor",
        "root show revocations.cbor",
    ] {
        let ended = folder.run(words);
        assert_eq!(ended.code(), 1, "{words}: {}", ended.stderr());
        assert!(
            ended.stderr().starts_with("error trust."),
            "{words}: {}",
            ended.stderr()
        );
    }
    assert_eq!(
        folder
            .run("schedule make s.cbor --artifact a --share 101%")
            .code(),
        2
    );
}
