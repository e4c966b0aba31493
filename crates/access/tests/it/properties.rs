//! What holds of whatever people type, draw and wish for.

use jiff::{SignedDuration, Timestamp};
use mainstay_access::api_token::API_TOKEN_AGE_MAX;
use mainstay_access::password::{PASSWORD_CHARS_MAX, PASSWORD_CHARS_MIN};
use mainstay_access::{
    Account, ApiToken, ApiTokenWish, Email, Password, PasswordFlaw, PasswordHash, Permission, Role,
    SecondFactor, Secret, SecretHash, SecretKind, TotpSecret,
};
use proptest::prelude::*;

fn now() -> Timestamp {
    "2026-07-15T12:00:00Z".parse().expect("a constant")
}

fn ana() -> Email {
    Email::new("ana.diaz@northwind.example").expect("an address")
}

fn account(role: Role) -> Account {
    Account {
        email: ana(),
        role,
        password: PasswordHash::new("$argon2id$x".to_owned()).expect("a hash"),
        second_factor: None,
        since: now(),
        closed: None,
    }
}

proptest! {
    /// Whatever is chosen gets a verdict, in which length and control characters are as one counts them.
    #[test]
    fn every_text_is_judged(text in "(?s).{0,140}") {
        let flaws = Password::choose(text.clone(), &ana()).err().unwrap_or_default();
        let chars = text.chars().count();
        prop_assert_eq!(flaws.contains(&PasswordFlaw::Long), chars > PASSWORD_CHARS_MAX);
        if chars <= PASSWORD_CHARS_MAX {
            prop_assert_eq!(flaws.contains(&PasswordFlaw::Short), chars < PASSWORD_CHARS_MIN);
            let control = text.chars().any(char::is_control);
            prop_assert_eq!(flaws.contains(&PasswordFlaw::Control), control);
        }
        prop_assert_eq!(Password::typed(text).is_some(), chars <= PASSWORD_CHARS_MAX);
    }

    /// Case hides nothing: what is refused in lower case is refused in upper case.
    #[test]
    fn case_makes_no_password_better(text in "(password|ana\\.diaz|mainstay|qwerty|abcdef|[a-z]{3}){1,3}[0-9!]{0,6}") {
        let verdict = |text: String| Password::choose(text, &ana()).err().unwrap_or_default();
        prop_assert_eq!(verdict(text.to_uppercase()), verdict(text));
    }

    #[test]
    fn secrets_read_back_and_texts_dont(chance: [u8; 32], text in "\\PC{0,100}") {
        for kind in SecretKind::ALL {
            let secret = Secret::new(kind, chance);
            let read = Secret::parse(kind, &secret.reveal()).map(|read| read.hash());
            prop_assert_eq!(read, Some(secret.hash()));
            if let Some(read) = Secret::parse(kind, &text) {
                prop_assert_eq!(&*read.reveal(), &text);
            }
        }
    }

    #[test]
    fn letters_of_a_second_factor_read_back(chance: [u8; 20], text in "[A-Z2-7]{30,34}") {
        let secret = TotpSecret::new(chance);
        prop_assert_eq!(TotpSecret::parse(&secret.reveal()), Some(secret));
        if let Some(read) = TotpSecret::parse(&text) {
            prop_assert_eq!(&*read.reveal(), &text);
        }
    }

    /// A factor that was kept takes what the one that was kept would have taken.
    #[test]
    fn a_kept_factor_is_the_same(chance: [u8; 20], code in "[0-9]{6}", step in 0_i64..100_000_000) {
        let secret = TotpSecret::new(chance);
        let factor = SecondFactor::kept(secret, step);
        let again = SecondFactor::kept(factor.secret().clone(), factor.step());
        prop_assert_eq!(factor.accept(&code, now()), again.accept(&code, now()));
    }

    /// A token is made exactly if its scope is a part of what the role may without signing in, and its end within a year.
    #[test]
    fn tokens_are_made_within_bounds(
        role in prop::sample::select(Role::ALL.to_vec()),
        scope in prop::collection::btree_set(prop::sample::select(Permission::ALL.to_vec()), 0..4),
        hours in -100_i64..10_000,
    ) {
        let within = scope.iter().all(|wanted| wanted.is_for(role) && !wanted.needs_a_session());
        let age = SignedDuration::from_hours(hours);
        let in_time = age.is_positive() && age <= API_TOKEN_AGE_MAX;
        let expected = !scope.is_empty() && within && in_time;
        let wish = ApiTokenWish { name: "ci".to_owned(), scope: scope.clone(), expires: now() + age };
        let made = ApiToken::make(wish, &account(role), SecretHash([1; 32]), now());
        prop_assert_eq!(made.is_ok(), expected);
        let Ok(token) = made else { return Ok(()) };
        for wanted in Permission::ALL {
            prop_assert_eq!(token.may(role, wanted).is_ok(), scope.contains(&wanted));
        }
    }
}
