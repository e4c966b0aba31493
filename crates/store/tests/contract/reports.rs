//! Recording what devices report.

use std::sync::Mutex;

use mainstay_fleet::ReleaseDigest;
use mainstay_rollout::{Candidate, Phase, Progress};
use mainstay_store::devices::TIMELINE_KEPT;
use mainstay_store::reports::LEAP_MAX;
use mainstay_store::{Known, NextStep, SaidThrough, Store, StoredReport, Telling, TimelineKind};

use super::fixture::{
    NEW, at, changed, id, kinds, progress, register, running, start_another, started,
};

fn report(seq: u32) -> StoredReport {
    StoredReport {
        seq,
        at: at(i64::from(seq.min(TIMELINE_KEPT))),
        event: format!("{{\"seq\":{seq}}}"),
        text: format!("said {seq}"),
    }
}

fn reports(seqs: &[u32]) -> Vec<StoredReport> {
    seqs.iter().copied().map(report).collect()
}

fn unchanged(_: &Candidate, progress: Progress, _: Known) -> Progress {
    progress
}

async fn record(store: &dyn Store, seqs: &[u32]) -> u32 {
    let recorded = store
        .record(&id(0), None, at(1), &reports(seqs), &unchanged)
        .await;
    recorded.expect("a known device")
}

async fn texts(store: &dyn Store) -> Vec<String> {
    let entries = store.timeline(&id(0), 10).await.expect("readable");
    let reported = entries.into_iter().filter(|entry| entry.event.is_some());
    reported.map(|entry| entry.text).collect()
}

pub async fn repeated_reports_change_nothing(store: &dyn Store) {
    let rollout = started(store, 1).await;
    // As telemetry does: reports up to the known number aren't folded again.
    let fold = |_: &Candidate, progress: Progress, known: Known| match known.acknowledged {
        0 => Progress::Began { at: at(1) },
        _ => progress,
    };
    let running = running(NEW, false);
    for minute in [5, 6] {
        let said = reports(&[1, 2]);
        let recorded = store
            .record(&id(0), Some(&running), at(minute), &said, &fold)
            .await;
        assert_eq!(recorded.expect("a known device"), 2);
        assert_eq!(
            progress(store, &rollout, 0).await,
            Progress::Began { at: at(1) }
        );
        assert_eq!(texts(store).await, ["said 2", "said 1"]);
    }
    let device = store
        .device(&id(0))
        .await
        .expect("readable")
        .expect("registered");
    assert_eq!(
        (device.running, device.last_seen),
        (Some(running), Some(at(6)))
    );
    let entry = &store.timeline(&id(0), 1).await.expect("readable")[0];
    assert_eq!(
        (entry.at, entry.event.as_deref()),
        (at(2), Some("{\"seq\":2}"))
    );
}

pub async fn reports_are_taken_in_the_devices_own_order(store: &dyn Store) {
    register(store, 1).await;
    for (sent, acknowledged) in [
        (&[3, 1, 3, 2][..], 3),
        (&[], 3),
        (&[2, 5], 5),
        (&[4], 5),
        (&[6 + LEAP_MAX], 5),
        (&[u32::MAX], 5),
        (&[6, 7 + LEAP_MAX], 6),
        (&[6 + LEAP_MAX], 6 + LEAP_MAX),
    ] {
        assert_eq!(record(store, sent).await, acknowledged, "{sent:?}");
    }
    let unheard = LEAP_MAX - 1;
    let newest_first = [
        format!(
            "said {}; {unheard} reports before it never came",
            6 + LEAP_MAX
        ),
        "said 6".into(),
        "said 5; 1 report before it never came".into(),
        "said 3".into(),
    ];
    assert_eq!(texts(store).await[..4], newest_first);
    assert_eq!(texts(store).await[4..], ["said 2", "said 1"]);
}

/// What it made before that may have come to another server.
pub async fn the_first_report_of_a_device_tells_of_none_before_it(store: &dyn Store) {
    register(store, 1).await;
    assert_eq!(record(store, &[9, 10, 13]).await, 13);
    let told = [
        "said 13; 2 reports before it never came",
        "said 10",
        "said 9",
    ];
    assert_eq!(texts(store).await, told);
}

/// Of each length that a message may have.
pub async fn reports_of_one_message_are_told_in_their_order(store: &dyn Store) {
    register(store, 1).await;
    let mut last = 0;
    for count in 1..=16 {
        let seqs: Vec<u32> = (last + 1..=last + count).collect();
        last += count;
        assert_eq!(record(store, &seqs).await, last);
        let told = store.timeline(&id(0), count).await.expect("readable");
        let told: Vec<_> = told.into_iter().rev().collect();
        for (entry, seq) in told.iter().zip(&seqs) {
            let expected = report(*seq);
            assert_eq!(entry.kind, TimelineKind::Reported);
            assert_eq!((entry.at, &entry.text), (expected.at, &expected.text));
            assert_eq!(entry.event.as_deref(), Some(&*expected.event));
        }
        assert_eq!(told.len(), seqs.len());
    }
}

pub async fn a_check_in_without_reports_is_folded_too(store: &dyn Store) {
    let rollout = started(store, 2).await;
    let fold = |candidate: &Candidate, progress: Progress, known: Known| {
        let known = (known.acknowledged, known.ran_nothing);
        assert_eq!(
            (candidate.release, progress, known),
            (NEW, Progress::Waiting, (0, false))
        );
        Progress::Confirmed {
            began: at(1),
            booted: at(1),
            at: at(1),
        }
    };
    let running = running(NEW, true);
    let recorded = store
        .record(&id(0), Some(&running), at(1), &[], &fold)
        .await;
    assert_eq!(recorded.expect("a known device"), 0);
    assert_eq!(progress(store, &rollout, 0).await.id(), "confirmed");
    assert_eq!(progress(store, &rollout, 1).await.id(), "waiting");
}

