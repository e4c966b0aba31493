//! How a release came to where it stands: one entry for each stage it has entered.

use jiff::Timestamp;
use mainstay_access::Email;
use serde::Serialize;

use crate::stage::{Stage, StageName};

/// One line of a release's history.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Entry<'a> {
    /// The stage it entered.
    pub stage: StageName,
    /// Who brought it there; nobody if the rollout did.
    pub by: Option<&'a Email>,
    /// When.
    pub at: Timestamp,
}

impl Stage {
    /// Every stage the release has been in, oldest first, for a page's timeline.
    #[must_use]
    pub fn history(&self) -> Vec<Entry<'_>> {
        let mut entries = vec![entry(
            StageName::Draft,
            &self.drafted().by,
            self.drafted().at,
        )];
        let signed = self.signed().map(|s| entry(StageName::Signed, &s.by, s.at));
        let gated = self.gated().map(|g| Entry::of(StageName::Gated, g.at));
        let approved = self
            .approved()
            .map(|a| entry(StageName::Approved, &a.by, a.at));
        let scheduled = self
            .scheduled()
            .map(|s| entry(StageName::Scheduled, &s.by, s.at));
        let rolling = self.rolling().map(|r| Entry::of(StageName::Rolling, r.at));
        entries.extend(
            [signed, gated, approved, scheduled, rolling]
                .into_iter()
                .flatten(),
        );
        entries.extend(self.outcome());
        entries
    }

    /// What came of the rollout, oldest first.
    fn outcome(&self) -> Vec<Entry<'_>> {
        match self {
            Self::Complete(complete) => vec![Entry::of(StageName::Complete, complete.at)],
            Self::Halted(halted) => vec![Entry::of(StageName::Halted, halted.at)],
            Self::RolledBack(back) => vec![
                Entry::of(StageName::Halted, back.halted.at),
                Entry::of(StageName::RolledBack, back.at),
            ],
            Self::Superseded(superseded) => vec![
                Entry::of(StageName::Complete, superseded.complete.at),
                Entry::of(StageName::Superseded, superseded.at),
            ],
            Self::Revoked(revoked) => {
                let mut before = revoked.before.outcome();
                before.push(Entry::of(StageName::Revoked, revoked.at));
                before
            }
            _ => Vec::new(),
        }
    }
}

impl Entry<'_> {
    fn of(stage: StageName, at: Timestamp) -> Self {
        Self {
            stage,
            by: None,
            at,
        }
    }
}

fn entry(stage: StageName, by: &Email, at: Timestamp) -> Entry<'_> {
    let by = Some(by);
    Entry { stage, by, at }
}
