//! Whether a plan that a review names is a change since the halt.
//!
//! Comments and layout are no change: two texts that read as one plan are one plan here. Read
//! [`Plans`].

use mainstay_plan::PlanDigest;

use crate::incident::{Incident, IncidentId};
use crate::review::PlanChange;
use crate::review_refusal::ReviewRefusal;

/// The plans that an incident's review may have to do with.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Plans {
    /// The revisions at the halt: the one that the rollout kept, and the one that was in force when
    /// the incident opened; of one that takes others up again, also when those opened.
    pub at_halt: Vec<PlanDigest>,
    /// What was put into force since, oldest first.
    pub since: Vec<PlanDigest>,
    /// Those of `since` that read as one of `at_halt` does, whatever their comments say.
    pub alike: Vec<PlanDigest>,
}

impl Plans {
    /// Whether a revision asks for just what was asked for at the halt.
    fn is_unchanged(&self, plan: &PlanDigest) -> bool {
        self.at_halt.contains(plan) || self.alike.contains(plan)
    }

    /// Accepts a plan that was put into force since and is another one, unless that was undone.
    ///
    /// # Errors
    /// If it is the plan of the halt, was never put into force since, or was taken back.
    pub(crate) fn accept(
        &self,
        incident: IncidentId,
        plan: PlanDigest,
    ) -> Result<(), ReviewRefusal> {
        if self.is_unchanged(&plan) {
            return Err(ReviewRefusal::PlanUnchanged { incident, plan });
        }
        if !self.since.contains(&plan) {
            return Err(ReviewRefusal::PlanNotSince { incident, plan });
        }
        match self.since.last() {
            Some(newest) if self.is_unchanged(newest) => Err(ReviewRefusal::PlanTakenBack {
                incident,
                plan,
                newest: *newest,
            }),
            _ => Ok(()),
        }
    }
}

impl Incident {
    /// Accepts a change of the plan, or that there is none.
    pub(crate) fn accept_change(
        &self,
        change: &PlanChange,
        plans: &Plans,
    ) -> Result<(), ReviewRefusal> {
        match change {
            PlanChange::Plan(plan) => plans.accept(self.id, *plan),
            PlanChange::NoChange(_) => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RULED: PlanDigest = PlanDigest([1; 32]);
    const IN_FORCE: PlanDigest = PlanDigest([2; 32]);
    const BETTER: PlanDigest = PlanDigest([3; 32]);
    const REWORDED: PlanDigest = PlanDigest([4; 32]);
    const BEST: PlanDigest = PlanDigest([5; 32]);

    fn outcome(since: &[PlanDigest], named: PlanDigest) -> &'static str {
        let plans = Plans {
            at_halt: vec![RULED, IN_FORCE],
            since: since.to_vec(),
            alike: vec![REWORDED],
        };
        let accepted = plans.accept(IncidentId(1), named);
        accepted.map_or_else(|refusal| refusal.id(), |()| "accepted")
    }

    #[test]
    fn only_another_plan_that_came_since_and_stayed_is_a_change() {
        let cases: [(&[PlanDigest], PlanDigest, &str); 10] = [
            (&[BETTER], BETTER, "accepted"),
            (&[BETTER, BEST], BETTER, "accepted"),
            (&[IN_FORCE, BETTER], BETTER, "accepted"),
            (&[], BETTER, "incident.plan-not-since"),
            (&[BEST], BETTER, "incident.plan-not-since"),
            (&[IN_FORCE], IN_FORCE, "incident.plan-unchanged"),
            (&[RULED], RULED, "incident.plan-unchanged"),
            (&[REWORDED], REWORDED, "incident.plan-unchanged"),
            (&[BETTER, IN_FORCE], BETTER, "incident.plan-taken-back"),
            (&[BETTER, REWORDED], BETTER, "incident.plan-taken-back"),
        ];
        for (since, named, expected) in cases {
            assert_eq!(outcome(since, named), expected, "{since:?} {named:?}");
        }
    }
}
