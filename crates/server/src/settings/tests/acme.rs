//! An authority, the names that it is asked for and that its terms were agreed to come together, and no files beside them.

use std::fs;

use super::*;

const DIRECTORY: (&str, &str) = (
    "MAINSTAY_ACME_DIRECTORY",
    "https://ca.northwind.example/directory",
);
const NAMES: (&str, &str) = ("MAINSTAY_ACME_NAMES", "updates.example, Downloads.example");
const TERMS: (&str, &str) = ("MAINSTAY_ACME_TERMS", "agreed");
const CONTACT: (&str, &str) = ("MAINSTAY_ACME_CONTACT", "ops@northwind.example");
const CA: (&str, &str) = ("MAINSTAY_ACME_CA", "ca.pem");

/// The settings that these variables are wrong in, each by its id.
fn wrong(pairs: &[(&str, &str)]) -> Vec<(Severity, &'static str, String)> {
    let data = [("MAINSTAY_DATA", "data")];
    let found = found(&in_variables(&[&data[..], pairs].concat()));
    let short = found.into_iter();
    short
        .map(|(severity, id, setting, _)| (severity, id, setting))
        .collect()
}

fn error(id: &'static str, setting: &str) -> Vec<(Severity, &'static str, String)> {
    vec![(Severity::Error, id, setting.to_owned())]
}

#[test]
fn whole_it_is_taken_and_half_of_it_is_refused() {
    let half = |setting| error("settings.half", setting);
    let ca = ("MAINSTAY_DEVICE_CA", "devices.pem");
    for (pairs, expected) in [
        (&[DIRECTORY, NAMES, TERMS][..], Vec::new()),
        (&[DIRECTORY, NAMES, TERMS, CONTACT, CA], Vec::new()),
        // Devices' certificates come over TLS, and that is spoken.
        (&[DIRECTORY, NAMES, TERMS, ca], Vec::new()),
        (&[DIRECTORY, NAMES], half("acme.directory")),
        (&[DIRECTORY, TERMS], half("acme.directory")),
        (&[NAMES, TERMS], half("acme.names")),
        (&[TERMS], half("acme.terms")),
        (&[CONTACT], half("acme.contact")),
        (&[CA], half("acme.ca")),
    ] {
        assert_eq!(wrong(pairs), expected, "{pairs:?}");
        let asked = in_variables(&[&[("MAINSTAY_DATA", "data")][..], pairs].concat());
        let is_whole = expected.is_empty();
        assert_eq!(read(&asked).acme().is_some(), is_whole, "{pairs:?}");
    }
    let said = [("MAINSTAY_DATA", "data"), DIRECTORY, NAMES, TERMS, CONTACT];
    let terms = settled(&in_variables(&said)).acme().unwrap();
    let names: Vec<_> = terms.names.iter().map(|name| name.as_str()).collect();
    assert_eq!(names, ["downloads.example", "updates.example"]);
    assert_eq!(terms.directory, DIRECTORY.1);
    assert_eq!(terms.folder, Path::new("data"));
}

#[test]
fn values_that_can_not_be_meant_are_refused() {
    let many = (1..=17).map(|nth| format!("n{nth}.example"));
    let many = many.collect::<Vec<_>>().join(",");
    for (setting, value) in [
        ("directory", "http://ca.northwind.example/directory"),
        ("directory", "ca.northwind.example"),
        ("directory", "https://ana:hunter2@ca.northwind.example/"),
        ("names", "*.updates.example"),
        ("names", "updates.example,"),
        ("names", "192.0.2.1"),
        ("names", &*many),
        ("terms", "yes"),
        ("contact", "mailto:"),
    ] {
        let variable = format!("MAINSTAY_ACME_{}", setting.to_ascii_uppercase());
        let good = [DIRECTORY, NAMES, TERMS, CONTACT];
        let good = good.into_iter().filter(|(name, _)| *name != variable);
        let pairs: Vec<_> = good.chain([(&*variable, value)]).collect();
        let name = format!("acme.{setting}");
        assert_eq!(wrong(&pairs), error("settings.value", &name), "{value}");
        let told = read(&in_variables(&pairs)).findings;
        assert!(!format!("{told:?}").contains("hunter2"));
    }
}

/// The certificate comes from one of them: nobody could say which one is shown.
#[test]
fn files_beside_it_are_refused_and_links_to_http_are() {
    let place = Place::new();
    let key = place.path("tls.key");
    fs::write(&key, "a key").unwrap();
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        fs::set_permissions(&key, fs::Permissions::from_mode(0o600)).unwrap();
    }
    let files = [
        ("MAINSTAY_TLS_CERTIFICATE", "tls.pem"),
        ("MAINSTAY_TLS_KEY", key.to_str().unwrap()),
    ];
    let whole = [DIRECTORY, NAMES, TERMS];
    let both = wrong(&[&whole[..], &files[..]].concat());
    assert_eq!(both, error("settings.both", "acme.directory"));
    let plain = ("MAINSTAY_PUBLIC_URL", "http://updates.example");
    let led = wrong(&[&whole[..], &[plain]].concat());
    assert_eq!(led, error("settings.value", "public_url"));
}

/// Where several servers may stand behind one name, the authority may look at another one than that which asked.
#[test]
fn a_database_that_several_share_is_warned_of() {
    let shared = ("MAINSTAY_STORE", "postgres://mainstay@db.example/mainstay");
    let found = wrong(&[DIRECTORY, NAMES, TERMS, shared]);
    let expected = (
        Severity::Warning,
        "settings.shared",
        "acme.directory".to_owned(),
    );
    assert_eq!(found, [expected]);
}
