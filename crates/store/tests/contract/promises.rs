//! Promising a device something.

use jiff::{SignedDuration, Timestamp};
use mainstay_fleet::{DeviceId, ReleaseDigest};
use mainstay_rollout::offer::PROMISE_POLLS;
use mainstay_rollout::{Kind, Offer, Progress, Rollout, RolloutId};
use mainstay_store::Store;

use super::fixture::{
    BACK, FORWARD, NEW, OLD, at, enrolments, id, kinds, progress, promised, register, rollout,
    rules, running, set_progress, start_another, started,
};

async fn promise(
    store: &dyn Store,
    rollout: &Rollout,
    n: usize,
    offer: &Offer,
) -> Result<(), &'static str> {
    promise_at(store, rollout, n, offer, at(7)).await
}

async fn promise_at(
    store: &dyn Store,
    rollout: &Rollout,
    n: usize,
    offer: &Offer,
    at: Timestamp,
) -> Result<(), &'static str> {
    let device = id(n);
    let rollout = (rollout.id, rollout.generation);
    let promised = promised(store, rollout, &device, offer, at);
    promised.await.map_err(|refusal| refusal.id())
}

async fn promise_to(
    store: &dyn Store,
    rollout: RolloutId,
    generation: u64,
    device: &DeviceId,
    offer: &Offer,
) -> Result<(), &'static str> {
    let promised = promised(store, (rollout, generation), device, offer, at(7));
    promised.await.map_err(|refusal| refusal.id())
}

/// How many downloads the plan allows at once.
fn places() -> usize {
    usize::try_from(rules().limits.downloads).expect("a small number")
}

pub async fn a_promise_is_kept_and_may_be_repeated(store: &dyn Store) {
    let rollout = started(store, 2).await;
    assert_eq!(promise(store, &rollout, 0, &FORWARD).await, Ok(()));
    let later = promise_at(store, &rollout, 0, &FORWARD, at(8)).await;
    assert_eq!(later, Ok(()), "the same again");
    assert_eq!(
        progress(store, &rollout, 0).await,
        Progress::Promised { at: at(7) }
    );
    assert_eq!(progress(store, &rollout, 1).await, Progress::Waiting);
    assert_eq!(
        kinds(store, 0).await,
        ["promised", "enrolled", "registered"]
    );
}

pub async fn a_stale_generation_is_refused(store: &dyn Store) {
    let rollout = started(store, 1).await;
    for wrong in [0, rollout.generation + 1, u64::MAX] {
        let promised = promise_to(store, rollout.id, wrong, &id(0), &FORWARD).await;
        assert_eq!(promised, Err("store.generation-changed"));
    }
    assert_eq!(progress(store, &rollout, 0).await, Progress::Waiting);
    assert_eq!(kinds(store, 0).await, ["enrolled", "registered"]);
}

pub async fn strangers_are_promised_nothing(store: &dyn Store) {
    register(store, 3).await;
    let rollout = start_another(store, NEW, 2).await;
    for stranger in [id(2), id(77)] {
        let promised = promise_to(store, rollout.id, rollout.generation, &stranger, &FORWARD).await;
        assert_eq!(promised, Err("store.not-enrolled"));
    }
    let unknown = promise_to(store, RolloutId(99), 1, &id(0), &FORWARD).await;
    assert_eq!(unknown, Err("store.not-enrolled"));
}

pub async fn what_a_device_said_meanwhile_is_never_overwritten(store: &dyn Store) {
    let rollout = started(store, 1).await;
    let refused = |second| Progress::Refused {
        began: None,
        at: at(second),
        refusal: "trust.below-floor".into(),
    };
    set_progress(store, 0, refused(7)).await;
    assert_eq!(
        promise(store, &rollout, 0, &FORWARD).await,
        Err("store.moved-on")
    );
    assert_eq!(progress(store, &rollout, 0).await, refused(7));
    // What it had said before is known to who offers it again.
    set_progress(store, 0, refused(3)).await;
    assert_eq!(promise(store, &rollout, 0, &FORWARD).await, Ok(()));
    let promised = Progress::Promised { at: at(7) };
    assert_eq!(progress(store, &rollout, 0).await, promised);
}

pub async fn a_way_back_is_promised_after_a_halt(store: &dyn Store) {
    let rollout = started(store, 1).await;
    let confirmed = Progress::Confirmed {
        began: at(1),
        booted: at(2),
        at: at(3),
    };
    set_progress(store, 0, confirmed).await;
    assert_eq!(promise(store, &rollout, 0, &BACK).await, Ok(()));
    let returning = Progress::Returning {
        began: at(1),
        at: at(7),
        to: OLD.into(),
    };
    assert_eq!(progress(store, &rollout, 0).await, returning);
    assert_eq!(
        kinds(store, 0).await,
        ["returning", "enrolled", "registered"]
    );
}

