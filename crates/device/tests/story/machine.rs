//! Properties of the machine alone: whatever happens in whatever order, it keeps its promises.

use mainstay_device::config::TrialPolicy;
use mainstay_device::offer::{Standing, admit_offer};
use mainstay_device::state::{Phase, Policy, Release};
use mainstay_device::{Effect, Grain, Input, Papers, Record, Slot, State, Want, step, wants};
use mainstay_protocol::{BootReason, InstallFailure, SelfTest};
use mainstay_trust::rustcrypto::RustCrypto;
use mainstay_trust::{Digest, Freshness, Mark, Offer, Refusal};
use proptest::prelude::*;

use crate::world::{START_S, World};

const POLICY: Policy = Policy {
    trial: TrialPolicy {
        boots: 2,
        soak_ms: 5_000,
        deadline_ms: 10_000,
        look_every_ms: 1_000,
    },
    page_bytes: 1024,
    checkpoint_bytes: 1024,
    single_slot: false,
    retry_ms: 1000,
};

fn mark(number: u64) -> Mark {
    Mark { epoch: 0, number }
}

fn start(reason: BootReason) -> State {
    let slot = if reason == BootReason::Trial {
        Slot::B
    } else {
        Slot::A
    };
    let mut record = Record {
        confirmed: Some(Slot::A),
        ..Record::default()
    };
    if reason == BootReason::Trial {
        record.trial = Some(mainstay_device::record::Trial {
            slot,
            manifest: Digest([2; 32]),
            boots_left: 1,
            given_up: None,
            offline: false,
        });
    }
    let running = Release {
        slot,
        manifest: Digest([2; 32]),
        sequence: mark(2),
        floor: mark(1),
    };
    State::new(record, Some(running), START_S * 1000)
}

/// Inputs of every kind; an offer that was admitted among them.
fn inputs() -> impl Strategy<Value = Vec<(Input, u64)>> {
    let mut world = World::new();
    let first = world.vendor.release(1, &[], &[1; 100]);
    world.offered = Some(world.vendor.release(2, &[&first], &[2; 2500]));
    let status = world.vendor.status([7; 16], START_S);
    let record = Record::default();
    let standing = Standing {
        record: &record,
        papers: &Papers::<Vec<u8>>::default(),
        confirmed: None,
        nonce: Some([7; 16]),
        now_s: START_S,
        grain: Grain {
            image_bytes: 4096,
            page_bytes: 1024,
            write_bytes: 4,
            single_slot: false,
        },
        target: Slot::B,
    };
    let envelope = world.offered.take().expect("it was set above").envelope;
    let offer = Offer {
        envelope: &envelope,
        freshness: Freshness::Status(&status),
        schedule: None,
    };
    let admitted = admit_offer(&offer, &standing, &world.config(), &RustCrypto);
    let input = prop_oneof![
        2 => Just(Input::Offered(admitted)),
        1 => Just(Input::Offered(Err((Digest::ZERO, Refusal::Held)))),
        4 => (0..1500u32).prop_map(|bytes| Input::Written { bytes }),
        2 => Just(Input::PayloadChecked(Ok(()))),
        1 => Just(Input::PayloadChecked(Err(Refusal::PayloadDigest))),
        3 => Just(Input::Looked(SelfTest::Passed)),
        1 => Just(Input::Looked(SelfTest::NotRun)),
        1 => Just(Input::Looked(SelfTest::Failed)),
        2 => (any::<u32>(), any::<u64>()).prop_map(|(acknowledged, poll_after_ms)| {
            Input::Answered { acknowledged: acknowledged % 8, poll_after_ms }
        }),
        1 => (0..8u32).prop_map(|acknowledged| Input::Acknowledged { acknowledged }),
        2 => Just(Input::ExchangeFailed),
        1 => Just(Input::SetAside),
        1 => Just(Input::InstallFailed {
            manifest: Digest([3; 32]),
            cause: InstallFailure::StorageFull,
        }),
    ];
    proptest::collection::vec((input, 0..4_000u64), 1..60)
}

/// What a step may do to what survives, and what it must do about it.
fn check(before: &State, input: Input, after: &State, effects: &[Effect]) {
    let (old, new) = (&before.record, &after.record);
    let forgetful = |record: &Record| Record {
        reports: heapless::Vec::new(),
        ..record.clone()
    };
    let told_more = new.next_report > old.next_report;
    if forgetful(old) != forgetful(new) || told_more {
        let saved_or_checkpointed = effects.contains(&Effect::Save);
        assert!(saved_or_checkpointed, "{input:?} isn't saved: {before:?}");
    }
    if new.trial.is_some() && old.trial.is_none() {
        assert_eq!(input, Input::PayloadChecked(Ok(())));
        assert!(matches!(before.phase, Phase::Fetching { .. }));
    }
    if new.confirmed != old.confirmed {
        assert_eq!(input, Input::Looked(SelfTest::Passed));
        assert!(before.watch.is_some_and(|watch| watch.reached_server));
    }
    let runs_from = after.running.map(|release| release.slot);
    assert_ne!(new.download.map(|download| download.slot), runs_from);
    for effect in effects {
        let (Effect::EraseSlot(slot) | Effect::EraseImageFrom(slot, _) | Effect::WriteHead(slot)) =
            effect
        else {
            continue;
        };
        assert_ne!(Some(*slot), runs_from, "{effect:?} on what runs");
    }
    assert!(new.reports.is_sorted_by(|one, next| one.seq < next.seq));
}

proptest! {
    #[test]
    fn the_machine_keeps_its_promises(inputs in inputs(), on_trial: bool) {
        let reason = if on_trial { BootReason::Trial } else { BootReason::Confirmed };
        let mut now_ms = START_S * 1000;
        let mut state = start(reason);
        let first = [(Input::Started { reason }, 0)];
        for (input, later_ms) in first.into_iter().chain(inputs) {
            now_ms += later_ms;
            let (next, effects) = step(&POLICY, state.clone(), input, now_ms);
            check(&state, input, &next, &effects);
            if let Want::Sleep { until_ms } = wants(&next, now_ms) {
                prop_assert!(until_ms > now_ms, "sleeps until it has slept");
            }
            state = next;
        }
    }
}
