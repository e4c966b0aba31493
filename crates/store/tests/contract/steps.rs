//! Saving the outcome of a step.

use mainstay_release::StageName;
use mainstay_rollout::returns::CannotReturn;
use mainstay_rollout::{Action, FailureCause, Progress, Rollout};
use mainstay_store::whole::StoreAt;
use mainstay_store::{NextStep, StageChange, Store, StoreError};
use mainstay_telemetry::IncidentId;

use super::fixture::{
    NEW, OLD, approved, at, changed, gated, id, kinds, progress, release, running, scheduled,
    set_progress, started,
};
use super::incidents::incident;
use super::whole::{at_address, change};
use super::{FILE, Opened, Place, postgres, sqlite};

fn send_back(n: usize) -> Action {
    Action::Return {
        device: id(n),
        to: OLD,
    }
}

fn strand(n: usize) -> Action {
    Action::CannotReturn {
        device: id(n),
        why: CannotReturn::NothingBefore,
    }
}

fn confirmed() -> Progress {
    Progress::Confirmed {
        began: at(1),
        booted: at(2),
        at: at(3),
    }
}

fn step<'a>(next: &'a Rollout, expected_generation: u64, actions: &'a [Action]) -> NextStep<'a> {
    let (incidents, release) = (&[][..], None);
    NextStep {
        rollout: next,
        expected_generation,
        actions,
        incidents,
        release,
        gives: true,
        at: at(9),
    }
}

pub async fn a_step_is_saved_whole(store: &dyn Store) {
    let rollout = started(store, 3).await;
    for n in 0..3 {
        set_progress(store, n, confirmed()).await;
    }
    let approved = approved(gated(release("1.1.0", 2)));
    store
        .add_release(&approved, b"two blocks")
        .await
        .expect("new");
    let (next, scheduled) = (changed(&rollout), scheduled(approved, rollout.id));
    let (actions, incidents) = ([send_back(0), strand(1)], [incident(&rollout)]);
    let whole = NextStep {
        incidents: &incidents,
        release: Some(StageChange {
            release: &scheduled,
            expected: StageName::Approved,
        }),
        ..step(&next, rollout.generation, &actions)
    };
    let opened = store
        .save_step(&whole)
        .await
        .expect("nobody else changed it");
    assert_eq!(opened, [IncidentId(1)]);
    assert_eq!(
        store.rollout(rollout.id).await.expect("readable"),
        Some(next)
    );
    let returning = Progress::Returning {
        began: at(1),
        at: at(9),
        to: OLD.into(),
    };
    assert_eq!(progress(store, &rollout, 0).await, returning);
    let why = CannotReturn::NothingBefore;
    let stranded = Progress::CannotReturn {
        began: at(1),
        at: at(9),
        why: why.into(),
    };
    assert_eq!(progress(store, &rollout, 1).await, stranded);
    assert_eq!(progress(store, &rollout, 2).await, confirmed());
    assert_eq!(
        kinds(store, 0).await,
        ["returning", "enrolled", "registered"]
    );
    assert_eq!(
        kinds(store, 1).await,
        ["cannot-return", "enrolled", "registered"]
    );
    let stored = store.release(&scheduled.id).await.expect("readable");
    assert_eq!(stored, Some(scheduled));
}

/// What must be the same before and after a refused step.
async fn seen(store: &dyn Store, rollout: &Rollout) -> impl PartialEq + std::fmt::Debug + use<> {
    (
        store.rollout(rollout.id).await.expect("readable"),
        store.fleet_view(rollout.id).await.expect("readable"),
        store.incidents().await.expect("readable"),
        kinds(store, 0).await,
    )
}

pub async fn a_step_on_an_older_state_changes_nothing(store: &dyn Store) {
    let rollout = started(store, 2).await;
    set_progress(store, 0, confirmed()).await;
    let (next, actions) = (changed(&rollout), [send_back(0)]);
    let incidents = [incident(&rollout)];
    let before = seen(store, &rollout).await;
    for wrong in [0, rollout.generation + 1, u64::MAX] {
        let stale = NextStep {
            incidents: &incidents,
            ..step(&next, wrong, &actions)
        };
        let refused = store.save_step(&stale).await;
        assert!(
            matches!(refused, Err(StoreError::Conflict { .. })),
            "{refused:?}"
        );
    }
    assert_eq!(seen(store, &rollout).await, before);
    store
        .save_step(&step(&next, rollout.generation, &[]))
        .await
        .expect("the first");
    let second = store.save_step(&step(&next, rollout.generation, &[])).await;
    assert_eq!(
        second.expect_err("the first was first").id(),
        "store.conflict"
    );
}

