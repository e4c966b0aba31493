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

pub async fn activations_are_found_by_moment_and_by_number(store: &dyn Store) {
    let sam = person("sam", Duty::ReleaseManager).email;
    assert_eq!(store.revision_at(at(9)).await.expect("readable"), None);
    // The clock was ahead when the third came, and was put right before the last.
    let texts = [(1, "first"), (2, "second"), (8, "third"), (6, "second")];
    for (minute, text) in texts {
        let digest = [text.len() as u8; 32];
        let activated = store.activate_plan(text, digest, &sam, at(minute)).await;
        activated.expect("writable");
    }
    let newest = [
        (0, None),
        (1, Some(1)),
        (5, Some(2)),
        (7, Some(4)),
        (9, Some(4)),
    ];
    for (minute, expected) in newest {
        let found = store.revision_at(at(minute)).await.expect("readable");
        assert_eq!(found, expected, "at minute {minute}");
    }
    for from in 0..6 {
        let found = store.activations_from(from).await.expect("readable");
        let numbers: Vec<_> = found.iter().map(|one| one.revision).collect();
        let expected: Vec<_> = (1..5).filter(|number| *number >= from).collect();
        assert_eq!(numbers, expected, "from number {from}");
    }
    let last = store.activations_from(4).await.expect("readable");
    assert_eq!(last.first().map(|one| one.digest), Some([6; 32]));
    let second = store.plan_with([6; 32]).await.expect("readable");
    let second = second.expect("it was in force");
    assert_eq!((second.revision, second.text.as_str()), (4, "second"));
    let unknown = store.plan_with([9; 32]).await.expect("readable");
    assert_eq!(unknown, None);
}
