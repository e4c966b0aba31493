//! People, and the plan in force.

use mainstay_access::Duty;
use mainstay_store::{People, Store};

use super::fixture::{at, person, token};

pub async fn a_person_has_one_duty(store: &dyn Store) {
    let (sam, ana) = (
        person("sam", Duty::ReleaseManager),
        person("ana", Duty::Engineer),
    );
    store.add_person(&sam, token(0)).await.expect("new");
    store.add_person(&ana, token(1)).await.expect("new");
    for duty in [Duty::Engineer, Duty::Operations] {
        let again = store.add_person(&person("ana", duty), token(2)).await;
        assert_eq!(
            again.expect_err("she has a duty").id(),
            "store.already-exists"
        );
    }
    let shared = store
        .add_person(&person("kim", Duty::Operations), token(1))
        .await;
    assert_eq!(
        shared.expect_err("it is Ana's token").id(),
        "store.already-exists"
    );
    assert_eq!(store.people().await.expect("readable"), [ana.clone(), sam]);
    assert_eq!(
        People::by_token_hash(store, &token(1))
            .await
            .expect("readable"),
        Some(ana)
    );
    assert_eq!(
        People::by_token_hash(store, &token(2))
            .await
            .expect("readable"),
        None
    );
}

pub async fn the_newest_plan_is_in_force(store: &dyn Store) {
    assert_eq!(store.active_plan().await.expect("readable"), None);
    let sam = person("sam", Duty::ReleaseManager).email;
    for (minute, text) in [(1, "first"), (2, "second"), (3, "first")] {
        let digest = [minute as u8; 32];
        store
            .activate_plan(text, digest, &sam, at(minute))
            .await
            .expect("writable");
    }
    let plan = store
        .active_plan()
        .await
        .expect("readable")
        .expect("one is in force");
    assert_eq!(
        (plan.revision, plan.text.as_str(), plan.digest),
        (3, "first", [3; 32])
    );
    assert_eq!((plan.by, plan.at), (sam, at(3)));
    for (digest, is_known) in [(1, true), (3, true), (4, false)] {
        let known = store.was_in_force([digest; 32]).await.expect("readable");
        assert_eq!(known, is_known, "{digest}");
    }
    for (minute, expected) in [(0, None), (1, Some(1)), (2, Some(2)), (9, Some(3))] {
        let plan = store.plan_at(at(minute)).await.expect("readable");
        let found = plan.map(|plan| plan.revision);
        assert_eq!(found, expected, "in minute {minute}");
    }
}
