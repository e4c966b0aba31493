//! Is the new image good enough to keep?
//!
//! | self-test | reached the server | soaked | deadline passed | verdict |
//! |---|---|---|---|---|
//! | failed | - | - | - | revert: self-test |
//! | passed | yes | yes | - | confirm |
//! | any other | | | yes | revert: watchdog |
//! | any other | | | no | wait |
//!
//! Reaching the server once is part of it: an image that can't would never be updated again. One that
//! came from a bundle, offline, need not.

use mainstay_protocol::{RevertCause, SelfTest};

use crate::config::TrialPolicy;

/// What is known of an image on trial.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Watch {
    /// When it was booted, in milliseconds.
    pub since_ms: u64,
    /// Whether it has reached the server.
    pub reached_server: bool,
    /// Its newest self-test.
    pub self_test: SelfTest,
}

/// What to do with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Look again later.
    Wait,
    /// Keep it.
    Confirm,
    /// Give it up.
    Revert(RevertCause),
}

/// Judges by the table above.
#[must_use]
pub fn judge(watch: &Watch, policy: &TrialPolicy, now_ms: u64) -> Verdict {
    let ran_ms = now_ms.saturating_sub(watch.since_ms);
    match watch.self_test {
        SelfTest::Failed => Verdict::Revert(RevertCause::SelfTest),
        SelfTest::Passed if watch.reached_server && ran_ms >= policy.soak_ms => Verdict::Confirm,
        _ if ran_ms >= policy.deadline_ms => Verdict::Revert(RevertCause::Watchdog),
        SelfTest::Passed | SelfTest::NotRun => Verdict::Wait,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_of_the_table() {
        use SelfTest::{Failed, NotRun, Passed};
        let policy = TrialPolicy::within(3, 600_000);
        for (self_test, reached_server, ran_s, expected) in [
            (Failed, true, 1, Verdict::Revert(RevertCause::SelfTest)),
            (Failed, true, 700, Verdict::Revert(RevertCause::SelfTest)),
            (Passed, true, 299, Verdict::Wait),
            (Passed, true, 300, Verdict::Confirm),
            (Passed, false, 300, Verdict::Wait),
            (Passed, false, 600, Verdict::Revert(RevertCause::Watchdog)),
            (NotRun, true, 599, Verdict::Wait),
            (NotRun, true, 600, Verdict::Revert(RevertCause::Watchdog)),
        ] {
            let watch = Watch {
                since_ms: 1000,
                reached_server,
                self_test,
            };
            let verdict = judge(&watch, &policy, 1000 + ran_s * 1000);
            assert_eq!(verdict, expected, "{watch:?} after {ran_s} s");
        }
    }
}
