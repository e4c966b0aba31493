//! Guessers who are slowed down, and owners who aren't.

use proptest::prelude::*;

use super::tally::KEYS_MAX;
use super::*;
use crate::password_hash::PasswordHash;
use crate::role::Role;
use crate::secret::SecretHash;
use crate::session::Means;
use crate::totp::{SecondFactor, TotpSecret};

fn at(seconds: i64) -> Timestamp {
    Timestamp::UNIX_EPOCH + SignedDuration::from_secs(seconds)
}

fn email(name: &str) -> Email {
    Email::new(&format!("{name}@northwind.example")).expect("an address")
}

fn origin(n: u32) -> Origin {
    Origin::of(IpAddr::V4(n.into()))
}

fn account(name: &str) -> Account {
    Account {
        email: email(name),
        role: Role::Operations,
        password: PasswordHash::new("$argon2id$x".to_owned()).expect("a hash"),
        second_factor: None,
        since: at(0),
        closed: None,
    }
}

fn succeeded(attempts: &mut SignInAttempts, name: &str, from: Origin, now: Timestamp) {
    let account = account(name);
    let who = account.email.clone();
    let session = Session::begin(SecretHash([1; 32]), who, Means::Password, now);
    attempts.succeeded(&session, &account, from, now);
}

/// Tries each second, as a guesser would; says how many were let through.
fn guess(attempts: &mut SignInAttempts, seconds: i64, from: impl Fn(i64) -> Origin) -> usize {
    let let_through = |second: &i64| {
        attempts
            .begin(&email("kim"), from(*second), at(*second))
            .is_ok()
    };
    (0..seconds).filter(let_through).count()
}

#[test]
fn five_slips_are_free_and_then_the_wait_doubles() {
    let mut attempts = SignInAttempts::default();
    let mut let_through = Vec::new();
    for second in 0..3_600 {
        while attempts.begin(&email("kim"), origin(1), at(second)).is_ok() {
            let_through.push(second);
        }
    }
    let doubling = [1, 3, 7, 15, 31, 63, 127, 255, 511];
    assert_eq!(let_through[..5], [0; 5]);
    assert_eq!(let_through[5..14], doubling);
    assert_eq!(let_through[14..], [1_023, 1_923, 2_823]);
}

#[test]
fn a_guesser_at_one_address_gets_few_tries() {
    let hour = guess(&mut SignInAttempts::default(), 3_600, |_| origin(1));
    assert!((15..=20).contains(&hour), "{hour}");
    let day = guess(&mut SignInAttempts::default(), 86_400, |_| origin(1));
    assert!(day <= 20 + 23 * 4, "{day}");
}

#[test]
fn who_goes_through_all_accounts_is_slowed_down_too() {
    let mut attempts = SignInAttempts::default();
    let let_through = (0..3_600).filter(|second| {
        let who = email(&format!("person-{second}"));
        attempts.begin(&who, origin(1), at(*second)).is_ok()
    });
    let count = let_through.count();
    assert!((60..=65).contains(&count), "{count}");
}

#[test]
fn sixteen_at_once_get_no_more_than_one_after_the_other() {
    let mut attempts = SignInAttempts::default();
    let at_once = (0..16).filter(|_| attempts.begin(&email("kim"), origin(1), at(0)).is_ok());
    assert_eq!(at_once.count(), 5);
}

#[test]
fn a_new_address_for_each_guess_is_held_back_at_an_account_under_attack() {
    let mut attempts = SignInAttempts::default();
    let each_new = |second: i64| origin(second as u32);
    let let_through = guess(&mut attempts, 3_600, each_new);
    assert_eq!(let_through, FAILURES_OF_AN_ATTACK as usize);
}

#[test]
fn the_owner_signs_in_while_others_guess() {
    let (kim, home, hotel) = (email("kim"), origin(7), origin(8));
    let mut attempts = SignInAttempts::default();
    attempts
        .begin(&kim, home, at(-10))
        .expect("nothing was tried yet");
    succeeded(&mut attempts, "kim", home, at(-10));
    guess(&mut attempts, 3_000, |second| {
        origin(1_000 + second as u32 % 500)
    });
    assert_eq!(attempts.begin(&kim, home, at(3_000)), Ok(()));
    succeeded(&mut attempts, "kim", home, at(3_000));
    let waits = attempts
        .begin(&kim, hotel, at(3_000))
        .expect_err("a stranger there");
    assert_eq!(waits.until, at(3_030));
    assert_eq!(attempts.begin(&kim, hotel, waits.until), Ok(()));
}

#[test]
fn a_colleague_who_slips_stops_nobody_who_was_here_before() {
    let (kim, office) = (email("kim"), origin(1));
    let mut attempts = SignInAttempts::default();
    attempts
        .begin(&kim, office, at(0))
        .expect("nothing was tried yet");
    succeeded(&mut attempts, "kim", office, at(0));
    for n in 0..100 {
        let _slip = attempts.begin(&email(&format!("eve-{n}")), office, at(n));
    }
    assert!(attempts.begin(&email("sam"), office, at(100)).is_err());
    assert_eq!(attempts.begin(&kim, office, at(100)), Ok(()));
}

