//! What is taken for each setting of single sign-on, and what isn't.

use std::path::Path;

use mainstay_access::Role;

use super::*;

fn given(text: &str) -> Given<'_> {
    let base = Path::new("");
    Given { text, base }
}

#[test]
fn an_issuer_is_taken_as_it_is_and_only_where_nobody_listens() {
    for (text, good) in [
        ("https://id.example", true),
        ("https://id.example/", true),
        ("https://id.example:8443/realms/house", true),
        ("http://127.0.0.1:9400", true),
        ("http://[::1]:9400", true),
        ("http://localhost:9400", true),
        ("http://id.example", false),
        ("http://127.0.0.1.id.example", false),
        ("ftp://localhost", false),
        ("id.example", false),
        ("https://user:secret@id.example", false),
        ("https://id.example?a=b", false),
        ("https://id.example#a", false),
        ("", false),
    ] {
        let read = Issuer::parse(given(text));
        assert_eq!(read.is_ok(), good, "{text}");
        match read {
            Ok(issuer) => assert_eq!(issuer.as_str(), text),
            Err(wrong) => assert!(!wrong.what.contains("secret"), "{wrong:?}"),
        }
    }
}

#[test]
fn scopes_hold_openid_and_are_parted_by_one_blank() {
    let read = Scopes::parse(given(" openid  email groups")).unwrap();
    assert_eq!(read.as_str(), "openid email groups");
    for wrong in ["", "email", "openid \"email\"", "openid e\u{e4}"] {
        assert!(Scopes::parse(given(wrong)).is_err(), "{wrong}");
    }
}

#[test]
fn names_and_groups() {
    for (text, good) in [
        ("Northwind ID", true),
        ("", false),
        ("  ", false),
        ("a\nb", false),
        (&*"x".repeat(61), false),
    ] {
        assert_eq!(ProviderName::parse(given(text)).is_ok(), good, "{text:?}");
    }
    let read = groups(given("fw-ops=operations, everyone=viewer")).unwrap();
    assert_eq!(read.role_of(["fw-ops"]), Ok(Role::Operations));
    for wrong in ["fw-ops", "a=king", &"a=viewer,".repeat(1000)] {
        assert!(groups(given(wrong)).is_err(), "{wrong}");
    }
}

#[test]
fn who_may_use_a_password_is_everybody_nobody_or_named() {
    let kim = Email::new("kim@northwind.example").unwrap();
    let ana = Email::new("ana@northwind.example").unwrap();
    for (text, may) in [
        ("everybody", [true, true]),
        ("nobody", [false, false]),
        ("Kim@northwind.example", [true, false]),
        ("ana@northwind.example, kim@northwind.example", [true, true]),
    ] {
        let read = Passwords::parse(given(text)).unwrap();
        assert_eq!([read.may(&kim), read.may(&ana)], may, "{text}");
    }
    let many = vec!["kim@northwind.example"; PEOPLE_MAX + 1].join(",");
    for wrong in ["", "all", "kim", &many] {
        assert!(Passwords::parse(given(wrong)).is_err(), "{wrong}");
    }
}
