//! What a plan says that it keeps, and how fast it reports. Read [`Compliance`], then
//! [`Requirement`].

use std::sync::OnceLock;

use jiff::SignedDuration;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

/// The `[compliance]` table. All of it may be left out.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Compliance {
    /// Ids of the requirements that the plan keeps; each is one of [`requirements`].
    pub packs: Vec<String>,
    /// How fast authorities are told of an exploited weakness, if the plan says.
    pub report: Option<ReportClocks>,
    /// How fast whoever reports a weakness hears back, if the plan says.
    pub disclosure: Option<Disclosure>,
}

/// What whoever reports a weakness is promised; where to report it stands in `[plan]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Disclosure {
    /// That the report has come.
    pub acknowledge: SignedDuration,
    /// From then on, how it stands, each time within this.
    pub status: SignedDuration,
    /// Last day of the `security.txt` that says so (RFC 9116 section 2.5.5).
    pub security_txt_until: Date,
}

/// From the moment at which the maker knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReportClocks {
    /// That there is one.
    pub early_warning: SignedDuration,
    /// What is known of it.
    pub notification: SignedDuration,
    /// All of it; counted from the moment at which there is a remedy.
    pub final_report: SignedDuration,
}

/// A law, directive, standard or guide that a plan may name.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Requirement {
    /// As a plan names it.
    pub id: String,
    /// What people call it.
    pub title: String,
    /// The id of what took its place.
    pub replaced_by: Option<String>,
    /// When, and by what.
    pub since: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Listed {
    requirement: Vec<Requirement>,
}

/// All requirements of this version, those among them that others have replaced. By id.
pub fn requirements() -> &'static [Requirement] {
    static LISTED: OnceLock<Vec<Requirement>> = OnceLock::new();
    LISTED.get_or_init(|| {
        let listed: Listed = toml::from_str(include_str!("requirements.toml"))
            .expect("the list is part of the program, and a test reads it");
        listed.requirement
    })
}

/// The requirement of that id.
pub fn requirement(id: &str) -> Option<&'static Requirement> {
    requirements().iter().find(|one| one.id == id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_is_by_id_and_what_was_replaced_names_what_holds() {
        let all = requirements();
        assert!(all.is_sorted_by(|one, next| one.id < next.id));
        for old in all.iter().filter(|one| one.since.is_some()) {
            let new = old.replaced_by.as_deref().and_then(requirement);
            assert!(new.is_some_and(|new| new.since.is_none()), "{}", old.id);
        }
        let orphans = all
            .iter()
            .filter(|one| one.replaced_by.is_some() && one.since.is_none());
        assert_eq!(orphans.count(), 0);
    }
}
