//! Rollouts and their enrolments.

use mainstay_release::StageName;
use mainstay_rollout::{HaltReason, Phase, Progress, Rollout};
use mainstay_store::rollouts::ENROLMENTS_MAX;
use mainstay_store::{NextStep, Promise, StageChange, Store};

use super::fixture::{
    FORWARD, NEW, OLD, approved, at, changed, device, enrolments, gated, id, kinds, register,
    release, rollout, scheduled, start_another, started, token,
};

pub async fn enrolled_devices_wait_and_know_what_they_ran(store: &dyn Store) {
    register(store, 2).await;
    for (n, verified) in [(2, Some(false)), (3, None)] {
        let mut device = device(n);
        device.running = verified.map(|verified| super::fixture::running(NEW, verified));
        store.register(&device, token(n)).await.expect("new");
    }
    let rollout = start_another(store, NEW, 4).await;
    let view = store.fleet_view(rollout.id).await.expect("readable");
    let seen: Vec<_> = view
        .devices
        .iter()
        .map(|d| {
            let (running, before) = (d.running.as_deref(), d.before.as_deref());
            (d.id.clone(), d.wave, running, before)
        })
        .collect();
    let expected = [
        (id(0), 0, Some(&OLD), Some(&OLD)),
        (id(1), 0, Some(&OLD), Some(&OLD)),
        (id(2), 1, Some(&NEW), None),
        (id(3), 1, None, None),
    ];
    assert_eq!(seen, expected);
    let sites: Vec<_> = view.devices.iter().filter_map(|d| d.site.clone()).collect();
    let names: Vec<_> = sites.iter().map(mainstay_fleet::Site::as_str).collect();
    assert_eq!(names, ["lab-0", "lab-0", "lab-1", "lab-1"]);
    assert!(
        view.devices
            .iter()
            .all(|device| device.progress == Progress::Waiting)
    );
    let one = store.enrolment(rollout.id, &id(2)).await.expect("readable");
    assert_eq!(one.as_ref(), view.devices.get(2));
    assert_eq!(
        store.rollout(rollout.id).await.expect("readable"),
        Some(rollout)
    );
    assert_eq!(kinds(store, 0).await, ["enrolled", "registered"]);
}

pub async fn a_rollout_takes_its_release_along_or_does_not_start(store: &dyn Store) {
    register(store, 3).await;
    let approved = approved(gated(release("1.1.0", 2)));
    store
        .add_release(&approved, b"two blocks")
        .await
        .expect("new");
    for (turn, expected) in [Ok(()), Err("store.conflict")].into_iter().enumerate() {
        let rollout = rollout(store, NEW, 3).await;
        let scheduled = scheduled(approved.clone(), rollout.id);
        let change = StageChange {
            release: &scheduled,
            expected: StageName::Approved,
        };
        let started = store
            .start_rollout(&rollout, &enrolments(3), Some(change))
            .await;
        assert_eq!(started.map_err(|error| error.id()), expected, "turn {turn}");
    }
    assert_eq!(store.rollouts().await.expect("readable").len(), 1);
    let stored = store
        .release(&approved.id)
        .await
        .expect("readable")
        .expect("added");
    assert_eq!(stored.stage.name(), StageName::Scheduled);
}

pub async fn an_unknown_device_starts_nothing(store: &dyn Store) {
    register(store, 2).await;
    let rollout = rollout(store, NEW, 3).await;
    let refused = store.start_rollout(&rollout, &enrolments(3), None).await;
    let error = refused.expect_err("the third isn't registered");
    assert_eq!(
        (error.id(), error.to_string().contains("th-00002")),
        ("store.not-found", true)
    );
    assert_eq!(store.rollout(rollout.id).await.expect("readable"), None);
    assert_eq!(
        store
            .fleet_view(rollout.id)
            .await
            .expect("readable")
            .devices,
        []
    );
    store
        .start_rollout(&rollout, &enrolments(2), None)
        .await
        .expect("those are");
    let again = store.start_rollout(&rollout, &enrolments(2), None).await;
    assert_eq!(
        again.expect_err("the number is used").id(),
        "store.already-exists"
    );
}

async fn put_into(store: &dyn Store, rollout: &Rollout, phase: Phase) {
    let mut next = changed(rollout);
    next.phase = phase;
    let step = NextStep {
        rollout: &next,
        expected_generation: rollout.generation,
        actions: &[],
        incidents: &[],
        release: None,
        gives: true,
        at: at(1),
    };
    store
        .save_step(&step)
        .await
        .expect("nobody else changes it");
}

