//! What counts once: a device, or where devices share their troubles, the site at which they stand.
//!
//! The plan says which. Five devices behind one bad power supply are one piece of news: counted as five
//! they halt good releases far more often than declared. So where sites count, a canary holds one device
//! of each, and in later waves the first of a site that can be scored speaks for all of it. A device of no
//! declared site is a site of its own. Read [`Sites`].

use std::borrow::Borrow;
use std::collections::BTreeSet;

use mainstay_fleet::{Device, Site};
use mainstay_plan as plan;

use crate::rules::Rules;
use crate::view::DeviceView;

/// The sites that have been counted, by reference or as their own. Where devices count, there are none.
#[derive(Debug, Clone)]
pub(crate) struct Sites<S> {
    unit: plan::Unit,
    counted: BTreeSet<S>,
}

impl<S> Sites<S> {
    /// Keeps none of them any more: they were counted.
    pub(crate) fn forget(&mut self) {
        self.counted = BTreeSet::new();
    }

    /// How many are kept.
    #[cfg(test)]
    pub(crate) fn kept(&self) -> usize {
        self.counted.len()
    }
}

impl<S: Borrow<Site> + Ord> Sites<S> {
    /// None yet.
    pub(crate) fn of(rules: &Rules) -> Self {
        Self {
            unit: rules.install.unit,
            counted: BTreeSet::new(),
        }
    }

    /// Whether a device that stands there counts no more.
    pub(crate) fn has(&self, site: Option<&Site>) -> bool {
        site.is_some_and(|site| self.counted.contains(site))
    }

    /// Counts a device that stands there; whether it is the first.
    pub(crate) fn add(&mut self, site: Option<S>) -> bool {
        match (self.unit, site) {
            (plan::Unit::Site, Some(site)) => self.counted.insert(site),
            (plan::Unit::Site, None) | (plan::Unit::Device, _) => true,
        }
    }
}

/// Where a device stands, if that counts.
pub(crate) fn site(rules: &Rules, device: &Device) -> Option<Site> {
    match rules.install.unit {
        plan::Unit::Device => None,
        plan::Unit::Site => device.site(),
    }
}

/// What these devices count as, together.
pub(crate) fn count<'a>(rules: &Rules, devices: impl Iterator<Item = &'a DeviceView>) -> u32 {
    let mut sites = Sites::of(rules);
    let first = devices.filter(|device| sites.add(device.site.as_ref()));
    u32::try_from(first.count()).unwrap_or(u32::MAX)
}
