//! Secrets come by files, and are told nowhere.

use super::*;

#[cfg(unix)]
#[test]
fn a_secret_that_others_may_read_is_warned_of_and_one_that_they_may_change_is_refused() {
    use std::os::unix::fs::PermissionsExt as _;
    let place = Place::new();
    let secret = place.path("passphrase");
    fs::write(&secret, "several words that nobody sees").unwrap();
    let mut asked = place.file("data = \"d\"\npassphrase_file = \"passphrase\"\n");
    for (mode, expected) in [
        (0o600, None),
        (0o640, None),
        (0o644, Some((Severity::Warning, "settings.secret-open"))),
        (0o646, Some((Severity::Error, "settings.secret-open"))),
    ] {
        fs::set_permissions(&secret, fs::Permissions::from_mode(mode)).unwrap();
        let answered = read(&asked);
        let first = answered.findings.first().map(|f| (f.severity, f.id));
        assert_eq!(first, expected, "{mode:o}");
        let told = format!("{answered:?}");
        assert!(!told.contains("nobody sees"), "{told}");
    }
    asked.flags = vec![("passphrase_file", place.path("none").into())];
    assert_eq!(found(&asked)[0].1, "settings.secret-missing");
}

/// Neither in a finding nor beside it.
#[test]
fn a_secret_in_the_wrong_place_is_not_told_again() {
    let place = Place::new();
    let url = "https://ana:hunter2@updates.example";
    for (name, variable, value) in [
        ("public_url", "MAINSTAY_PUBLIC_URL", url),
        ("public_url", "MAINSTAY_PUBLIC_URL", &url[8..]),
        ("passphrase_file", "MAINSTAY_PASSPHRASE_FILE", "my/hunter2"),
        (
            "passphrase_file",
            "MAINSTAY_PASSPHRASE_FILE",
            &"hunter2".repeat(99),
        ),
        (
            "store",
            "MAINSTAY_STORE",
            "postgres://kim:hunter2@db/mainstay",
        ),
        (
            "store",
            "MAINSTAY_STORE",
            "postgres://kim@db/m?password=hunter2",
        ),
        ("store", "MAINSTAY_STORE", "hunter2"),
        ("blobs", "MAINSTAY_BLOBS", "s3://id:hunter2@bucket/mainstay"),
        ("blobs", "MAINSTAY_BLOBS", "hunter2"),
        (
            "blobs_endpoint",
            "MAINSTAY_BLOBS_ENDPOINT",
            "https://id:hunter2@s3.example",
        ),
    ] {
        let text = format!("data = \"d\"\n{name} = \"{value}\"\n");
        for asked in [place.file(text), in_variables(&[(variable, value)])] {
            let answered = read(&asked);
            let told = answered.told.iter().find(|told| told.name == name).unwrap();
            assert_eq!(told.value, None, "{value}");
            assert_ne!(told.source, Source::Default);
            let told = format!("{:?} {:?}", answered.told, answered.findings);
            assert!(!told.contains("hunter2"), "{told}");
            let found = answered.settled().unwrap_err();
            assert!(found.iter().any(|finding| finding.setting == name));
        }
    }
}