pub async fn no_more_are_promised_than_the_plan_has_places(store: &dyn Store) {
    let places = places();
    let rollout = started(store, places + 2).await;
    for device in 0..places {
        assert_eq!(promise(store, &rollout, device, &FORWARD).await, Ok(()));
    }
    let late = promise(store, &rollout, places, &FORWARD).await;
    assert_eq!(late, Err("store.no-room"));
    assert_eq!(progress(store, &rollout, places).await, Progress::Waiting);
    // Who has a place keeps it, and who has left it makes room.
    assert_eq!(promise(store, &rollout, 0, &FORWARD).await, Ok(()));
    let booted = Progress::OnTrial {
        began: at(7),
        booted: at(8),
    };
    set_progress(store, 0, booted).await;
    assert_eq!(promise(store, &rollout, places, &FORWARD).await, Ok(()));
    assert_eq!(
        promise(store, &rollout, places + 1, &FORWARD).await,
        Err("store.no-room")
    );
}

pub async fn rollouts_of_two_classes_share_the_places(store: &dyn Store) {
    let places = places();
    let first = started(store, places + 1).await;
    let mut second = rollout(store, OLD, places + 1).await;
    second.candidate.class = "gateway-v1".to_owned();
    let enrolled = enrolments(places + 1);
    store
        .start_rollout(&second, &enrolled, None)
        .await
        .expect("the other class has no rollout yet");
    for device in 1..places {
        assert_eq!(promise(store, &first, device, &FORWARD).await, Ok(()));
    }
    let forward = Offer {
        release: OLD,
        kind: Kind::Forward,
    };
    assert_eq!(promise(store, &second, 0, &forward).await, Ok(()));
    for (rollout, offer) in [(&first, &FORWARD), (&second, &forward)] {
        let late = promise(store, rollout, places, offer).await;
        assert_eq!(late, Err("store.no-room"), "{}", rollout.candidate.class);
    }
    let booted = Progress::OnTrial {
        began: at(7),
        booted: at(8),
    };
    set_progress(store, 1, booted).await;
    assert_eq!(promise(store, &second, places, &forward).await, Ok(()));
}

pub async fn a_promise_that_lapsed_needs_a_new_place(store: &dyn Store) {
    let rollout = started(store, 1 + places()).await;
    let lasts = rules().poll * PROMISE_POLLS;
    let to = |n, at| promise_at(store, &rollout, n, &FORWARD, at);
    assert_eq!(to(0, at(7)).await, Ok(()));
    let kept = at(7) + lasts - SignedDuration::from_secs(1);
    assert_eq!(to(0, kept).await, Ok(()));
    let first = Progress::Promised { at: at(7) };
    assert_eq!(progress(store, &rollout, 0).await, first);
    // Others take all places meanwhile, so that it waits like anybody else, and its promise stays the old one.
    let lapsed = at(7) + lasts;
    for other in 1..=places() {
        assert_eq!(to(other, lapsed).await, Ok(()));
    }
    assert_eq!(to(0, lapsed).await, Err("store.no-room"));
    assert_eq!(progress(store, &rollout, 0).await, first);
    let booted = Progress::OnTrial {
        began: lapsed,
        booted: lapsed,
    };
    set_progress(store, 1, booted).await;
    assert_eq!(to(0, lapsed).await, Ok(()));
    let anew = Progress::Promised { at: lapsed };
    assert_eq!(progress(store, &rollout, 0).await, anew);
    let told = kinds(store, 0).await;
    assert_eq!(told, ["promised", "promised", "enrolled", "registered"]);
}

pub async fn a_device_goes_back_to_what_it_ran_when_it_was_promised(store: &dyn Store) {
    let rollout = started(store, 2).await;
    for (device, verified) in [(0, true), (1, false)] {
        let running = running(ELSEWHERE, verified);
        let recorded = store
            .record(
                &id(device),
                Some(&running),
                at(6),
                &[],
                &|_, progress, _| progress,
            )
            .await;
        recorded.expect("a known device");
        assert_eq!(promise(store, &rollout, device, &FORWARD).await, Ok(()));
    }
    let before = async |device| {
        let enrolled = store.enrolment(rollout.id, &id(device)).await;
        enrolled.expect("readable").expect("enrolled").before
    };
    assert_eq!(before(0).await, Some(ELSEWHERE.into()));
    assert_eq!(
        before(1).await,
        Some(OLD.into()),
        "it never vouched for the other"
    );
}

const ELSEWHERE: ReleaseDigest = ReleaseDigest([9; 32]);
