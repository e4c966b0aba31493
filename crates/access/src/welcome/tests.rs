//! Who is welcome, by tables.

use std::slice::from_ref;

use super::*;

const ONE: AuthorityDigest = AuthorityDigest([1; 32]);
const OTHER: AuthorityDigest = AuthorityDigest([2; 32]);

fn at(hours: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000).expect("a constant") + SignedDuration::from_hours(hours)
}

fn terms(class: &str, prefix: Option<&str>, authority: Option<AuthorityDigest>) -> WelcomeTerms {
    WelcomeTerms {
        declares: Declares {
            class: class.to_owned(),
            hardware: "C".to_owned(),
            zone: "Europe/Berlin".to_owned(),
            bootloader: "1.4.0".to_owned(),
            site: None,
        },
        prefix: prefix.map(str::to_owned),
        authority,
    }
}

fn made(n: u8, terms: WelcomeTerms, often: (u32, u32)) -> Result<Welcome, WelcomeFlaw> {
    let kim = Email::new("kim@northwind.example").expect("an address");
    Welcome::new(WelcomeId([n; 8]), terms, often, kim, at(0))
}

fn welcome(
    n: u8,
    class: &str,
    prefix: Option<&str>,
    authority: Option<AuthorityDigest>,
) -> Welcome {
    made(n, terms(class, prefix, authority), (2, 7)).expect("a good one")
}

fn newcomer(name: &str) -> Newcomer<'_> {
    Newcomer {
        name,
        vouched_by: &[ONE],
    }
}

#[test]
fn welcomes_are_bounded() {
    let any = || terms("thermo-v2", None, None);
    let begins = |prefix: &str| made(1, terms("thermo-v2", Some(prefix), None), (1, 1));
    assert_eq!(made(1, any(), (0, 7)), Err(WelcomeFlaw::Uses));
    let many = (WELCOME_USES_MAX + 1, 7);
    assert_eq!(made(1, any(), many), Err(WelcomeFlaw::Uses));
    assert_eq!(made(1, any(), (1, 0)), Err(WelcomeFlaw::Days));
    let long = (1, WELCOME_DAYS_MAX + 1);
    assert_eq!(made(1, any(), long), Err(WelcomeFlaw::Days));
    assert!(made(1, any(), (WELCOME_USES_MAX, WELCOME_DAYS_MAX)).is_ok());
    for prefix in ["", "th 1", "th-\n", "th-ü", &"x".repeat(65)] {
        assert_eq!(begins(prefix), Err(WelcomeFlaw::Prefix), "{prefix:?}");
    }
    assert!(begins("02:00:5e:").is_ok());
}

#[test]
fn a_welcome_works_for_its_time_and_its_uses() {
    let good = welcome(1, "thermo-v2", None, None);
    let used = |used| Welcome {
        used,
        ..good.clone()
    };
    let revoked = Welcome {
        revoked: Some(at(1)),
        ..good.clone()
    };
    for (one, hours, expected) in [
        (&good, 0, true),
        (&good, 7 * 24 - 1, true),
        (&good, 7 * 24, false),
        (&good, -1, false),
        (&used(1), 0, true),
        (&used(2), 0, false),
        (&revoked, 0, false),
    ] {
        assert_eq!(one.works_at(at(hours)), expected, "{one:?} {hours}");
    }
}

