//! A certificate and its key come together, and links go with them.

use std::fs;

use super::*;

/// A place with a key in it that nobody else may read, and these settings.
fn asked(place: &Place, pairs: &[(&str, &str)]) -> Asked {
    let key = place.path("tls.key");
    fs::write(&key, "a key").unwrap();
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        fs::set_permissions(&key, fs::Permissions::from_mode(0o600)).unwrap();
    }
    let mut said = variables(&[("MAINSTAY_DATA", "data")]);
    for (name, value) in pairs {
        let value = match *value {
            "KEY" => key.clone().into_os_string(),
            value => value.into(),
        };
        said.push(((*name).into(), value));
    }
    Asked {
        variables: said,
        ..Asked::default()
    }
}

#[test]
fn half_of_it_is_refused_and_so_are_links_to_http() {
    let certificate = ("MAINSTAY_TLS_CERTIFICATE", "tls.pem");
    let key = ("MAINSTAY_TLS_KEY", "KEY");
    let tickets = ("MAINSTAY_TLS_TICKET_KEY_FILE", "KEY");
    let plain = ("MAINSTAY_PUBLIC_URL", "http://updates.example");
    let secure = ("MAINSTAY_PUBLIC_URL", "https://updates.example");
    let ca = ("MAINSTAY_DEVICE_CA", "devices.pem");
    let required = ("MAINSTAY_DEVICE_CERTIFICATES", "required");
    let odd = ("MAINSTAY_DEVICE_CERTIFICATES", "always");
    let place = Place::new();
    for (pairs, expected) in [
        (&[][..], None),
        (&[certificate, key], None),
        (&[certificate, key, secure], None),
        (&[plain], None),
        (&[certificate, key, tickets], None),
        (&[tickets], Some(("settings.half", "tls_ticket_key_file"))),
        (
            &[certificate, tickets],
            Some(("settings.half", "tls_certificate")),
        ),
        (&[certificate], Some(("settings.half", "tls_certificate"))),
        (&[key, plain], Some(("settings.half", "tls_key"))),
        (
            &[certificate, key, plain],
            Some(("settings.value", "public_url")),
        ),
        (&[certificate, key, ca, required], None),
        (&[ca], Some(("settings.half", "device_ca"))),
        (
            &[certificate, key, required],
            Some(("settings.half", "device_certificates")),
        ),
        (
            &[certificate, key, ca, odd],
            Some(("settings.value", "device_certificates")),
        ),
    ] {
        let asked = asked(&place, pairs);
        let found = found(&asked);
        let found = found.iter().map(|(_, id, setting, _)| (*id, &**setting));
        assert_eq!(
            found.collect::<Vec<_>>(),
            Vec::from_iter(expected),
            "{pairs:?}"
        );
        let tls = read(&asked).tls();
        let speaks_tls = pairs.len() >= 2 && pairs[..2] == [certificate, key];
        assert_eq!(tls.is_some(), speaks_tls, "{pairs:?}");
        let shares = tls.is_some_and(|files| files.ticket_key.is_some());
        assert_eq!(shares, speaks_tls && pairs.contains(&tickets));
    }
}

/// Who issues certificates needs a certificate, its key, and to be among those who are taken.
#[test]
fn half_of_an_issuer_is_refused() {
    let certificate = ("MAINSTAY_TLS_CERTIFICATE", "tls.pem");
    let key = ("MAINSTAY_TLS_KEY", "KEY");
    let ca = ("MAINSTAY_DEVICE_CA", "devices.pem");
    let issuer = ("MAINSTAY_DEVICE_ISSUER_CERTIFICATE", "issuer.pem");
    let issues = ("MAINSTAY_DEVICE_ISSUER_KEY", "KEY");
    let secret = ("MAINSTAY_DEVICE_ISSUER_PASSPHRASE_FILE", "KEY");
    let for_ever = ("MAINSTAY_DEVICE_CERTIFICATE_DAYS", "826");
    let place = Place::new();
    for (pairs, expected) in [
        (&[certificate, key, ca, issuer, issues, secret][..], None),
        (
            &[certificate, key, ca, issuer],
            Some(("settings.half", "device_issuer_certificate")),
        ),
        (
            &[certificate, key, ca, issues],
            Some(("settings.half", "device_issuer_key")),
        ),
        (
            &[certificate, key, issuer, issues],
            Some(("settings.half", "device_issuer_certificate")),
        ),
        (
            &[certificate, key, ca, secret],
            Some(("settings.half", "device_issuer_passphrase_file")),
        ),
        (
            &[certificate, key, ca, for_ever],
            Some(("settings.value", "device_certificate_days")),
        ),
    ] {
        let asked = asked(&place, pairs);
        let found = found(&asked);
        let found = found.iter().map(|(_, id, setting, _)| (*id, &**setting));
        assert_eq!(
            found.collect::<Vec<_>>(),
            Vec::from_iter(expected),
            "{pairs:?}"
        );
        let issuer = read(&asked).settings.device_issuer;
        let days = if pairs.contains(&for_ever) { 0 } else { 90 };
        assert_eq!(issuer.days, days);
    }
}

/// A key that everybody may read is warned of, as every secret is.
#[cfg(unix)]
#[test]
fn the_key_is_a_secret() {
    use std::os::unix::fs::PermissionsExt as _;
    let place = Place::new();
    let certificate = ("MAINSTAY_TLS_CERTIFICATE", "tls.pem");
    let asked = asked(&place, &[certificate, ("MAINSTAY_TLS_KEY", "KEY")]);
    let open = fs::Permissions::from_mode(0o604);
    fs::set_permissions(place.path("tls.key"), open).unwrap();
    let found = found(&asked);
    let [(severity, id, setting, _)] = &found[..] else {
        panic!("{found:?}");
    };
    assert_eq!(
        (*severity, *id),
        (Severity::Warning, "settings.secret-open")
    );
    assert_eq!(setting, "tls_key");
}
