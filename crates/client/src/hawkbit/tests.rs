//! Addresses, paths and pages.

use super::*;

#[test]
fn an_address_has_a_host_no_password_and_is_encrypted() {
    for (address, unencrypted, id) in [
        ("https://hawkbit.example", false, None),
        ("https://hawkbit.example/behind/", false, None),
        ("http://127.0.0.1:8080", false, None),
        ("http://[::1]:8080", false, None),
        ("http://localhost:8080", false, None),
        ("http://hawkbit.example", true, None),
        ("http://hawkbit.example", false, Some("hawkbit.unencrypted")),
        (
            "http://127.0.0.1.example",
            false,
            Some("hawkbit.unencrypted"),
        ),
        ("hawkbit.example", false, Some("hawkbit.address")),
        ("ftp://hawkbit.example", true, Some("hawkbit.address")),
        (
            "https://admin:s3cret@hawkbit.example",
            false,
            Some("hawkbit.address"),
        ),
        (
            "https://hawkbit.example/?tenant=a",
            false,
            Some("hawkbit.address"),
        ),
    ] {
        let made = Hawkbit::new(address, "admin", "s3cret", unencrypted);
        let refused = made.as_ref().err();
        assert_eq!(refused.map(HawkbitError::id), id, "{address}");
        let told = refused.map(ToString::to_string).unwrap_or_default();
        assert!(!told.contains("s3cret"), "{told}");
        assert!(!format!("{made:?}").contains("s3cret"));
    }
}

#[test]
fn a_controllers_name_stays_one_part_of_the_path() {
    for (base, path) in [
        (
            "https://h",
            "/rest/v1/targets/8c:1f%3F%23%2520%C3%BC/attributes",
        ),
        (
            "https://h/b/",
            "/b/rest/v1/targets/8c:1f%3F%23%2520%C3%BC/attributes",
        ),
    ] {
        let hawkbit = Hawkbit::new(base, "admin", "s3cret", false).expect("an address");
        let url = hawkbit.url(&["targets", "8c:1f?#%20ü", "attributes"]);
        assert_eq!(url.path(), path);
    }
}

#[test]
fn pages_belong_together() {
    let page = |targets: usize, total| {
        let one = r#"{"controllerId":"a"}"#;
        let content = vec![one; targets].join(",");
        let json = format!(r#"{{"content":[{content}],"total":{total}}}"#);
        serde_json::from_str::<Targets>(&json).expect("a page")
    };
    for (page, before, expected, id) in [
        (page(0, 0), 0, 0, None),
        (page(2, 5), 3, 5, None),
        (page(1, 5), 3, 5, None),
        (page(2, 6), 3, 5, Some("hawkbit.changed")),
        (page(3, 5), 3, 5, Some("hawkbit.changed")),
        (page(0, 5), 3, 5, Some("hawkbit.changed")),
        (page(1, 200_001), 0, 200_001, Some("hawkbit.too-many")),
    ] {
        let checked = check_page(&page, before, expected);
        assert_eq!(checked.err().as_ref().map(HawkbitError::id), id);
    }
}
