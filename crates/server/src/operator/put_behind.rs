//! Whether the devices of an import may stand behind the gateways that it names, each as it is once those before it are done. Read [`PutBehind`].
//!
//! The store asks the same when it takes the import in, of what is so then; but by then it names no row, and a dry run never comes there.

use std::collections::{BTreeMap, BTreeSet};

use mainstay_fleet::gateway::{Known, may_stand_behind};
use mainstay_fleet::{DeviceId, GatewayRefusal};

/// What is known, before anything of an import is done, of a device and of the gateway that it is to stand behind.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Around {
    /// Whether the gateway is registered, or is by the time that the device comes.
    pub gateway_is_there: bool,
    /// Whether the gateway stands behind another one.
    pub gateway_stands_behind: bool,
    /// How many stand behind the device itself.
    pub children: u32,
}

/// Who was put behind whom by the rows so far.
#[derive(Debug, Default)]
pub(super) struct PutBehind {
    children: BTreeSet<DeviceId>,
    /// How many came behind a gateway, and how many left it.
    came: BTreeMap<DeviceId, u32>,
    left: BTreeMap<DeviceId, u32>,
}

impl PutBehind {
    /// Puts one more device behind a gateway, from behind another one or none.
    ///
    /// # Errors
    /// Why it can't stand there. It isn't put there then.
    pub fn put(
        &mut self,
        child: &DeviceId,
        from: Option<&DeviceId>,
        gateway: &DeviceId,
        around: Around,
    ) -> Result<(), GatewayRefusal> {
        if from == Some(gateway) {
            return Ok(());
        }
        let count = |of: &BTreeMap<DeviceId, u32>| of.get(child).copied().unwrap_or_default();
        let children = (around.children + count(&self.came)).saturating_sub(count(&self.left));
        let known = Known {
            gateway_is_registered: around.gateway_is_there,
            gateway_stands_behind: around.gateway_stands_behind || self.children.contains(gateway),
            child_has_children: children > 0,
        };
        may_stand_behind(child, gateway, known)?;
        self.children.insert(child.clone());
        *self.came.entry(gateway.clone()).or_default() += 1;
        if let Some(from) = from {
            *self.left.entry(from.clone()).or_default() += 1;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(name: &str) -> DeviceId {
        DeviceId::new(name).expect("a good name")
    }

    /// Rows of an import, each with who stands behind the device already; and what becomes of the last of them.
    fn last(rows: &[(&str, Option<&str>, &str, u32)]) -> Option<&'static str> {
        let mut put = PutBehind::default();
        let mut refused = None;
        for (child, from, gateway, children) in rows {
            let around = Around {
                gateway_is_there: *gateway != "nobody",
                gateway_stands_behind: *gateway == "child",
                children: *children,
            };
            let from = from.map(id);
            let tried = put.put(&id(child), from.as_ref(), &id(gateway), around);
            refused = tried.err();
        }
        refused.as_ref().map(GatewayRefusal::id)
    }

    #[test]
    fn each_row_is_asked_of_what_those_before_it_leave() {
        for (rows, expected) in [
            (&[("a", None, "b", 0)][..], None),
            (&[("a", None, "nobody", 0)], Some("gateway.unknown")),
            (&[("a", None, "a", 0)], Some("gateway.itself")),
            (
                &[("a", None, "child", 0)],
                Some("gateway.is-behind-another"),
            ),
            (&[("a", None, "b", 1)], Some("gateway.has-children")),
            (
                &[("a", None, "b", 0), ("b", None, "c", 0)],
                Some("gateway.has-children"),
            ),
            (
                &[("b", None, "c", 0), ("a", None, "b", 0)],
                Some("gateway.is-behind-another"),
            ),
            // The one that stood behind it has gone elsewhere.
            (&[("a", Some("b"), "c", 0), ("b", None, "c", 1)], None),
            (
                &[("a", Some("b"), "c", 0), ("b", None, "c", 2)],
                Some("gateway.has-children"),
            ),
            (
                &[("a", Some("b"), "c", 0), ("c", None, "d", 0)],
                Some("gateway.has-children"),
            ),
            // Nothing changes for one that stands there.
            (&[("a", Some("b"), "b", 0)], None),
        ] {
            assert_eq!(last(rows), expected, "{rows:?}");
        }
    }
}
