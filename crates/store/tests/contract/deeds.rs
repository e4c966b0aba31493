//! What people and servers do to a store that could give a device something; which of it raises the pulse tells `pulse.rs`.

use mainstay_access::Duty;
use mainstay_fleet::ClientProfile;
use mainstay_release::{Hold, StageName};
use mainstay_rollout::order::log::LogEntry;
use mainstay_rollout::order::{OrderNumber, close};
use mainstay_rollout::{Ending, Rollout};
use mainstay_store::{
    AskedBy, Import, NewToken, NextStep, Promise, StageChange, Store, StoreError,
    StoredRevocations, StoredRoot, StoredSchedule,
};

use super::fixture::{
    FORWARD, NEW, OLD, approved, at, changed, device, enrolments, gated, id, person, release,
    rollout,
};

pub fn hold() -> Hold {
    let kim = person("kim", Duty::Operations);
    Hold::place(&release("1.3.0", 3), &kim, "smoke", 0, at(3)).expect("operations holds")
}

pub fn schedule() -> StoredSchedule {
    StoredSchedule {
        release: NEW,
        class: [1; 16],
        signed: b"schedule".to_vec(),
        at: at(2),
        by: person("kim", Duty::Operations).email,
    }
}

pub async fn order(store: &dyn Store, rollout: &Rollout) -> OrderNumber {
    let promise = Promise {
        rollout: rollout.id,
        expected_generation: rollout.generation,
        expected_standing: store.standing_generation().await.expect("readable"),
        device: &id(0),
        offer: FORWARD,
        at: at(7),
        numbered: true,
    };
    let promised = store
        .promise(&promise)
        .await
        .expect("nothing is against it");
    promised.order.expect("it was to be numbered")
}

pub async fn finish(
    store: &dyn Store,
    number: OrderNumber,
    how: Ending,
    by: Option<&LogEntry>,
) -> Result<(), StoreError> {
    let before = store.order(&id(0), number).await?.expect("it was opened");
    let after = close(before.clone(), how, at(9));
    store.save_order(&id(0), &before, &after, by).await
}

/// What people publish: brakes, plans, releases.
pub async fn publish(store: &dyn Store, which: usize) -> Result<(), StoreError> {
    let (kim, sam) = (
        person("kim", Duty::Operations),
        person("sam", Duty::ReleaseManager),
    );
    match which {
        0 => {
            let root = StoredRoot {
                version: 1,
                signed: b"root".to_vec(),
                at: at(1),
                by: None,
            };
            store.add_root(&root).await
        }
        1 => {
            let revocations = StoredRevocations {
                epoch: 0,
                seq: 1,
                digest: [1; 32],
                signed: b"revocations".to_vec(),
                at: at(1),
                by: kim.email,
            };
            store.add_revocations(&revocations).await
        }
        2 => {
            store
                .activate_plan("plan", [7; 32], &sam.email, at(5))
                .await
        }
        3 => store.add_hold(&hold(), 0).await,
        4 => {
            let asked = hold().release(&kim, at(4)).expect("in force");
            store.save_hold(&hold(), &asked).await
        }
        5 => store.add_schedule(&schedule()).await,
        6 => store.add_release(&gated(release("1.1.0", 2)), b"one").await,
        _ => {
            let approved = approved(gated(release("1.1.0", 2)));
            let change = StageChange {
                release: &approved,
                expected: StageName::Gated,
            };
            store.save_release(change, Some(b"two blocks")).await
        }
    }
}

/// A step that changed this rollout alone.
pub fn step(next: &Rollout, gives: bool) -> NextStep<'_> {
    NextStep {
        rollout: next,
        expected_generation: next.generation - 1,
        actions: &[],
        incidents: &[],
        release: None,
        gives,
        at: at(9),
    }
}

/// What people, and steps of rollouts, do about rollouts and devices.
pub async fn act(store: &dyn Store, started: &Rollout, which: usize) -> Result<(), StoreError> {
    match which {
        0 => {
            let other = rollout(store, OLD, 1).await;
            store.start_rollout(&other, &enrolments(1), None).await
        }
        1 => {
            let next = changed(started);
            store.save_step(&step(&next, true)).await.map(|_| ())
        }
        2 => {
            let mut after = device(2);
            after.zone = "Pacific/Guam".to_owned();
            store.restate(&device(2), &after, at(9)).await
        }
        3 => {
            let rauc = Some(ClientProfile::Rauc);
            store.choose_profile(&id(0), rauc).await
        }
        4 => store.choose_profile(&id(0), None).await,
        5 => {
            let clients = vec![(id(0), ClientProfile::Zephyr)];
            let import = Import {
                clients,
                ..Import::default()
            };
            store.import(&import, at(9)).await
        }
        6 => {
            let mut after = device(1);
            after.zone = "Pacific/Guam".to_owned();
            let import = Import {
                anew: vec![(device(1), after)],
                ..Import::default()
            };
            store.import(&import, at(9)).await
        }
        7 => {
            let begun = changed(&changed(started));
            store.begin_rollout(&begun, started.generation + 1).await
        }
        8 => {
            let token = NewToken {
                hash: [9; 32],
                at: at(9),
                by: person("kim", Duty::Operations).email,
                why: "it was stolen".to_owned(),
            };
            store.replace_token(&id(2), &token).await
        }
        _ => store.ask_attributes(&id(0), AskedBy::People).await,
    }
}
