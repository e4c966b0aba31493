//! Where the cuts of a campaign come: random, and the same for the same seed.

use mainstay_keys::HostPrimitives;
use mainstay_trust::Primitives as _;

use super::device::Kind;
use super::phase::{Phase, Timeline};

/// One update, and the cuts in it.
#[derive(Debug, Clone)]
pub struct Plan {
    /// By which it can be tried again.
    pub number: u32,
    pub kind: Kind,
    pub cuts: Vec<Cut>,
}

/// One cut.
#[derive(Debug, Clone, Copy)]
pub struct Cut {
    /// The phase that it comes in; none for any time of the update, counted from the agent's start.
    pub within: Option<Phase>,
    /// How far in, in thousandths.
    pub share: u64,
}

/// A trial is cut twice at most: it has three boots, and one of them is needed to stay healthy in.
const SECOND_CUT_EVERY: u32 = 5;

/// Updates with so many cuts in all.
pub fn plans(points: u32, seed: u64) -> Vec<Plan> {
    let (mut plans, mut cuts) = (Vec::new(), 0);
    while cuts < points {
        let mut plan = plan(plans.len() as u32, seed);
        plan.cuts.truncate((points - cuts) as usize);
        cuts += plan.cuts.len() as u32;
        plans.push(plan);
    }
    plans
}

/// All kinds in turns; of eight cuts of a kind one comes at any time, the others in a phase each. Each kind begins with
/// another phase, so that few cuts reach all.
pub fn plan(number: u32, seed: u64) -> Plan {
    let kinds = Kind::ALL.len() as u32;
    let kind = Kind::ALL[(number % kinds) as usize];
    let turn = number / kinds + 3 * (number % kinds);
    let share = |cut| draw(seed, number, cut) % 1000;
    let first = Cut {
        within: Phase::ALL
            .get(turn as usize % (Phase::ALL.len() + 1))
            .copied(),
        share: share(0),
    };
    let second = Cut {
        within: None,
        share: share(1),
    };
    let cuts = match number % SECOND_CUT_EVERY {
        4 => vec![first, second],
        _ => vec![first],
    };
    Plan { number, kind, cuts }
}

fn draw(seed: u64, number: u32, cut: u32) -> u64 {
    let digest = HostPrimitives.digest(format!("{seed} {number} {cut}").as_bytes());
    u64::from_le_bytes(digest.0[..8].try_into().expect("a digest has 32 bytes"))
}

impl Cut {
    /// How long to wait once its phase has begun, or since the agent's start.
    pub fn delay_ms(&self, timeline: &Timeline) -> u64 {
        match self.within {
            None => timeline.whole_ms() * self.share / 1000,
            // What keeps an image happens at the very end of its trial, before it can be seen: the cut comes in
            // the last tenth or soon after.
            Some(Phase::Confirm) => {
                timeline.length_ms(Phase::Trial) * (900 + self.share / 5) / 1000
            }
            Some(phase) => timeline.length_ms(phase) * self.share / 1000,
        }
    }

    /// The phase whose beginning is waited for.
    pub fn awaits(&self) -> Option<Phase> {
        match self.within {
            Some(Phase::Confirm) => Some(Phase::Trial),
            within => within,
        }
    }
}

#[test]
fn few_cuts_reach_every_phase_of_some_update() {
    let plans = plans(12, 4);
    assert_eq!(plans.iter().map(|plan| plan.cuts.len()).sum::<usize>(), 12);
    let within = |phase| plans.iter().any(|plan| plan.cuts[0].within == Some(phase));
    for phase in Phase::ALL {
        assert!(within(phase), "{phase:?}");
    }
    assert!(plans.iter().any(|plan| plan.cuts[0].within.is_none()));
}
