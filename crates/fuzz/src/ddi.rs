//! What devices of other makes send as JSON: reports of orders, and attributes.

use mainstay_api::ddi::config_data::{ENTRIES_MAX, ENTRY_CHARS_MAX};
use mainstay_api::ddi::{ActionFeedback, ConfigData, DETAILS_MAX};

use crate::Target;

pub(crate) const FEEDBACK: Target = Target {
    name: "ddi_feedback",
    bytes_max: 4096,
    check: |bytes| {
        if let Ok(feedback) = serde_json::from_slice::<ActionFeedback>(bytes) {
            let details = feedback.status.details;
            assert!(details.texts.len() <= DETAILS_MAX, "all of them are kept");
            assert!(details.texts.len() <= details.count, "more than were said");
        }
    },
    seeds: |fixtures| fixtures.below("/ddi", ".json"),
};

pub(crate) const CONFIG_DATA: Target = Target {
    name: "ddi_config_data",
    bytes_max: 4096,
    check: |bytes| {
        if let Ok(said) = serde_json::from_slice::<ConfigData>(bytes) {
            assert!(said.data.len() <= ENTRIES_MAX, "more than may be said");
            for text in said.data.iter().flat_map(|(name, value)| [name, value]) {
                assert!(
                    text.chars().count() <= ENTRY_CHARS_MAX,
                    "longer than may be said"
                );
            }
            assert!(!said.data.contains_key(""), "a value without a name");
        }
    },
    seeds: |fixtures| fixtures.below("/ddi", ".json"),
};
