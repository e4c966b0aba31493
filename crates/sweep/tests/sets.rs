//! Each scenario runs with every strategy, in calm and in a few storms; the campaign itself is `cargo xtask sweep`.

use mainstay_device::Cut;
use mainstay_sweep::ending::Ending;
use mainstay_sweep::faults::Faults;
use mainstay_sweep::geometry::{GEOMETRIES, STRATEGIES};
use mainstay_sweep::invariants::Broken;
use mainstay_sweep::plan::{self, Amount};
use mainstay_sweep::report;
use mainstay_sweep::run::{Failure, Start};
use mainstay_sweep::scenario::SCENARIOS;
use mainstay_sweep::set::Set;

const FEW: Amount = Amount {
    weak_seeds: 1,
    lengths: 1,
    pairs: 2,
    storms: 2,
    silent: 1,
};

#[test]
fn every_scenario_ends_with_every_strategy_whatever_the_weather() {
    for (index, scenario) in SCENARIOS.into_iter().enumerate() {
        for strategy in STRATEGIES {
            let set = Set::new(scenario, GEOMETRIES[index % 4], strategy);
            let start = Start::new(&set).expect("it ends in calm weather");
            let calm = start.run(&Faults::default(), false);
            let calm = calm.expect("it did before");
            assert_eq!(calm.ending, Ending::AsPlanned);
            for faults in plan::sampled(&start, FEW, 5) {
                if let Err(failure) = start.run(&faults, true) {
                    panic!("{}", report::failure(&start, &faults, &failure));
                }
            }
        }
    }
}

#[test]
fn a_run_is_the_same_each_time() {
    let set = Set::new(SCENARIOS[1], GEOMETRIES[0], STRATEGIES[1]);
    let start = Start::new(&set).expect("it ends in calm weather");
    let faults = Faults {
        cuts: vec![(9, Cut::Weak { bytes: 70 }), (30, Cut::Weak { bytes: 900 })],
        silent: None,
        seed: 11,
    };
    let story = || start.run(&faults, true).map(|outcome| outcome.story).ok();
    assert!(story().is_some_and(|story| story.len() > start.operations.len()));
    assert_eq!(story(), story());
}

#[test]
fn a_failure_tells_how_to_see_it_again() {
    let set = Set::new(SCENARIOS[1], GEOMETRIES[3], STRATEGIES[2]);
    let start = Start::new(&set).expect("it ends in calm weather");
    let failure = Failure {
        broken: Broken {
            invariant: "authentic_image_runs",
            found: "something else".to_owned(),
        },
        story: start.operations.clone(),
    };
    let text = report::failure(
        &start,
        &Faults::one(7, Cut::TornAt { bytes: 3 }, 4),
        &failure,
    );
    for part in [
        "BROKEN authentic_image_runs: something else\n",
        "journal, copy",
        "<- cut: TornAt { bytes: 3 }\n",
        "sweep --scenario update --geometry 1024/4/ecc --strategy overwrite --seed 4 --cuts 7:torn@3",
    ] {
        assert!(text.contains(part), "{part:?} is missing:\n{text}");
    }
}
