//! Drafting and signing: the engineer's two steps.
//!
//! The signature itself is verified by the `trust` crate before `sign` is called; here it becomes
//! a fact with a name and a time.

use jiff::Timestamp;
use mainstay_access::{Email, Permission, Person};

use crate::refusal::Refusal;
use crate::release::{Facts, RETURNS_TO_MAX, Release, ReleaseId};
use crate::stage::{Drafted, Signed, Stage, StageName};

impl Release {
    /// A new draft, handed in by an engineer.
    ///
    /// # Errors
    /// If the person may not hand releases in, or the facts contradict each other.
    pub fn draft(facts: Facts, by: &Person, at: Timestamp) -> Result<Self, Refusal> {
        by.may(Permission::SubmitRelease)?;
        let id = ReleaseId::new(&facts.class, &facts.version);
        if let Some(because) = contradiction(&facts) {
            return Err(Refusal::BadFacts {
                release: id,
                because,
            });
        }
        let by = by.email.clone();
        let stage = Stage::Draft(Drafted { by, at });
        Ok(Self { id, facts, stage })
    }

    /// `Draft` to `Signed`: the build signature of `holder` was verified.
    ///
    /// # Errors
    /// If the release isn't a draft.
    pub fn sign(self, holder: &Email, at: Timestamp) -> Result<Self, Refusal> {
        let Stage::Draft(drafted) = &self.stage else {
            return Err(self.wrong_stage(StageName::Draft, StageName::Signed));
        };
        let signed = Signed {
            drafted: drafted.clone(),
            by: holder.clone(),
            at,
        };
        Ok(self.into_stage(Stage::Signed(signed)))
    }
}

fn contradiction(facts: &Facts) -> Option<&'static str> {
    let returns_to = &facts.returns_to;
    match facts {
        _ if facts.image_bytes == 0 => Some("its image is empty"),
        _ if returns_to.len() > RETURNS_TO_MAX => {
            Some("it returns to more releases than devices keep")
        }
        _ if returns_to.contains(&facts.manifest) => Some("it returns to itself"),
        _ => None,
    }
}