#[test]
fn the_welcome_that_fits_lets_in_and_two_that_differ_do_not() {
    let thermo = welcome(1, "thermo-v2", Some("th-"), None);
    let gateway = welcome(2, "gateway", Some("gw-"), None);
    let of_one = welcome(3, "thermo-v2", None, Some(ONE));
    let of_other = welcome(4, "thermo-v2", None, Some(OTHER));
    let spent = Welcome {
        used: 2,
        ..welcome(5, "gateway", None, None)
    };
    let again = Welcome {
        expires: at(9),
        ..welcome(6, "thermo-v2", Some("th-1"), None)
    };
    let any = welcome(7, "gateway", None, None);
    let both = [thermo.clone(), gateway.clone()];
    for (all, name, expected) in [
        (&both[..], "th-1", Ok(thermo.id)),
        (&both, "gw-1", Ok(gateway.id)),
        (&both, "xx-1", Err(NotWelcome::Nobody)),
        (&both, "th", Err(NotWelcome::Nobody)),
        (&[], "th-1", Err(NotWelcome::Nobody)),
        (from_ref(&of_one), "xx-1", Ok(of_one.id)),
        (from_ref(&of_other), "xx-1", Err(NotWelcome::Nobody)),
        (from_ref(&spent), "th-1", Err(NotWelcome::Nobody)),
        (&[thermo.clone(), spent.clone()], "th-1", Ok(thermo.id)),
        // Of two that declare the same, the one that ends first.
        (&[thermo.clone(), again.clone()], "th-1", Ok(again.id)),
        (
            &[thermo.clone(), any.clone()],
            "th-1",
            Err(NotWelcome::Ambiguous(thermo.id, any.id)),
        ),
    ] {
        let found = choose(all, newcomer(name), at(1)).map(|one| one.id);
        assert_eq!(found, expected, "{name} among {all:?}");
    }
}

#[test]
fn no_welcome_is_made_that_could_mean_two_things() {
    let there = [
        welcome(1, "thermo-v2", Some("th-"), None),
        welcome(2, "gateway", None, Some(OTHER)),
    ];
    let apart = |_: AuthorityDigest, _: AuthorityDigest| false;
    let overlaps = |n: u8| Err(WelcomeFlaw::Overlaps(WelcomeId([n; 8])));
    for (one, expected) in [
        (welcome(9, "thermo-v2", Some("th-"), Some(ONE)), Ok(())),
        (welcome(9, "gateway", Some("th-1"), Some(ONE)), overlaps(1)),
        (welcome(9, "gateway", Some("t"), Some(ONE)), overlaps(1)),
        (welcome(9, "gateway", Some("gw-"), Some(ONE)), Ok(())),
        (welcome(9, "lock", Some("lo-"), Some(OTHER)), overlaps(2)),
        (welcome(9, "lock", Some("lo-"), None), overlaps(2)),
    ] {
        let found = one.expect_clear_of(&there, apart, at(1));
        assert_eq!(found, expected, "{one:?}");
        // What works no more is in nobody's way.
        assert_eq!(one.expect_clear_of(&there, apart, at(7 * 24)), Ok(()));
    }
    let same = welcome(9, "thermo-v2", None, None);
    let many: Vec<_> = (0..100).map(|_| same.clone()).collect();
    assert_eq!(same.expect_clear_of(&many[..99], apart, at(1)), Ok(()));
    let refused = same.expect_clear_of(&many, apart, at(1));
    assert_eq!(refused, Err(WelcomeFlaw::TooMany));
}

#[test]
fn names_and_digests_are_hexadecimal() {
    let id = WelcomeId([0xa7; 8]);
    assert_eq!(id.to_string(), "a7a7a7a7a7a7a7a7");
    assert_eq!(WelcomeId::parse(&id.to_string()), Some(id));
    for wrong in ["", "a7", "g7a7a7a7a7a7a7a7", "a7a7a7a7a7a7a7a7a7"] {
        assert_eq!(WelcomeId::parse(wrong), None, "{wrong}");
    }
    let digest = AuthorityDigest::try_from("5f".repeat(32));
    assert_eq!(digest, Ok(AuthorityDigest([0x5f; 32])));
    assert!(AuthorityDigest::try_from("5f".repeat(31)).is_err());
}

/// One of them vouches for the other, say.
#[test]
fn authorities_that_share_devices_tell_nothing_apart() {
    let there = [welcome(1, "thermo-v2", Some("th-"), Some(ONE))];
    let share = |one, another| one != another;
    for (one, expected) in [
        (welcome(9, "gateway", None, Some(OTHER)), false),
        (welcome(9, "gateway", Some("gw-"), Some(OTHER)), true),
        (welcome(9, "thermo-v2", None, Some(OTHER)), true),
    ] {
        let found = one.expect_clear_of(&there, share, at(1));
        assert_eq!(found.is_ok(), expected, "{one:?}");
        let apart = one.expect_clear_of(&there, |_, _| false, at(1));
        assert_eq!(apart, Ok(()));
    }
}
