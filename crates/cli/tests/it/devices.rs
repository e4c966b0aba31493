//! Devices, as operations registers them.

use crate::folder::Folder;

#[test]
fn a_name_that_isnt_safe_everywhere_is_refused_before_anybody_is_asked() {
    let folder = Folder::new();
    folder.write("kim.token", "0".repeat(64));
    let add = "--class thermo-v2 --hardware B --zone America/Denver --bootloader 1.4.0 --token-file kim.token";
    let id = format!("device add a/b {add}");
    folder.run(&id).failed(2, "fleet.device-id");
    let site = format!("device add th-1 --site a/b {add}");
    folder.run(&site).failed(2, "fleet.site");
}

#[test]
fn an_attribute_that_no_query_could_name_is_refused() {
    let folder = Folder::new();
    folder.write("kim.token", "0".repeat(64));
    let add =
        "device add th-1 --class thermo-v2 --hardware B --zone America/Denver --bootloader 1.4.0";
    for verb in [add, "device set th-1"] {
        for pair in [
            "3rd=x",
            "floor",
            "floor=",
            "a.b=c",
            "floor=3 --attribute floor=4",
        ] {
            let words = format!("{verb} --token-file kim.token --attribute {pair}");
            folder.run(&words).failed(2, "fleet.attribute");
        }
    }
}

#[test]
fn an_attribute_is_set_or_taken_away_not_both() {
    let folder = Folder::new();
    folder.write("kim.token", "0".repeat(64));
    for names in [
        "--without 3rd",
        "--without floor --without floor",
        "--attribute floor=3 --without floor",
    ] {
        let words = format!("device set th-1 --token-file kim.token {names}");
        folder.run(&words).failed(2, "fleet.attribute");
    }
    let both = folder.run("device set th-1 --site store-7 --no-site --token-file kim.token");
    assert!(
        both.stderr().contains("cannot be used with"),
        "{}",
        both.stderr()
    );
}

/// A device whose boot loader nobody named would be taken for one that has an old one.
#[test]
fn a_boot_loader_is_never_made_up() {
    let folder = Folder::new();
    folder.write("kim.token", "0".repeat(64));
    let add = "device add th-1 --class thermo-v2 --hardware B --zone America/Denver --token-file kim.token";
    let told = folder.run(add).stderr();
    assert!(told.contains("--bootloader <VERSION>"), "{told}");
}

/// Nobody is asked: no server runs here, and no token is at hand.
#[test]
fn a_bad_query_is_shown_with_its_place() {
    let folder = Folder::new();
    for (query, id) in [
        ("hardware=B", "fleet.query-value"),
        ("hardwaer=\"B\"", "fleet.query-field"),
        ("hardware<\"B\"", "fleet.query-operator"),
        ("(", "fleet.query-syntax"),
        (&"(".repeat(17), "fleet.query-too-large"),
    ] {
        let words = format!("device list --query {query}");
        folder.run(&words).failed(2, id);
    }
    let told = folder.run("device list --query hardware=B").stderr();
    let lines: Vec<_> = told.lines().collect();
    assert_eq!(lines[2..4], ["  hardware=B", "           ^"], "{told}");
    let told = folder.run("--json device list --query hardware=B").stderr();
    let told: serde_json::Value = serde_json::from_str(&told).expect("one JSON line");
    assert_eq!(told["error"]["id"], "fleet.query-value");
}

#[test]
fn a_code_that_cant_be_made_is_refused_before_anybody_is_asked() {
    let folder = Folder::new();
    folder.write("kim.token", "0".repeat(64));
    let make = "device code make --class thermo-v2 --token-file kim.token";
    let unsafe_name = folder.run(&format!("{make} --device a/b"));
    unsafe_name.failed(2, "fleet.device-id");
    folder
        .run(&format!("{make} --site a/b"))
        .failed(2, "fleet.site");
    let both = folder.run(&format!("{make} --device th-1 --uses 2"));
    assert!(
        both.stderr().contains("cannot be used with"),
        "{}",
        both.stderr()
    );
}

#[test]
fn what_is_no_certificate_revokes_none() {
    let folder = Folder::new();
    folder.write("kim.token", "0".repeat(64));
    folder.write("no.pem", "no certificate");
    for (which, id) in [
        ("no.pem", "certificate.unreadable"),
        ("nowhere.pem", "certificate.missing"),
        ("5f5f", "certificate.missing"),
    ] {
        let revoke = "device certificate revoke --why stolen --token-file kim.token";
        folder.run(&format!("{revoke} {which}")).failed(2, id);
    }
}

/// All certificates of a device, or one: nobody guesses which was meant.
#[test]
fn certificates_of_a_device_are_revoked_by_its_name_alone() {
    let folder = Folder::new();
    folder.write("kim.token", "0".repeat(64));
    let revoke = "device certificate revoke --why stolen --token-file kim.token";
    let both = folder.run(&format!("{revoke} --device th-1 no.pem"));
    assert!(
        both.stderr().contains("cannot be used with"),
        "{}",
        both.stderr()
    );
    let neither = folder.run(revoke).stderr();
    assert!(neither.contains("required"), "{neither}");
    for words in [
        format!("{revoke} --device a/b"),
        "device certificate list a/b --token-file kim.token".to_owned(),
    ] {
        folder.run(&words).failed(2, "fleet.device-id");
    }
}
