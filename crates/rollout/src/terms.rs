//! What a plan's class asks of the devices that get a candidate, in the words of the fleet.
//!
//! The plan knows no devices, and the fleet knows no plan: they meet here. Read [`terms`].

use mainstay_fleet::{Support, Terms};
use mainstay_plan::{Class, TrackName};
use semver::Version;

use crate::needs;
use crate::rollout::Candidate;

/// The terms under which `candidate`, released on `track`, goes to devices of `class`.
///
/// The hotfix track is for emergencies, so that what is released on it goes to devices without
/// support too.
#[must_use]
pub fn terms(candidate: &Candidate, class: &Class, track: TrackName) -> Terms {
    let (major, minor, patch) = class.bootloader.min;
    Terms {
        class: candidate.class.clone(),
        sequence: candidate.sequence,
        hardware: class.hardware.clone(),
        bootloader_min: Version::new(major.into(), minor.into(), patch.into()),
        support: support(class),
        is_critical: track == TrackName::Hotfix,
        stones: needs::stones(class, candidate),
    }
}

/// What the plan promises the devices of `class`.
#[must_use]
pub fn support(class: &Class) -> Option<Support> {
    class.support.as_ref().map(|support| Support {
        last_day: support.security_until,
        then: support.then.clone(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_terms_are_those_of_the_plan() {
        let plan = mainstay_plan::parse(mainstay_plan::starting_plan()).expect("it passes");
        let class = &plan.classes[0];
        let candidate = crate::testing::candidate();
        let of = |track| terms(&candidate, class, track);
        let regular = of(TrackName::Maintenance);
        assert_eq!(regular.hardware, class.hardware);
        assert_eq!(regular.bootloader_min, Version::new(1, 0, 0));
        assert_eq!((regular.sequence, regular.is_critical), (2, false));
        let last_day = class.support.as_ref().expect("promised").security_until;
        assert_eq!(
            regular.support.map(|support| support.last_day),
            Some(last_day)
        );
        assert!(of(TrackName::Hotfix).is_critical);
        assert!(!of(TrackName::Feature).is_critical);
    }
}
