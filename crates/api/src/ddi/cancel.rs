//! What a device is told of a cancelled order. Read [`CancelAction`].

use serde::{Deserialize, Serialize};

use super::ActionNumber;

/// Stop the order of this number. Cancelling has no number of its own, so both fields say the same.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CancelAction {
    id: ActionNumber,
    cancel_action: Stop,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Stop {
    stop_id: ActionNumber,
}

impl CancelAction {
    /// Of the order to stop.
    pub fn of(number: ActionNumber) -> Self {
        Self {
            id: number,
            cancel_action: Stop { stop_id: number },
        }
    }

    /// The order to stop.
    pub fn number(&self) -> ActionNumber {
        self.cancel_action.stop_id
    }
}