/// Mallory has an account of her own. Signing in to it between two guesses at others gives her none more.
#[test]
fn who_signs_in_in_between_still_waits_for_guesses_at_others() {
    let here = origin(1);
    let mut attempts = SignInAttempts::default();
    let mut guesses = 0;
    for second in 0..3_600 {
        if attempts.begin(&email("mallory"), here, at(second)).is_ok() {
            succeeded(&mut attempts, "mallory", here, at(second));
        }
        let stranger = email(&format!("person-{second}"));
        guesses += usize::from(attempts.begin(&stranger, here, at(second)).is_ok());
    }
    assert!((60..=65).contains(&guesses), "{guesses}");
}

/// The password is right and the code is missing: that forgets nothing, makes nobody known, and gives no try more.
#[test]
fn a_password_without_its_code_is_no_success() {
    let here = origin(1);
    let kim = Account {
        second_factor: Some(SecondFactor::kept(TotpSecret::new([1; 20]), 5)),
        ..account("kim")
    };
    let mut attempts = SignInAttempts::default();
    let mut let_through = 0;
    let lacking = Session::begin(SecretHash([1; 32]), email("kim"), Means::Password, at(0));
    for second in 0..60 {
        if attempts.begin(&kim.email, here, at(second)).is_ok() {
            let_through += 1;
            attempts.succeeded(&lacking, &kim, here, at(second));
        }
    }
    assert_eq!(let_through, 10);
    assert!(!attempts.knows(&kim.email, here));
    let whole = Session {
        second_factor: Some(at(60)),
        ..lacking
    };
    attempts.succeeded(&whole, &kim, here, at(60));
    assert!(attempts.knows(&kim.email, here));
    assert_eq!(attempts.begin(&kim.email, here, at(60)), Ok(()));
}

#[test]
fn success_and_silence_forget() {
    let (kim, home) = (email("kim"), origin(1));
    let mut attempts = SignInAttempts::default();
    for _ in 0..5 {
        attempts.begin(&kim, home, at(0)).expect("free");
    }
    assert!(attempts.begin(&kim, home, at(0)).is_err());
    attempts
        .begin(&kim, home, at(1))
        .expect("it waited a second");
    succeeded(&mut attempts, "kim", home, at(1));
    for _ in 0..5 {
        attempts.begin(&kim, home, at(1)).expect("free again");
    }
    assert!(attempts.begin(&kim, home, at(1)).is_err());
    for _ in 0..5 {
        attempts.begin(&kim, home, at(3_601)).expect("forgotten");
    }
}

#[test]
fn a_flood_of_addresses_takes_bounded_memory() {
    let mut attempts = SignInAttempts::default();
    for n in 0..KEYS_MAX as u32 + 50 {
        let second = i64::from(n / 1_000);
        let _any = attempts.begin(&email(&format!("p{n}")), origin(n), at(second));
    }
    let sizes = [
        attempts.at.len(),
        attempts.from.len(),
        attempts.at_from.len(),
    ];
    assert_eq!(sizes, [KEYS_MAX; 3]);
    for n in 0..KNOWN_MAX as u32 + 5 {
        succeeded(&mut attempts, "kim", origin(n), at(20 + i64::from(n)));
    }
    assert_eq!(attempts.known.len(), KNOWN_MAX);
}

#[test]
fn one_network_is_one_origin() {
    let of = |text: &str| Origin::of(text.parse().expect("an address"));
    assert_eq!(of("2001:db8:1:2::1"), of("2001:db8:1:2:ffff::9"));
    assert_ne!(of("2001:db8:1:2::1"), of("2001:db8:1:3::1"));
    assert_eq!(of("::ffff:192.0.2.1"), of("192.0.2.1"));
    assert_ne!(of("192.0.2.1"), of("192.0.2.2"));
}

proptest! {
    /// Whatever others try from elsewhere: who is known where they are waits for nothing but their own slips, and who is a
    /// stranger there waits once.
    #[test]
    fn nobody_is_locked_out_by_others(
        tries in prop::collection::vec((0_u32..40, 0_i64..20, any::<bool>()), 0..400),
        is_known: bool,
    ) {
        let (kim, home) = (email("kim"), origin(9_999));
        let mut attempts = SignInAttempts::default();
        if is_known {
            succeeded(&mut attempts, "kim", home, at(0));
        }
        let mut now = 0;
        for (from, pause, at_kim) in tries {
            now += pause;
            let who = if at_kim { email("kim") } else { email("sam") };
            let _any = attempts.begin(&who, origin(from), at(now));
        }
        match attempts.begin(&kim, home, at(now)) {
            Ok(()) => {}
            Err(later) => {
                prop_assert!(!is_known);
                prop_assert_eq!(later.until, at(now) + STRANGER_WAIT);
                prop_assert_eq!(attempts.begin(&kim, home, later.until), Ok(()));
            }
        }
    }
}
