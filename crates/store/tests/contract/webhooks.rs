//! Who is told by HTTP, and what of it was told.

use jiff::SignedDuration;
use mainstay_access::Duty;
use mainstay_api::webhook::{Delivery, DeliveryState, Outcome, Subscription, WEBHOOKS_MAX};
use mainstay_store::webhooks::CLOSED_DELIVERIES_MAX;
use mainstay_store::{Store, StoredDelivery, StoredWebhook};

use super::fixture::{at, person};

fn webhook(id: &str) -> StoredWebhook {
    StoredWebhook {
        id: id.to_owned(),
        subscription: Subscription {
            url: "https://hooks.example/mainstay".to_owned(),
            kinds: vec!["rollout.halted".to_owned()],
            by: "kim@northwind.example".to_owned(),
            at: at(1),
            failing_since: None,
            off: None,
        },
        secret: b"sealed".to_vec(),
        position: 0,
    }
}

fn made(event: i64, subject: &str) -> StoredDelivery {
    StoredDelivery {
        event,
        subject: subject.to_owned(),
        delivery: Delivery::new(at(2)),
    }
}

/// Somebody is told, and has taken one of two.
pub async fn told(store: &dyn Store) {
    let one = webhook("wh_1");
    store.add_webhook(&one).await.expect("new");
    let from = store.newest_event().await.expect("readable");
    let both = [made(from + 1, "plan"), made(from + 2, "rollout/1")];
    let done = store.make_out("wh_1", (from, from + 2), &both).await;
    done.expect("it is there");
    let delivery = Delivery::new(at(2)).tried(Outcome::Status(204), at(3), 0);
    let taken = StoredDelivery {
        delivery,
        ..made(from + 1, "plan")
    };
    let saved = store.save_delivery("wh_1", &taken, &one.subscription);
    saved.await.expect("writable");
}

async fn activate(store: &dyn Store, n: u8) {
    let sam = person("sam", Duty::ReleaseManager);
    let plan = store.activate_plan("plan", [n; 32], &sam.email, at(5));
    plan.await.expect("writable");
}

async fn next(store: &dyn Store) -> Vec<i64> {
    let next = store.next_deliveries("wh_1").await.expect("readable");
    next.into_iter().map(|made| made.event).collect()
}

/// What happened before somebody wanted to hear of it isn't told.
pub async fn a_webhook_begins_with_what_happens_next(store: &dyn Store) {
    for n in 1..=3 {
        activate(store, n).await;
    }
    store.add_webhook(&webhook("wh_1")).await.expect("new");
    let found = store.webhook("wh_1").await.expect("readable");
    let found = found.expect("it was added");
    assert!(
        found
            == StoredWebhook {
                position: 3,
                ..webhook("wh_1")
            }
    );
    let again = store.add_webhook(&webhook("wh_1")).await;
    assert_eq!(again.expect_err("taken").id(), "store.already-exists");
    for n in 2..=WEBHOOKS_MAX {
        let another = webhook(&format!("wh_{n}"));
        store.add_webhook(&another).await.expect("there is room");
    }
    let refused = store.add_webhook(&webhook("wh_0")).await;
    assert_eq!(refused.expect_err("too many").id(), "store.conflict");
    store.remove_webhook("wh_1").await.expect("it is there");
    let refused = store.remove_webhook("wh_1").await;
    assert_eq!(refused.expect_err("it went").id(), "store.not-found");
    assert!(store.webhook("wh_1").await.expect("readable").is_none());
    let all = store.webhooks().await.expect("readable");
    assert_eq!(all.len(), WEBHOOKS_MAX - 1);
}