/// Words through a gateway are told where something changes, in the transaction that changes it, and never at each check-in.
pub async fn what_a_gateway_said_is_told_where_something_changes(store: &dyn Store) {
    started(store, 1).await;
    let moves = |_: &Candidate, _: Progress, _: Known| Progress::Confirmed {
        began: at(1),
        booted: at(1),
        at: at(1),
    };
    let mut expected = Vec::new();
    for (text, told, is_told) in [
        ("runs it", Telling::IfItMoves, false),
        ("runs it", Telling::Surely, true),
        ("runs it", Telling::Surely, true),
        ("is unwell", Telling::Once, true),
        ("is unwell", Telling::Once, false),
        ("is worse", Telling::Once, true),
        ("is unwell", Telling::Once, true),
        ("is unwell", Telling::IfItMoves, false),
    ] {
        let said = SaidThrough {
            text: text.to_owned(),
            told,
        };
        // Reports in between are no such words.
        let seq = u32::try_from(expected.len()).expect("a few") + 1;
        let said_so = reports(&[seq]);
        let recorded = store
            .record_through(&id(0), None, at(2), &said_so, Some(&said), &unchanged)
            .await;
        recorded.expect("a known device");
        expected.extend(is_told.then_some(text));
        assert_eq!(said_through(store).await, expected, "{text}, {told:?}");
    }
    for is_told in [true, false] {
        let said = SaidThrough {
            text: "moved".to_owned(),
            told: Telling::IfItMoves,
        };
        let recorded = store
            .record_through(&id(0), None, at(3), &[], Some(&said), &moves)
            .await;
        recorded.expect("a known device");
        expected.extend(is_told.then_some("moved"));
        assert_eq!(said_through(store).await, expected);
    }
}

/// What was said beside reports, the oldest first.
async fn said_through(store: &dyn Store) -> Vec<String> {
    let entries = store.timeline(&id(0), 99).await.expect("readable");
    let said = entries.into_iter().rev();
    let said = said.filter(|entry| entry.kind == TimelineKind::Reported && entry.event.is_none());
    said.map(|entry| entry.text).collect()
}

pub async fn settled_enrolments_are_not_asked_again(store: &dyn Store) {
    let first = started(store, 1).await;
    let releases = [NEW, ReleaseDigest([3; 32]), ReleaseDigest([4; 32])];
    start_another(store, releases[1], 1).await;
    let newest = start_another(store, releases[2], 1).await;
    for rollout in [&first, &newest] {
        let mut complete = changed(rollout);
        complete.phase = Phase::Complete { at: at(1) };
        let step = NextStep {
            rollout: &complete,
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
    let asked = Mutex::new(Vec::new());
    let fold = |candidate: &Candidate, progress: Progress, _: Known| {
        asked.lock().expect("not poisoned").push(candidate.release);
        progress
    };
    store
        .record(&id(0), None, at(1), &[], &fold)
        .await
        .expect("a known device");
    assert_eq!(
        *asked.lock().expect("not poisoned"),
        [releases[2], releases[1]]
    );
}

pub async fn what_was_withdrawn_is_not_asked_for(store: &dyn Store) {
    let first = started(store, 1).await;
    let other = ReleaseDigest([3; 32]);
    let newest = start_another(store, other, 1).await;
    let complete = Phase::Complete { at: at(1) };
    let withdrawn = Phase::Withdrawn {
        at: at(1),
        who: "kim@northwind.example".to_owned(),
        why: "the hotfix goes first".to_owned(),
    };
    for (rollout, phase) in [(&first, complete), (&newest, withdrawn)] {
        let mut ended = changed(rollout);
        ended.phase = phase;
        let step = NextStep {
            rollout: &ended,
            expected_generation: rollout.generation,
            actions: &[],
            incidents: &[],
            release: None,
            gives: true,
            at: at(1),
        };
        let saved = store.save_step(&step).await;
        saved.expect("nobody else changes it");
    }
    let asked = Mutex::new(Vec::new());
    let fold = |candidate: &Candidate, progress: Progress, _: Known| {
        asked.lock().expect("not poisoned").push(candidate.release);
        progress
    };
    let recorded = store.record(&id(0), None, at(1), &[], &fold).await;
    recorded.expect("a known device");
    // The one before it is the newest that counts.
    assert_eq!(*asked.lock().expect("not poisoned"), [NEW]);
}

pub async fn an_unknown_device_reports_nothing(store: &dyn Store) {
    let recorded = store
        .record(&id(0), None, at(1), &reports(&[1]), &unchanged)
        .await;
    assert_eq!(
        recorded.expect_err("nobody is registered").id(),
        "store.not-found"
    );
    assert_eq!(kinds(store, 0).await, [""; 0]);
}

pub async fn a_timeline_forgets_its_oldest_entries(store: &dyn Store) {
    register(store, 2).await;
    let seqs: Vec<u32> = (1..=TIMELINE_KEPT + 5).collect();
    assert_eq!(record(store, &seqs).await, TIMELINE_KEPT + 5);
    let kept = store
        .timeline(&id(0), TIMELINE_KEPT * 2)
        .await
        .expect("readable");
    assert_eq!(kept.len(), TIMELINE_KEPT as usize);
    assert_eq!(kept.last().map(|entry| entry.text.as_str()), Some("said 6"));
    assert_eq!(kinds(store, 1).await, ["registered"]);
}
