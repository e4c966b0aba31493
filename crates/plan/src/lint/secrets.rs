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
    statement: "No line of a plan, comments included, holds a private key, a token or a password.",
    judge,
};

fn judge(case: &Case<'_>) -> Vec<Broken> {
    let lines = (1..).zip(case.text.lines());
    lines
        .filter_map(|(number, line)| {
            let what = secret(line)?;
            let message = format!("This line holds what looks like {what}.");
            let fix = "take it out, and replace what it opens: it has been seen";
            Some(Broken::new("", message, fix).at_line(number))
        })
        .collect()
}

fn secret(line: &str) -> Option<&'static str> {
    if line.contains("PRIVATE KEY-----") {
        return Some("a private key");
    }
    if line.split("://").skip(1).any(has_password) {
        return Some("a password in an address");
    }
    let mut words = line.split(|c: char| !c.is_ascii_alphanumeric() && c != '_' && c != '-');
    let begins = |word: &str| BEGINNINGS.iter().any(|start| word.starts_with(start));
    if words.any(|word| word.len() >= BEGINNING_CHARS_MIN && begins(word)) {
        return Some("a token");
    }
    let small = line.to_ascii_lowercase();
    let is_named = WORDS.iter().any(|word| small.contains(word));
    // Paths and names are cut at their strokes, so that none of their parts is this long.
    let mut runs = line.split(|c: char| !c.is_ascii_alphanumeric());
    (is_named && runs.any(is_random)).then_some("a token or a password")
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
            ("# -----BEGIN PRIVATE KEY-----", true),
            ("# -----BEGIN EC PRIVATE KEY-----", true),
            ("# -----BEGIN PUBLIC KEY-----", false),
            (&format!("# kim's token: {hex}"), true),
            (&format!("# tested with image {hex}"), false),
            ("# ghp_A1b2C3d4E5f6G7h8I9j0K1l2M3n4", true),
            ("# AKIAIOSFODNN7EXAMPLE", true),
            (
                "security = \"https://bot:hunter2@company.example/report\"",
                true,
            ),
            (
                "security = \"https://company.example/security@report\"",
                false,
            ),
            (
                "# mainstay plan activate --token-file keys/2026/sam.token",
                false,
            ),
            (
                "query = 'attributes.token-kind = \"second-generation\"'",
                false,
            ),
            ("# the password is on the label of each device", false),
            (
                "# --token-file /etc/mainstay/2026/11/26/operations/sam.token",
                false,
            ),
        ];
        for (line, expected) in cases {
            assert_eq!(secret(line).is_some(), expected, "{line}");
        }
    }
}