pub async fn a_release_that_has_moved_stops_the_whole_step(store: &dyn Store) {
    let rollout = started(store, 2).await;
    set_progress(store, 0, confirmed()).await;
    let signed = release("1.1.0", 2);
    store.add_release(&signed, b"one block").await.expect("new");
    let before = seen(store, &rollout).await;
    let (next, actions) = (changed(&rollout), [send_back(0)]);
    let moved = StageChange {
        release: &signed,
        expected: StageName::Rolling,
    };
    let refused = NextStep {
        release: Some(moved),
        ..step(&next, rollout.generation, &actions)
    };
    let error = store
        .save_step(&refused)
        .await
        .expect_err("it isn't rolling");
    assert_eq!(error.id(), "store.conflict");
    assert_eq!(seen(store, &rollout).await, before);
}

/// It lost what it had come back to, and was left with the halted candidate.
pub async fn who_came_back_and_runs_the_candidate_goes_back_again(store: &dyn Store) {
    let rollout = started(store, 1).await;
    let (began, at) = (at(1), at(5));
    set_progress(store, 0, Progress::Returned { began, at }).await;
    let left = running(NEW, false);
    let recorded = store
        .record(&id(0), Some(&left), at, &[], &|_, progress, _| progress)
        .await;
    recorded.expect("a known device");
    let (next, actions) = (changed(&rollout), [send_back(0)]);
    let saved = store
        .save_step(&step(&next, rollout.generation, &actions))
        .await;
    saved.expect("nobody else changed the rollout");
    let now = progress(store, &rollout, 0).await;
    assert_eq!(now.id(), "returning", "{now:?}");
    assert_eq!(now.began(), Some(began));
}

pub async fn devices_that_moved_on_are_left_alone(store: &dyn Store) {
    let rollout = started(store, 3).await;
    let returned = Progress::Returned {
        began: at(1),
        at: at(5),
    };
    let (began, cause) = (at(1), FailureCause::WatchdogRevert);
    let failed = Progress::Failed {
        began,
        at: at(4),
        cause,
    };
    let returning = Progress::Returning {
        began,
        at: at(4),
        to: OLD.into(),
    };
    let states = [returned, failed, returning];
    for (n, state) in states.iter().enumerate() {
        set_progress(store, n, state.clone()).await;
    }
    let (next, actions) = (changed(&rollout), [send_back(0), strand(1), send_back(2)]);
    let saved = store
        .save_step(&step(&next, rollout.generation, &actions))
        .await;
    saved.expect("nobody else changed the rollout");
    for (n, state) in states.into_iter().enumerate() {
        assert_eq!(progress(store, &rollout, n).await, state);
        assert_eq!(kinds(store, n).await, ["enrolled", "registered"]);
    }
}

async fn damage_the_last_of_three(opened: &Opened) {
    let there = match &opened.place {
        Place::File(folder) | Place::Carried(folder) => StoreAt::File(folder.path().join(FILE)),
        Place::Database(address) => at_address(address),
    };
    let damage = "UPDATE enrolments SET progress = '{}' WHERE device = (
                    SELECT key FROM devices WHERE id = 'th-00002')";
    change(&there, damage).await;
}

/// A straggler that goes back comes alone, and its rollout may have a million others: to read them all would keep everybody who writes waiting.
/// What is damaged shows who is read.
#[tokio::test]
async fn a_step_reads_only_whom_it_concerns() {
    for opened in [sqlite().await, postgres().await] {
        let store = &*opened.store;
        let rollout = started(store, 3).await;
        for n in 0..2 {
            set_progress(store, n, confirmed()).await;
        }
        damage_the_last_of_three(&opened).await;
        let (next, actions) = (changed(&rollout), [send_back(0), strand(1)]);
        let two = step(&next, rollout.generation, &actions);
        let saved = store.save_step(&two).await;
        saved.expect("the third is nobody's concern");
        assert_eq!(progress(store, &rollout, 0).await.id(), "returning");
        assert_eq!(progress(store, &rollout, 1).await.id(), "cannot-return");
        let (last, actions) = (changed(&next), [send_back(2)]);
        let third = step(&last, next.generation, &actions);
        let refused = store.save_step(&third).await;
        let refused = refused.expect_err("whom it concerns is read");
        assert_eq!(refused.id(), "store.damaged", "{refused}");
    }
}
