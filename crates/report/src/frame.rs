//! What stands around every page.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::door::Viewer;

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
}
