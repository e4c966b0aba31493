//! What stands around every page.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::door::Viewer;
use crate::links::path_segment;

/// What stands around every page.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Frame {
    /// The name of the product that serves the page: "Mainstay".
    pub product: String,
    /// The plan's name: "Northwind thermostats". Empty before a plan is active.
    pub plan: String,
    /// The plan's revision, as hexadecimal digest; shortened on the page. May be empty.
    pub plan_revision: String,
    /// The markets that the plan serves: "us".
    pub market: Vec<String>,
    /// When the page's facts were read.
    pub generated_at: Timestamp,
    /// Who looks at it, if that is known.
    pub viewer: Option<Viewer>,
    /// How it stays as the server has it; none of a page that doesn't change, or is no server's.
    #[serde(default)]
    pub live: Option<Live>,
}

/// Where a page hears that something changed which it shows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Live {
    /// The number of the newest event when its facts were read.
    pub after: i64,
    /// What it is about, `rollout/3`; none of a page that shows something of everything.
    pub about: Option<String>,
}

impl Live {
    /// The path at which browsers listen.
    pub const PATH: &'static str = "/live";

    /// The address, with what the page knows.
    #[must_use]
    pub fn href(&self) -> String {
        let Self { after, about } = self;
        let about = about.as_ref().map(|about| path_segment(about));
        let about = about.map_or_else(String::new, |about| format!("&about={about}"));
        format!("{}?after={after}{about}", Self::PATH)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_listens_for_what_it_is_about_from_then_on() {
        for (about, expected) in [
            (None, "/live?after=17"),
            (Some("rollout/3"), "/live?after=17&about=rollout%2F3"),
        ] {
            let about = about.map(str::to_owned);
            assert_eq!(Live { after: 17, about }.href(), expected);
        }
    }
}
