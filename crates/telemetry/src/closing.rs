//! Who writes a review, who closes an incident, and what must be there first.
//!
//! Closing says that enough was learnt, so it is never one person's word: whoever closes wrote no
//! part that stands, and among all of them is one who neither handed in nor approved the release.
//! A closed incident never changes; another one takes it up again. Read [`Incident::close`].

use jiff::Timestamp;
use mainstay_access::{Email, Permission, Person};

use crate::incident::{Incident, IncidentId};
use crate::plan_change::Plans;
use crate::review::{Deed, Entry, Part, PlanChange, Reopens, TestGap, WORDS_BYTES_MAX, Words};
use crate::review_refusal::ReviewRefusal;

/// A review is written so many times at most; then its pages are an archive that nobody reads. What
/// is still missing may be written all the same, so that it can be closed.
pub const ENTRIES_MAX: usize = 200;

/// How an incident stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ReviewState {
    /// Somebody must work on it.
    Open {
        /// The parts that nobody has written yet; if empty, somebody else may close it.
        missing: Vec<Part>,
    },
    /// Enough was learnt.
    Closed {
        /// Who said so.
        by: Email,
        /// When.
        at: Timestamp,
        /// The one that takes it up again, if one does.
        next: Option<IncidentId>,
    },
}

/// Who brought the release on its way, as far as this matters to a review.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Brought {
    /// Everybody who built it, handed it in or approved it: each holder whose signature it bears.
    pub by: Vec<Email>,
}

impl Incident {
    /// How it stands.
    #[must_use]
    pub fn state(&self) -> ReviewState {
        let closed = self.log.iter().find(|entry| entry.deed == Deed::Closed);
        let next = self.log.iter().find_map(|entry| match entry.deed {
            Deed::Reopened(next) => Some(next),
            _ => None,
        });
        match closed {
            Some(Entry { by, at, .. }) => ReviewState::Closed {
                by: by.clone(),
                at: *at,
                next,
            },
            None => ReviewState::Open {
                missing: self.review().missing(),
            },
        }
    }

    /// Whether somebody must work on it.
    #[must_use]
    pub fn is_open(&self) -> bool {
        matches!(self.state(), ReviewState::Open { .. })
    }

    /// Writes parts of the review, all or none. What stood there before stays in the log.
    ///
    /// # Errors
    /// If the duty of `by` doesn't include it, it is closed, a text is missing or too long, or the
    /// plan that is named is no change.
    pub fn write(
        self,
        by: &Person,
        words: Words,
        plans: &Plans,
        at: Timestamp,
    ) -> Result<Self, ReviewRefusal> {
        by.may(Permission::ReviewIncident)?;
        self.refuse_if_closed()?;
        let deeds = checked(words)?;
        if deeds.is_empty() {
            return Err(ReviewRefusal::NothingSaid { incident: self.id });
        }
        self.refuse_too_many(&deeds)?;
        for deed in &deeds {
            if let Deed::PlanChange(change) = deed {
                self.accept_change(change, plans)?;
            }
        }
        let deeds = deeds.into_iter();
        Ok(deeds.fold(self, |incident, deed| incident.with(&by.email, at, deed)))
    }

    /// Closes it for good.
    ///
    /// # Errors
    /// If the duty of `by` doesn't include it, it is closed already, a part is missing, the plan
    /// change is none any more, `by` wrote a part, or nobody of them stands outside of what
    /// `brought` the release on its way.
    pub fn close(
        self,
        by: &Person,
        brought: &Brought,
        plans: &Plans,
        at: Timestamp,
    ) -> Result<Self, ReviewRefusal> {
        by.may(Permission::CloseIncident)?;
        self.refuse_if_closed()?;
        let review = self.review();
        let (incident, parts) = (self.id, review.missing());
        if !parts.is_empty() {
            return Err(ReviewRefusal::Missing { incident, parts });
        }
        if let Some(change) = &review.plan_change {
            self.accept_change(&change.what, plans)?;
        }
        let own = Part::ALL
            .into_iter()
            .find(|part| review.writer(*part) == Some(&by.email));
        if let Some(part) = own {
            let who = by.email.clone();
            return Err(ReviewRefusal::NeedsAnother {
                incident,
                who,
                part,
            });
        }
        let mut involved = review.writers().chain([&by.email]);
        if involved.all(|who| brought.by.contains(who)) {
            let version = self.version.clone();
            return Err(ReviewRefusal::NeedsOutsider { incident, version });
        }
        Ok(self.with(&by.email, at, Deed::Closed))
    }

