//! Which device may stand behind which: a gateway speaks for devices that can't reach the network themselves. Read [`may_stand_behind`].
//!
//! People declare it, never the gateway itself. It is one step deep: whoever stands behind a gateway has none behind itself, so that it is plain
//! of every word through whom it came.

use crate::id::DeviceId;

/// What is known of two devices, one of which is to stand behind the other.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Known {
    /// The gateway that is to be is registered.
    pub gateway_is_registered: bool,
    /// It stands behind a gateway itself.
    pub gateway_stands_behind: bool,
    /// Devices stand behind the one that is to be its child.
    pub child_has_children: bool,
}

/// Why a device can't stand behind a gateway.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum GatewayRefusal {
    /// Nobody is their own gateway.
    #[error("the device {0} can't stand behind itself")]
    Itself(DeviceId),
    /// There is no such gateway.
    #[error("no device {0} is registered that others could stand behind")]
    Unknown(DeviceId),
    /// The gateway is a child.
    #[error("the device {0} stands behind a gateway, so that none can stand behind it")]
    IsBehindAnother(DeviceId),
    /// The child is a gateway.
    #[error("devices stand behind {0}, so that it can't stand behind another one")]
    HasChildren(DeviceId),
}

impl GatewayRefusal {
    /// Stable id of this refusal.
    #[must_use]
    pub fn id(&self) -> &'static str {
        match self {
            Self::Itself(_) => "gateway.itself",
            Self::Unknown(_) => "gateway.unknown",
            Self::IsBehindAnother(_) => "gateway.is-behind-another",
            Self::HasChildren(_) => "gateway.has-children",
        }
    }

    /// What to do about it.
    #[must_use]
    pub fn cure(&self) -> &'static str {
        match self {
            Self::Itself(_) => "name the device that speaks for it, or none",
            Self::Unknown(_) => "check the name; register the gateway first",
            Self::IsBehindAnother(_) => {
                "name the gateway that reaches this server itself, or take the other device from behind its own first"
            }
            Self::HasChildren(_) => "put those behind another gateway first",
        }
    }
}

/// Whether `child` may stand behind `gateway`.
///
/// # Errors
/// Why not.
pub fn may_stand_behind(
    child: &DeviceId,
    gateway: &DeviceId,
    known: Known,
) -> Result<(), GatewayRefusal> {
    if child == gateway {
        return Err(GatewayRefusal::Itself(child.clone()));
    }
    if !known.gateway_is_registered {
        return Err(GatewayRefusal::Unknown(gateway.clone()));
    }
    if known.gateway_stands_behind {
        return Err(GatewayRefusal::IsBehindAnother(gateway.clone()));
    }
    if known.child_has_children {
        return Err(GatewayRefusal::HasChildren(child.clone()));
    }
    Ok(())
}

/// How a device's timeline tells that it stands behind `after` and no more behind `before`; none if nothing has changed.
#[must_use]
pub fn moved(before: Option<&DeviceId>, after: Option<&DeviceId>) -> Option<String> {
    match (before, after) {
        (before, after) if before == after => None,
        (None, Some(after)) => Some(format!("was put behind the gateway {after}")),
        (Some(before), Some(after)) => Some(format!(
            "was put behind the gateway {after}, and is no more behind {before}"
        )),
        (before, None) => before.map(|before| format!("is no more behind the gateway {before}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(name: &str) -> DeviceId {
        DeviceId::new(name).expect("a good name")
    }

    #[test]
    fn a_device_stands_behind_one_that_stands_behind_none() {
        let free = Known {
            gateway_is_registered: true,
            ..Known::default()
        };
        let (child, gateway) = (id("th-1"), id("gw-1"));
        for (gateway, known, expected) in [
            (&gateway, free, None),
            (&child, free, Some("gateway.itself")),
            (&gateway, Known::default(), Some("gateway.unknown")),
            (
                &gateway,
                Known {
                    gateway_stands_behind: true,
                    ..free
                },
                Some("gateway.is-behind-another"),
            ),
            (
                &gateway,
                Known {
                    child_has_children: true,
                    ..free
                },
                Some("gateway.has-children"),
            ),
        ] {
            let refused = may_stand_behind(&child, gateway, known).err();
            assert_eq!(refused.as_ref().map(GatewayRefusal::id), expected);
            assert!(refused.is_none_or(|refused| !refused.cure().is_empty()));
        }
    }

    #[test]
    fn what_changes_is_told_and_what_does_not_is_not() {
        let (one, other) = (id("gw-1"), id("gw-2"));
        for (before, after, expected) in [
            (None, None, None),
            (Some(&one), Some(&one), None),
            (None, Some(&one), Some("was put behind the gateway gw-1")),
            (
                Some(&one),
                Some(&other),
                Some("was put behind the gateway gw-2, and is no more behind gw-1"),
            ),
            (Some(&one), None, Some("is no more behind the gateway gw-1")),
        ] {
            assert_eq!(moved(before, after).as_deref(), expected);
        }
    }
}