/// Of each subject the first that waits comes next: what failed holds back what followed it, and nothing else.
pub async fn events_are_made_out_once_and_told_in_their_order(store: &dyn Store) {
    store.add_webhook(&webhook("wh_1")).await.expect("new");
    let first = [made(1, "rollout/1"), made(2, "plan"), made(3, "rollout/1")];
    let done = store.make_out("wh_1", (0, 3), &first).await;
    done.expect("it is at 0");
    let again = store.make_out("wh_1", (0, 3), &first).await;
    assert_eq!(again.expect_err("it is at 3").id(), "store.conflict");
    store
        .make_out("wh_1", (3, 9), &[])
        .await
        .expect("it is at 3");
    let done = store.make_out("wh_1", (9, 10), &[made(10, "plan")]).await;
    done.expect("it is at 9");
    assert_eq!(next(store).await, [1, 2]);
    assert_eq!(store.open_deliveries("wh_1").await.expect("readable"), 4);

    let subscription = webhook("wh_1").subscription;
    let failed = made(1, "rollout/1")
        .delivery
        .tried(Outcome::Silence, at(3), 0);
    let noted = StoredDelivery {
        delivery: failed,
        ..made(1, "rollout/1")
    };
    let tried = subscription.clone().tried(&Outcome::Silence, at(3));
    let saved = store.save_delivery("wh_1", &noted, &tried).await;
    saved.expect("writable");
    let taken = made(2, "plan")
        .delivery
        .tried(Outcome::Status(200), at(3), 0);
    let taken = StoredDelivery {
        delivery: taken,
        ..made(2, "plan")
    };
    let saved = store.save_delivery("wh_1", &taken, &tried).await;
    saved.expect("writable");
    assert_eq!(next(store).await, [1, 10]);
    let found = store.webhook("wh_1").await.expect("readable");
    assert_eq!(found.expect("it is there").subscription, tried);
    let newest = store.deliveries("wh_1", 3).await.expect("readable");
    let events: Vec<_> = newest.iter().map(|made| made.event).collect();
    assert_eq!(events, [10, 3, 2]);
    assert_eq!(newest[2], taken);
    // What is over isn't opened again by a server that comes late.
    let late = StoredDelivery {
        delivery: made(2, "plan").delivery,
        ..taken
    };
    store
        .save_delivery("wh_1", &late, &tried)
        .await
        .expect("writable");
    assert_eq!(next(store).await, [1, 10]);

    // Nor does what was removed meanwhile come back.
    store.remove_webhook("wh_1").await.expect("it is there");
    let saved = store.save_delivery("wh_1", &noted, &subscription).await;
    saved.expect("nothing is left to note");
    let gone = store.make_out("wh_1", (10, 11), &[]).await;
    assert_eq!(gone.expect_err("it went").id(), "store.conflict");
    assert_eq!(store.deliveries("wh_1", 9).await.expect("readable"), []);
    assert!(store.webhooks().await.expect("readable").is_empty());
}

pub async fn deliveries_that_are_over_make_room(store: &dyn Store) {
    store.add_webhook(&webhook("wh_1")).await.expect("new");
    let kept = i64::from(CLOSED_DELIVERIES_MAX);
    let subject = |n: i64| format!("rollout/{n}");
    let all: Vec<_> = (1..=kept + 5).map(|n| made(n, &subject(n))).collect();
    let done = store.make_out("wh_1", (0, kept + 5), &all).await;
    done.expect("it is at 0");
    let later = at(3) + SignedDuration::from_secs(1);
    let subscription = webhook("wh_1").subscription;
    // The first stays open for all that.
    for one in &all[1..] {
        let delivery = one.delivery.clone().tried(Outcome::Status(204), later, 0);
        let over = StoredDelivery {
            delivery,
            ..one.clone()
        };
        let saved = store.save_delivery("wh_1", &over, &subscription);
        saved.await.expect("writable");
    }
    let left = store.deliveries("wh_1", 1000).await.expect("readable");
    assert_eq!(left.len(), CLOSED_DELIVERIES_MAX as usize + 1);
    let (first, over) = left.split_last().expect("some");
    assert_eq!(
        (first.event, first.delivery.state),
        (1, DeliveryState::Waits)
    );
    assert_eq!(over.last().expect("some").event, 6);
}
