//! What mustn't stand in a plan at all.
//!
//! Every line is looked at, comments too: a plan is kept for ever, and shown to whoever works with it.
//! What is found is never repeated.

use super::{Broken, Case, Reason, Rule};
use crate::finding::Severity;

/// Shortest run of letters and digits that is drawn, and not thought up: 128 bits in base 64.
const RUN_CHARS_MIN: usize = 22;
/// Words beside which such a run is a secret, and not a digest.
const WORDS: [&str; 5] = ["password", "passphrase", "secret", "token", "bearer"];
/// How tokens of well-known services begin.
const BEGINNINGS: [&str; 6] = [
    "AKIA",
    "ghp_",
    "github_pat_",
    "glpat-",
    "xoxb-",
    "eyJhbGciOi",
];
/// Shortest of those tokens.
const BEGINNING_CHARS_MIN: usize = 20;

pub(super) const FMP090: Rule = Rule {
    reason: Reason {
        id: "FMP090",
        why: "a plan is kept for ever and read by many, and so is whatever slips into it",
        source: "general practice",
    },
    severity: Severity::Error,
    statement: "No line of a plan, comments included, holds what looks like a private key or a long \
         random token.",
    judge,
};

fn judge(case: &Case<'_>) -> Vec<Broken> {
    let lines = (1..).zip(case.text.lines());
    lines
        .filter_map(|(number, line)| {
            let (what, is_sure) = secret(line)?;
            let message = format!("This line holds what looks like {what}.");
            let fix = "take it out, and replace what it opens: it has been seen";
            let broken = Broken::new("", message, fix).at_line(number);
            Some(if is_sure { broken } else { broken.mild() })
        })
        .collect()
}

/// What a line seems to hold, and whether its form alone says so: a long run beside a word may be a digest.
fn secret(line: &str) -> Option<(&'static str, bool)> {
    if line.contains("PRIVATE KEY-----") {
        return Some(("a private key", true));
    }
    if line.split("://").skip(1).any(has_password) {
        return Some(("a password in an address", true));
    }
    let mut words = line.split(|c: char| !c.is_ascii_alphanumeric() && c != '_' && c != '-');
    let begins = |word: &str| BEGINNINGS.iter().any(|start| word.starts_with(start));
    if words.any(|word| word.len() >= BEGINNING_CHARS_MIN && begins(word)) {
        return Some(("a token of a known service", true));
    }
    let small = line.to_ascii_lowercase();
    let is_named = WORDS.iter().any(|word| small.contains(word));
    // Paths and names are cut at their strokes, so that none of their parts is this long.
    let mut runs = line.split(|c: char| !c.is_ascii_alphanumeric());
    (is_named && runs.any(is_random)).then_some(("a long random token", false))
}

/// Whether what stands behind `://` begins with a name and a password.
fn has_password(rest: &str) -> bool {
    let host = rest.split(|c: char| c == '/' || c.is_whitespace() || c == '"');
    let user = host
        .into_iter()
        .next()
        .and_then(|host| host.split_once('@'));
    user.is_some_and(|(user, _)| user.contains(':'))
}

/// Long, with digits among its letters: words aren't.
fn is_random(run: &str) -> bool {
    let digits = run.bytes().filter(u8::is_ascii_digit).count();
    run.len() >= RUN_CHARS_MIN && digits >= 4 && run.bytes().any(|c| c.is_ascii_alphabetic())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_seen_and_digests_are_not() {
        let hex = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";
        let cases = [
            ("# -----BEGIN PRIVATE KEY-----", Some(true)),
            ("# -----BEGIN EC PRIVATE KEY-----", Some(true)),
            ("# -----BEGIN PUBLIC KEY-----", None),
            (&format!("# kim's token: {hex}"), Some(false)),
            (&format!("# tested with image {hex}"), None),
            ("# ghp_A1b2C3d4E5f6G7h8I9j0K1l2M3n4", Some(true)),
            ("# AKIAIOSFODNN7EXAMPLE", Some(true)),
            (
                "security = \"https://bot:hunter2@company.example/report\"",
                Some(true),
            ),
            (
                "security = \"https://company.example/security@report\"",
                None,
            ),
            (
                "# mainstay plan activate --token-file keys/2026/sam.token",
                None,
            ),
            (
                "query = 'attributes.token-kind = \"second-generation\"'",
                None,
            ),
            ("# the password is on the label of each device", None),
            (
                "# --token-file /etc/mainstay/2026/11/26/operations/sam.token",
                None,
            ),
        ];
        for (line, expected) in cases {
            let is_sure = secret(line).map(|(_, is_sure)| is_sure);
            assert_eq!(is_sure, expected, "{line}");
        }
    }
}
