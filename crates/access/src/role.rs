//! The six roles that a person can have at the server: the three duties, and three that only look.

use core::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::duty::Duty;

/// What a person is to the server.
///
/// Three of them are the duties, which devices hold apart as well ([`Role::duty`]); the others put nothing on any device.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// Builds and signs.
    Engineer,
    /// Approves.
    ReleaseManager,
    /// Schedules, rolls out, and runs the server.
    Operations,
    /// Helps owners: looks, asks a device for its attributes, quits an order that hangs.
    Support,
    /// Looks at everything, also at who did what.
    Auditor,
    /// Looks at the pages.
    Viewer,
}

impl Role {
    /// All six, the duties first.
    pub const ALL: [Self; 6] = [
        Self::Engineer,
        Self::ReleaseManager,
        Self::Operations,
        Self::Support,
        Self::Auditor,
        Self::Viewer,
    ];

    /// The stable id: that of the duty, or "support", "auditor", "viewer".
    #[must_use]
    pub fn id(self) -> &'static str {
        match self {
            Self::Engineer => Duty::Engineer.id(),
            Self::ReleaseManager => Duty::ReleaseManager.id(),
            Self::Operations => Duty::Operations.id(),
            Self::Support => "support",
            Self::Auditor => "auditor",
            Self::Viewer => "viewer",
        }
    }

    /// The role of this id.
    #[must_use]
    pub fn from_id(id: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.id() == id)
    }

    /// The duty that comes with it. Whoever has none signs nothing, approves nothing and starts nothing.
    #[must_use]
    pub fn duty(self) -> Option<Duty> {
        match self {
            Self::Engineer => Some(Duty::Engineer),
            Self::ReleaseManager => Some(Duty::ReleaseManager),
            Self::Operations => Some(Duty::Operations),
            Self::Support | Self::Auditor | Self::Viewer => None,
        }
    }
}

impl From<Duty> for Role {
    fn from(duty: Duty) -> Self {
        match duty {
            Duty::Engineer => Self::Engineer,
            Duty::ReleaseManager => Self::ReleaseManager,
            Duty::Operations => Self::Operations,
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.id())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_duty_is_the_role_of_its_name() {
        for duty in Duty::ALL {
            let role = Role::from(duty);
            assert_eq!((role.duty(), role.id()), (Some(duty), duty.id()));
        }
        let with_duty = Role::ALL.into_iter().filter_map(Role::duty);
        assert_eq!(with_duty.collect::<Vec<_>>(), Duty::ALL);
    }

    #[test]
    fn ids_read_back_and_nothing_else_does() {
        for role in Role::ALL {
            assert_eq!(Role::from_id(role.id()), Some(role));
        }
        for wrong in ["", "Viewer", "admin", "root"] {
            assert_eq!(Role::from_id(wrong), None, "{wrong}");
        }
    }
}