pub async fn rollouts_are_listed_by_where_they_stand(store: &dyn Store) {
    register(store, 1).await;
    let mut started = Vec::new();
    for _ in 0..4 {
        started.push(start_another(store, NEW, 1).await);
    }
    let (who, why) = ("kim".to_owned(), "smoke".to_owned());
    let withdrawn = Phase::Withdrawn {
        at: at(1),
        who: who.clone(),
        why: why.clone(),
    };
    put_into(store, &started[3], withdrawn).await;
    let reason = HaltReason::Person { who, why };
    put_into(
        store,
        &started[1],
        Phase::Halted {
            at: at(1),
            wave: 0,
            reason,
        },
    )
    .await;
    put_into(store, &started[2], Phase::Complete { at: at(1) }).await;
    let ids = |rollouts: Vec<Rollout>| -> Vec<_> { rollouts.iter().map(|r| r.id).collect() };
    let [rolling, halted, complete] = [started[0].id, started[1].id, started[2].id];
    let withdrawn = started[3].id;
    assert_eq!(
        ids(store.active_rollouts(None).await.expect("readable")),
        [rolling]
    );
    let of_class = store
        .active_rollouts(Some("thermo-v2"))
        .await
        .expect("readable");
    assert_eq!(ids(of_class), [rolling]);
    assert_eq!(
        ids(store.active_rollouts(Some("lamp")).await.expect("readable")),
        []
    );
    assert_eq!(
        ids(store
            .rollouts_under_watch()
            .await
            .expect("readable")
            .rollouts),
        [rolling, halted]
    );
    let all = ids(store.rollouts().await.expect("readable"));
    assert_eq!(all, [withdrawn, complete, halted, rolling]);
}

/// Two people start two releases of a class in the same moment.
pub async fn a_class_has_one_rollout_under_way(store: &dyn Store) {
    let first = started(store, 1).await;
    let mut second = rollout(store, OLD, 1).await;
    second.candidate.class.clone_from(&first.candidate.class);
    let enrolled = enrolments(1);
    let refused = store.start_rollout(&second, &enrolled, None).await;
    let refused = refused.expect_err("the class is busy");
    assert_eq!(refused.id(), "store.conflict");
    assert!(
        refused
            .to_string()
            .starts_with("device class thermo-v2 was"),
        "{refused}"
    );
    assert_eq!(store.rollout(second.id).await.expect("readable"), None);
    put_into(store, &first, Phase::Complete { at: at(1) }).await;
    let started = store.start_rollout(&second, &enrolled, None).await;
    started.expect("it is over");
}

/// What was withdrawn promised nothing: only the newest one is told of, and none takes the place of one that did.
pub async fn what_was_withdrawn_hides_nothing(store: &dyn Store) {
    let first = started(store, 1).await;
    let (who, why) = ("kim".to_owned(), "later".to_owned());
    let mut newest = first.id;
    for _ in 0..=ENROLMENTS_MAX {
        let withdrawn = start_another(store, NEW, 1).await;
        newest = withdrawn.id;
        let (at, who, why) = (at(1), who.clone(), why.clone());
        put_into(store, &withdrawn, Phase::Withdrawn { at, who, why }).await;
    }
    let enrolled = store.enrolments_of(&id(0)).await.expect("readable");
    let rollouts: Vec<_> = enrolled.iter().map(|one| one.rollout.id).collect();
    assert_eq!(rollouts, [newest, first.id]);
    let progress = store.newest_progress_of(&[id(0)]).await.expect("readable");
    assert_eq!(progress, [(id(0), enrolled[1].device.progress.clone())]);
}

/// Of a page of devices in one question: of each what its newest rollout says, and nothing of others.
pub async fn progress_is_told_of_many_at_once(store: &dyn Store) {
    register(store, 4).await;
    start_another(store, NEW, 3).await;
    let newest = start_another(store, NEW, 2).await;
    let devices = [id(0)];
    let promise = Promise {
        rollout: newest.id,
        expected_generation: newest.generation,
        expected_standing: store.standing_generation().await.expect("readable"),
        device: &devices[0],
        offer: FORWARD,
        at: at(7),
        numbered: false,
    };
    store.promise(&promise).await.expect("nothing against it");
    let mut told = store
        .newest_progress_of(&[id(3), id(2), id(0), id(9)])
        .await
        .expect("readable");
    told.sort_by(|a, b| a.0.cmp(&b.0));
    let promised = store.enrolment(newest.id, &id(0)).await.expect("readable");
    let promised = promised.expect("it is enrolled").progress;
    assert_ne!(promised, Progress::Waiting);
    assert_eq!(told, [(id(0), promised), (id(2), Progress::Waiting)]);
    assert_eq!(store.newest_progress_of(&[]).await.expect("readable"), []);
}

pub async fn a_device_knows_its_newest_enrolments(store: &dyn Store) {
    register(store, 2).await;
    let mut newest = Vec::new();
    for _ in 0..=ENROLMENTS_MAX {
        newest.insert(0, start_another(store, NEW, 1).await);
    }
    newest.pop();
    let enrolled = store.enrolments_of(&id(0)).await.expect("readable");
    let rollouts: Vec<_> = enrolled
        .iter()
        .map(|enrolled| enrolled.rollout.clone())
        .collect();
    assert_eq!(rollouts, newest);
    assert!(enrolled.iter().all(|enrolled| enrolled.device.id == id(0)));
    assert_eq!(store.enrolments_of(&id(1)).await.expect("readable"), []);
}

pub async fn a_view_of_ten_thousand_is_whole(store: &dyn Store) {
    let rollout = started(store, 10_000).await;
    let view = store.fleet_view(rollout.id).await.expect("readable");
    let ids: Vec<_> = view
        .devices
        .iter()
        .map(|device| device.id.clone())
        .collect();
    assert_eq!(ids, (0..10_000).map(id).collect::<Vec<_>>());
    assert_eq!(view.wave(0).count(), 2);
}
