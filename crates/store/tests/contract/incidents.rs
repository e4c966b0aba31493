//! Incidents.

use mainstay_access::Duty;
use mainstay_rollout::{FleetView, HaltReason, Rollout, incident::evidence};
use mainstay_store::{Store, StoreError};
use mainstay_telemetry::{
    Brought, Incident, IncidentId, PlanChange, Plans, ReviewRefusal, TestGap, Words,
};

use super::fixture::{at, person, started};

pub fn incident(rollout: &Rollout) -> Incident {
    let reason = HaltReason::Person {
        who: "kim".to_owned(),
        why: "smoke".to_owned(),
    };
    let evidence = evidence(rollout, &FleetView::default(), reason, at(9));
    Incident::open(IncidentId(0), rollout, evidence)
}

pub async fn incidents_are_numbered_and_listed(store: &dyn Store) {
    let incident = incident(&started(store, 1).await);
    let numbered = |id| Incident {
        id,
        ..incident.clone()
    };
    let first = store.open_incident(&incident).await.expect("writable");
    let second = store.open_incident(&incident).await.expect("writable");
    assert_eq!([first, second], [IncidentId(1), IncidentId(2)]);
    assert_eq!(
        store.incident(first).await.expect("readable"),
        Some(numbered(first))
    );
    assert_eq!(store.incident(IncidentId(3)).await.expect("readable"), None);
    let listed = store.incidents().await.expect("readable");
    assert_eq!(listed, [numbered(second), numbered(first)]);
}

/// An open incident, as the store has it.
async fn opened(store: &dyn Store) -> Incident {
    let incident = incident(&started(store, 1).await);
    let id = store.open_incident(&incident).await.expect("writable");
    stored(store, id).await
}

async fn stored(store: &dyn Store, id: IncidentId) -> Incident {
    let found = store.incident(id).await.expect("readable");
    found.expect("it was opened")
}

async fn save(store: &dyn Store, before: &Incident, after: &Incident) {
    let saved = store.save_incident(before, after, None).await;
    saved.expect("nobody was faster");
}

fn reviewed(incident: Incident) -> Incident {
    let words = Words {
        root_cause: Some("the \"hot\" regulator".to_owned()),
        test_gap: Some(TestGap::NoTest("a thunderstorm".to_owned())),
        plan_change: Some(PlanChange::NoChange("it stopped early".to_owned())),
    };
    let ana = person("ana", Duty::Engineer);
    let written = incident.write(&ana, words, &Plans::default(), at(10));
    written.expect("may be written")
}

fn closed(reviewed: Incident) -> Incident {
    let kim = person("kim", Duty::Operations);
    reviewed
        .close(&kim, &Brought::default(), &Plans::default(), at(11))
        .expect("somebody else closes it")
}

pub async fn what_people_do_about_an_incident_is_kept(store: &dyn Store) {
    let before = opened(store).await;
    let written = reviewed(before.clone());
    save(store, &before, &written).await;
    assert_eq!(stored(store, before.id).await, written);
    let over = closed(written.clone());
    save(store, &written, &over).await;
    assert_eq!(stored(store, before.id).await, over);
    let unknown = Incident {
        id: IncidentId(7),
        ..written.clone()
    };
    let refused = store.save_incident(&unknown, &over, None).await;
    assert!(matches!(refused, Err(StoreError::NotFound { .. })));
}

/// By its number, in the order of opening, and never anew when the incident is written to.
pub async fn an_incident_says_which_plan_was_in_force(store: &dyn Store) {
    let sam = person("sam", Duty::ReleaseManager).email;
    let activate = async |text: &str, minute| {
        let activated = store.activate_plan(text, [1; 32], &sam, at(minute)).await;
        activated.expect("writable");
    };
    activate("first", 1).await;
    let before = opened(store).await;
    assert_eq!(before.plans, [1]);
    activate("second", 2).await;
    let over = closed(reviewed(before.clone()));
    // Whoever looked at the plans before the second came has looked at others.
    let stale = store.save_incident(&before, &over, Some(1)).await;
    assert!(matches!(stale, Err(StoreError::Conflict { .. })));
    assert_eq!(stored(store, before.id).await, before);
    let saved = store.save_incident(&before, &over, Some(2)).await;
    saved.expect("nothing came since");
    assert_eq!(stored(store, over.id).await.plans, [1]);
    let kim = person("kim", Duty::Operations);
    let next = over.reopen(&kim, "it came back", at(12)).expect("closed");
    let id = store.reopen_incident(&over, &next).await.expect("saved");
    assert_eq!(stored(store, id).await.plans, [1, 2]);
}

pub async fn what_was_done_meanwhile_is_not_overwritten(store: &dyn Store) {
    let before = opened(store).await;
    let written = reviewed(before.clone());
    let over = closed(written.clone());
    save(store, &before, &written).await;
    save(store, &written, &over).await;
    for stale in [&before, &written] {
        let refused = store
            .save_incident(stale, &reviewed(before.clone()), None)
            .await;
        assert!(matches!(refused, Err(StoreError::Conflict { .. })));
    }
    assert_eq!(stored(store, before.id).await, over);
}

pub async fn a_closed_incident_is_taken_up_once(store: &dyn Store) {
    let before = opened(store).await;
    let over = closed(reviewed(before.clone()));
    save(store, &before, &over).await;
    let kim = person("kim", Duty::Operations);
    let next = over.reopen(&kim, "it came back", at(12)).expect("closed");
    let id = store.reopen_incident(&over, &next).await.expect("saved");
    assert_eq!(id, IncidentId(2));
    assert_eq!(stored(store, id).await, Incident { id, ..next.clone() });
    let marked = stored(store, over.id).await;
    let taken_up = marked.reopen(&kim, "again", at(13));
    assert_eq!(
        taken_up,
        Err(ReviewRefusal::Reopened {
            incident: over.id,
            next: id
        })
    );
    let twice = store.reopen_incident(&over, &next).await;
    assert!(matches!(twice, Err(StoreError::Conflict { .. })));
    // One that takes nothing up, and one that takes up another than the one that is marked.
    let (mut nothing, mut other) = (next.clone(), next);
    nothing.reopens = None;
    other.reopens.as_mut().expect("it takes one up").incident = IncidentId(9);
    for strange in [nothing, other] {
        let refused = store.reopen_incident(&marked, &strange).await;
        assert!(matches!(refused, Err(StoreError::Damaged { .. })));
    }
    assert_eq!(store.incidents().await.expect("readable").len(), 2);
}
