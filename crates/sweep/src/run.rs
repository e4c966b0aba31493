//! One run: a set, what goes wrong in it, and what came of it.

use mainstay_device::fake::Operation;

use crate::ending::Ending;
use crate::faults::Faults;
use crate::invariants::Broken;
use crate::set::Set;
use crate::world::World;

/// Boots after the end, to see that it is one.
const LAST_LOOKS: u32 = 2;

/// A set that has come to where its sweep begins.
pub struct Start<'s> {
    /// Which one.
    pub set: &'s Set,
    world: World<'s>,
    /// The operations of the sweep when nothing goes wrong.
    pub operations: Vec<Operation>,
}

/// What came of a run.
#[derive(Debug, Clone)]
pub struct Outcome {
    /// Power-ups.
    pub boots: u64,
    /// How it ended.
    pub ending: Ending,
    /// The operations, if their story was kept.
    pub story: Vec<Operation>,
}

/// A run in which an invariant was broken.
#[derive(Debug, Clone)]
pub struct Failure {
    /// Which, and how.
    pub broken: Broken,
    /// The operations, if their story was kept.
    pub story: Vec<Operation>,
}

impl<'s> Start<'s> {
    /// Brings a set to where its sweep begins, and lets it go on once with nothing going wrong.
    ///
    /// # Errors
    /// If an invariant is broken even so.
    pub fn new(set: &'s Set) -> anyhow::Result<Self> {
        let mut world = World::new(set)?;
        for act in set.stage.acts.iter().filter(|act| act.is_prelude) {
            let ending = world.play(act).map_err(|broken| complaint(set, &broken))?;
            anyhow::ensure!(ending == Ending::AsPlanned, "{}: {ending:?}", set.options());
        }
        let mut start = Self {
            set,
            world,
            operations: Vec::new(),
        };
        let outcome = start.run(&Faults::default(), true);
        let outcome = outcome.map_err(|failure| complaint(set, &failure.broken))?;
        start.operations = outcome.story;
        Ok(start)
    }

    /// Lets the sweep's acts happen, with these faults.
    ///
    /// # Errors
    /// The first invariant that doesn't hold.
    pub fn run(&self, faults: &Faults, keeps_story: bool) -> Result<Outcome, Failure> {
        let mut world = self.world.clone();
        world.plan(faults, keeps_story);
        let ending = self.play(&mut world, faults);
        let story = world.story();
        match ending {
            Ok(ending) => Ok(Outcome {
                boots: world.boots,
                ending,
                story,
            }),
            Err(broken) => Err(Failure { broken, story }),
        }
    }

    fn play(&self, world: &mut World<'s>, faults: &Faults) -> Result<Ending, Broken> {
        let mut ending = Ending::AsPlanned;
        for act in self.set.stage.acts.iter().filter(|act| !act.is_prelude) {
            ending = world.play(act)?;
            if ending != Ending::AsPlanned {
                break;
            }
        }
        for _ in 0..LAST_LOOKS {
            world.look_once_more()?;
        }
        check_end(world, faults, ending)?;
        Ok(ending)
    }
}

/// The promise about the end: updated or reverted, and one cut costs no update. With a silent fault there is none.
fn check_end(world: &World<'_>, faults: &Faults, ending: Ending) -> Result<(), Broken> {
    if faults.silent.is_some() {
        return Ok(());
    }
    if ending == Ending::GivenUp && faults.cuts.len() <= 1 {
        return Err(Broken {
            invariant: "one_cut_costs_no_update",
            found: "a healthy release was given up".to_owned(),
        });
    }
    if ending == Ending::AsPlanned && !world.has_told_its_end() {
        return Err(Broken {
            invariant: "the_end_is_told",
            found: "the server never heard of the confirmation".to_owned(),
        });
    }
    Ok(())
}

fn complaint(set: &Set, broken: &Broken) -> anyhow::Error {
    anyhow::anyhow!(
        "{} fails without any fault: {}: {}",
        set.options(),
        broken.invariant,
        broken.found
    )
}
