//! Which passwords are taken, after NIST SP 800-63B, section 3.1.1.
//!
//! What counts is length and not being guessable from a list; no rule asks for signs of certain kinds, and none ages. The
//! rules are [`Password::choose`]'s; whoever signs in hands in a [`Password`] as it was typed.

use core::fmt;

use zeroize::Zeroizing;

use crate::email::Email;

/// Fewest characters: what the specification asks of one that a second factor may stand beside, and half as many again.
pub const PASSWORD_CHARS_MIN: usize = 12;
/// Most characters: room for a sentence, and a bound on what is hashed.
pub const PASSWORD_CHARS_MAX: usize = 128;
/// Fewest different characters: below this a password repeats a few.
const DIFFERENT_MIN: usize = 5;
/// Fewest characters that must be left once those that everybody knows are taken out.
const OWN_CHARS_MIN: usize = 8;

/// What common passwords of this length are made of, in lower case: alone, repeated, or with digits and signs at the ends.
const COMMON: &[&str] = &[
    "1q2w3e4r",
    "1q2w3e4r5t6y",
    "1qaz2wsx",
    "1qaz2wsx3edc",
    "abcdefghijkl",
    "administrator",
    "admin",
    "asdfghjkl",
    "asdf",
    "baseball",
    "changeme",
    "charlie",
    "computer",
    "correct horse battery staple",
    "correct-horse-battery-staple",
    "correcthorsebatterystaple",
    "default",
    "dragon",
    "firmware",
    "football",
    "iloveyou",
    "internet",
    "letmein",
    "maintenance",
    "master",
    "michael",
    "monkey",
    "passphrase",
    "passwort",
    "password",
    "passw0rd",
    "p@ssw0rd",
    "p@ssword",
    "princess",
    "q1w2e3r4",
    "q1w2e3r4t5y6",
    "qazwsx",
    "qazwsxedc",
    "qwerty",
    "qwertyuiop",
    "qwertz",
    "qwertzuiop",
    "secret",
    "shadow",
    "starwars",
    "sunshine",
    "superman",
    "testtest",
    "thisisapassword",
    "thisismypassword",
    "trustno1",
    "update",
    "welcome",
    "whatever",
    "zaq12wsx",
    "zaq12wsxcde3",
    "zxcvbnm",
];

/// A password in clear, as somebody typed it. It prints itself as stars and is wiped when it goes.
#[derive(Clone)]
pub struct Password(Zeroizing<String>);

/// What is wrong with a password that somebody chose.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PasswordFlaw {
    /// Fewer than [`PASSWORD_CHARS_MIN`].
    #[error("it has fewer than {PASSWORD_CHARS_MIN} characters")]
    Short,
    /// More than [`PASSWORD_CHARS_MAX`].
    #[error("it has more than {PASSWORD_CHARS_MAX} characters")]
    Long,
    /// A character that no keyboard writes.
    #[error("it holds a control character")]
    Control,
    /// A few characters over and over, or neighbours in a row.
    #[error("it repeats a few characters, or goes through the alphabet")]
    Plain,
    /// Little more than the person's name or address, or the program's name.
    #[error("without your name, your address and \"mainstay\" too little is left of it")]
    Named,
    /// One of those that are tried first.
    #[error("it is one of those that are tried first")]
    Common,
}

impl PasswordFlaw {
    /// Stable id of this finding.
    #[must_use]
    pub fn id(self) -> &'static str {
        match self {
            Self::Short => "access.password-short",
            Self::Long => "access.password-long",
            Self::Control => "access.password-control",
            Self::Plain => "access.password-plain",
            Self::Named => "access.password-named",
            Self::Common => "access.password-common",
        }
    }

    /// What to do about it.
    #[must_use]
    pub fn cure(self) -> &'static str {
        match self {
            Self::Short | Self::Plain | Self::Named | Self::Common => {
                "take four or five words that nobody would expect beside each other, or let a password manager draw one"
            }
            Self::Long => "leave something out",
            Self::Control => "type it, rather than pasting it from a file",
        }
    }
}

impl Password {
    /// The password that somebody types to sign in. It isn't judged again; an overlong one is nobody's.
    #[must_use]
    pub fn typed(text: String) -> Option<Self> {
        let text = Zeroizing::new(text);
        let bounded = text.chars().take(PASSWORD_CHARS_MAX + 1).count() <= PASSWORD_CHARS_MAX;
        bounded.then_some(Self(text))
    }

    /// The password that `who` chooses.
    ///
    /// # Errors
    /// All that is wrong with it.
    pub fn choose(text: String, who: &Email) -> Result<Self, Vec<PasswordFlaw>> {
        let text = Zeroizing::new(text);
        let flaws = flaws(&text, who);
        if flaws.is_empty() {
            Ok(Self(text))
        } else {
            Err(flaws)
        }
    }

    /// What is hashed: UTF-8, at most four bytes for each of [`PASSWORD_CHARS_MAX`] characters.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password(***)")
    }
}