    /// The incident that takes this closed one up again. It begins with the same evidence and an
    /// empty review; the store gives the number, and [`Incident::reopened_as`] marks this one.
    ///
    /// # Errors
    /// If the duty of `by` doesn't include it, it is open, was taken up already, or no reason is
    /// given.
    pub fn reopen(&self, by: &Person, why: &str, at: Timestamp) -> Result<Self, ReviewRefusal> {
        by.may(Permission::ReviewIncident)?;
        let incident = self.id;
        match self.state() {
            ReviewState::Open { .. } => return Err(ReviewRefusal::StillOpen { incident }),
            ReviewState::Closed {
                next: Some(next), ..
            } => return Err(ReviewRefusal::Reopened { incident, next }),
            ReviewState::Closed { next: None, .. } => {}
        }
        let reopens = Reopens {
            incident,
            by: by.email.clone(),
            at,
            why: text("reason", why.to_owned())?,
        };
        Ok(Self {
            opened_at: at,
            reopens: Some(reopens),
            log: Vec::new(),
            ..self.clone()
        })
    }

    /// This closed incident once `next` takes it up again.
    #[must_use]
    pub fn reopened_as(self, next: IncidentId, reopens: &Reopens) -> Self {
        self.with(&reopens.by, reopens.at, Deed::Reopened(next))
    }

    fn with(mut self, by: &Email, at: Timestamp, deed: Deed) -> Self {
        let by = by.clone();
        self.log.push(Entry { by, at, deed });
        self
    }

    fn refuse_if_closed(&self) -> Result<(), ReviewRefusal> {
        match self.is_open() {
            true => Ok(()),
            false => Err(ReviewRefusal::Closed { incident: self.id }),
        }
    }

    fn refuse_too_many(&self, deeds: &[Deed]) -> Result<(), ReviewRefusal> {
        let missing = self.review().missing();
        let fills = |deed: &Deed| deed.part().is_some_and(|part| missing.contains(&part));
        if self.log.len() + deeds.len() <= ENTRIES_MAX || deeds.iter().all(fills) {
            return Ok(());
        }
        Err(ReviewRefusal::TooMany { incident: self.id })
    }
}

/// The words as deeds, each text trimmed, of a length that is read, and without what moves a
/// terminal's cursor.
fn checked(words: Words) -> Result<Vec<Deed>, ReviewRefusal> {
    let cause = words.root_cause.map(|cause| text("root cause", cause));
    let gap = words.test_gap.map(|gap| match gap {
        TestGap::Test(test) => text("missing test", test).map(TestGap::Test),
        TestGap::NoTest(why) => text("reason for no test", why).map(TestGap::NoTest),
    });
    let change = words.plan_change.map(|change| match change {
        PlanChange::Plan(plan) => Ok(PlanChange::Plan(plan)),
        PlanChange::NoChange(why) => {
            text("reason for no plan change", why).map(PlanChange::NoChange)
        }
    });
    let deeds = [
        cause.transpose()?.map(Deed::RootCause),
        gap.transpose()?.map(Deed::TestGap),
        change.transpose()?.map(Deed::PlanChange),
    ];
    Ok(deeds.into_iter().flatten().collect())
}

fn text(what: &str, text: String) -> Result<String, ReviewRefusal> {
    let text = text.trim().replace("\r\n", "\n");
    let unprintable = |c: char| c.is_control() && c != '\n' && c != '\t';
    if text.is_empty() || text.len() > WORDS_BYTES_MAX || text.contains(unprintable) {
        let what = what.to_owned();
        return Err(ReviewRefusal::Words { what });
    }
    Ok(text)
}
