//! A provider, its secret and the way back come together.

use std::fs;

use super::*;

#[test]
fn half_of_a_provider_is_refused() {
    let place = Place::new();
    let secret = place.path("secret");
    fs::write(&secret, "a secret").unwrap();
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        fs::set_permissions(&secret, fs::Permissions::from_mode(0o600)).unwrap();
    }
    let issuer = "MAINSTAY_OIDC_ISSUER";
    let client = "MAINSTAY_OIDC_CLIENT_ID";
    let file = "MAINSTAY_OIDC_CLIENT_SECRET_FILE";
    let public = "MAINSTAY_PUBLIC_URL";
    let whole = [
        (issuer, "https://id.example"),
        (client, "mainstay"),
        (file, secret.to_str().unwrap()),
        (public, "https://updates.example"),
    ];
    let without = |left_out: &str| {
        let kept = whole.into_iter().filter(move |(name, _)| *name != left_out);
        kept.collect::<Vec<_>>()
    };
    let and = |more: (&'static str, &'static str)| [&whole[..], &[more]].concat();
    let half = "settings.half";
    for (pairs, expected) in [
        (whole.to_vec(), vec![]),
        (and(("MAINSTAY_OIDC_GROUPS", "a=viewer")), vec![]),
        (and(("MAINSTAY_PASSWORDS", "nobody")), vec![]),
        (without(client), vec![(half, "oidc.issuer")]),
        (without(file), vec![(half, "oidc.issuer")]),
        (without(issuer), vec![(half, "oidc.client_id")]),
        (without(public), vec![(half, "oidc.issuer")]),
        (
            [without(public), vec![(public, "http://updates.example")]].concat(),
            vec![(half, "oidc.issuer")],
        ),
        (
            vec![("MAINSTAY_OIDC_GROUPS", "a=viewer")],
            vec![(half, "oidc.groups")],
        ),
        (
            vec![("MAINSTAY_PASSWORDS", "nobody")],
            vec![(half, "passwords")],
        ),
        (vec![("MAINSTAY_PASSWORDS", "everybody")], vec![]),
        (
            and((issuer, "http://id.example")),
            vec![("settings.value", "oidc.issuer")],
        ),
    ] {
        let data = [("MAINSTAY_DATA", "data")];
        let found = found(&in_variables(&[&data[..], &pairs].concat()));
        let found: Vec<_> = found
            .iter()
            .map(|(_, id, setting, _)| (*id, &**setting))
            .collect();
        assert_eq!(found, expected, "{pairs:?}");
    }
}
