//! Incidents.

use mainstay_rollout::{FleetView, HaltReason, Rollout, incident::evidence};
use mainstay_store::Store;
use mainstay_telemetry::{Incident, IncidentId};

use super::fixture::{at, started};

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