fn flaws(text: &str, who: &Email) -> Vec<PasswordFlaw> {
    let chars = text.chars().take(PASSWORD_CHARS_MAX + 1).count();
    // An overlong text isn't looked at any closer: that would cost what the bound is to save.
    if chars > PASSWORD_CHARS_MAX {
        return vec![PasswordFlaw::Long];
    }
    let folded = Zeroizing::new(text.to_lowercase());
    [
        (PasswordFlaw::Short, chars < PASSWORD_CHARS_MIN),
        (PasswordFlaw::Control, text.chars().any(char::is_control)),
        (PasswordFlaw::Plain, is_plain(&folded)),
        (PasswordFlaw::Named, is_named(&folded, who)),
        (PasswordFlaw::Common, is_common(&folded)),
    ]
    .into_iter()
    .filter_map(|(flaw, found)| found.then_some(flaw))
    .collect()
}

fn is_plain(folded: &str) -> bool {
    let mut different: Vec<char> = folded.chars().collect();
    let in_a_row = |step: i64| {
        let next = |pair: &[char]| i64::from(u32::from(pair[1])) - i64::from(u32::from(pair[0]));
        // From 9 it goes on at 0.
        different
            .windows(2)
            .all(|pair| next(pair) == step || (next(pair) * -step == 9 && pair[0].is_ascii_digit()))
    };
    if in_a_row(1) || in_a_row(-1) {
        return true;
    }
    different.sort_unstable();
    different.dedup();
    different.len() < DIFFERENT_MIN
}

/// Whether too little is left without the words that everybody who knows the person's address has.
fn is_named(folded: &str, who: &Email) -> bool {
    let (name, domain) = who.as_str().split_once('@').unwrap_or((who.as_str(), ""));
    let house = domain.split('.').next().unwrap_or_default();
    let mut left = Zeroizing::new(folded.to_owned());
    for word in [who.as_str(), domain, name, house, "mainstay"] {
        if !word.is_empty() {
            *left = left.replace(word, "");
        }
    }
    let took = left.len() < folded.len();
    took && left.chars().count() < OWN_CHARS_MIN
}

fn is_common(folded: &str) -> bool {
    let core = folded.trim_matches(|c: char| !c.is_alphabetic());
    COMMON.iter().any(|word| {
        let repeated = |text: &str| !text.is_empty() && text.replace(word, "").is_empty();
        repeated(folded) || repeated(core)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use PasswordFlaw::{Common, Control, Long, Named, Plain, Short};

    fn ana() -> Email {
        Email::new("ana.diaz@northwind.example").expect("an address")
    }

    fn check(text: &str, expected: &[PasswordFlaw]) {
        let found = match Password::choose(text.to_owned(), &ana()) {
            Ok(_) => Vec::new(),
            Err(flaws) => flaws,
        };
        assert_eq!(found, expected, "{text:?}");
    }

    #[test]
    fn good_ones_of_every_kind_are_taken() {
        for text in [
            "glacier turnip bicycle",
            "kX9#vQ2$mL7!",
            "drei Äpfel und ein Kürbis",
            "十二個の文字があれば足りるよ",
            "🐢🦊🐙🦀🐝🦉🐸🐼🐨🐯🦁🐮",
            "the house is ana.diaz@northwind.example's, not mine",
            &"abcdefghijklm nop".repeat(7),
        ] {
            check(text, &[]);
        }
    }

    #[test]
    fn length_counts_characters() {
        check("tYp3#wQ9!zK", &[Short]);
        check("äöüßéèñçøåæ", &[Short]);
        let long = "glacier turnip ".repeat(9);
        check(&long[..128], &[]);
        check(&long[..129], &[Long]);
        check(&"漢字仮名交じり文".repeat(1_000_000), &[Long]);
    }

    #[test]
    fn what_is_tried_first_is_refused() {
        for text in [
            "passwordpassword",
            "Password1234!",
            "!!Welcome2026!!",
            "qwertyuiop12",
            "1q2w3e4r5t6y",
            "1qaz2wsx3edc",
            "Correct Horse Battery Staple",
            "administrator",
            "letmeinletmein",
            "trustno1trustno1",
            "ChangeMeChangeMe",
            "P@ssw0rd20262026",
            "....iloveyou....",
            "MAINTENANCE01",
        ] {
            check(text, &[Common]);
        }
    }

    #[test]
    fn repetitions_and_rows_are_refused() {
        for text in [
            "aaaaaaaaaaaaaa",
            "xyxyxyxyxyxyxy",
            "abcabcabcabcabc",
            "123456789012",
            "zyxwvutsrqponm",
            "987654321098",
        ] {
            check(text, &[Plain]);
        }
        check("abcdefghijkl", &[Plain, Common]);
        check("acegikmoqsuw", &[]);
    }

    #[test]
    fn the_own_name_isnt_a_secret() {
        for text in [
            "ana.diaz@northwind.example",
            "Ana.Diaz@Northwind.example1",
            "ana.diazana.diaz",
            "northwind2026",
            "mainstay-2026!",
            "MainstayMainstay",
        ] {
            check(text, &[Named]);
        }
        check("ana.diaz", &[Short, Named]);
    }

    #[test]
    fn all_findings_come_at_once() {
        check("", &[Short, Plain]);
        check("password\n", &[Short, Control, Common]);
    }

    #[test]
    fn nothing_prints_a_password() {
        let password = Password::choose("glacier turnip bicycle".to_owned(), &ana());
        assert_eq!(
            format!("{:?}", password.expect("a good one")),
            "Password(***)"
        );
    }

    #[test]
    fn what_is_typed_is_bounded_but_not_judged() {
        assert!(Password::typed("short".to_owned()).is_some());
        assert!(Password::typed("x".repeat(129)).is_none());
    }
}
