//! A rollout over many devices, whose server is killed while it is still to begin.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use mainstay_access::Duty;
use mainstay_api::RolloutView;
use mainstay_fleet::{Device, DeviceId, ReleaseDigest, Running};
use mainstay_rollout::RolloutId;
use mainstay_server::{Clock as _, DataDir, SystemClock};
use mainstay_store::devices::TimelineKind;
use mainstay_store::{Devices as _, Registration, Rollouts as _};

use crate::patience::retried;
use crate::stage::Stage;

/// So many that it takes seconds, in twenty parts.
const MANY: usize = 20_000;
/// The server is killed so long after it listens, each time; the first time as soon as it has answered.
const KILLED_AFTER_MS: [u64; 4] = [0, 150, 300, 600];

fn device(n: usize) -> Registration {
    let now = SystemClock.now();
    let mut token_hash = [0xA5; 32];
    token_hash[..8].copy_from_slice(&n.to_be_bytes());
    let device = Device {
        id: DeviceId::new(format!("many-{n}")).expect("a safe name"),
        class: "thermo-v2".to_owned(),
        hardware: if n.is_multiple_of(2) { "B" } else { "C" }.to_owned(),
        zone: "America/Denver".to_owned(),
        bootloader: "1.4.0".to_owned(),
        registered_at: now,
        last_seen: Some(now),
        running: Some(Running {
            release: ReleaseDigest([1; 32]),
            version: "1.0.0".to_owned(),
            sequence: 1,
            verified: true,
            last_resort: false,
            since: now,
        }),
        attributes: BTreeMap::new(),
    };
    Registration {
        device,
        token_hash,
        controller: None,
    }
}

/// The one rollout, as soon as the server answers.
async fn rollout(stage: &Stage) -> RolloutView {
    let operations = stage.operator_at(Duty::Operations, stage.address);
    let mut all = retried(|| async { operations.rollouts().await }).await;
    assert_eq!(all.len(), 1);
    all.remove(0)
}

/// Waits until it has begun.
async fn begun(stage: &Stage) -> RolloutView {
    for _ in 0..2400 {
        let now = rollout(stage).await;
        if now.phase != "starting" {
            return now;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("it never begins");
}

/// Whether the server that was just killed left the rollout to begin yet.
async fn was_starting(data: &DataDir) -> bool {
    let store = data.store().await.expect("a sound database");
    let rollouts = store.rollouts().await.expect("readable");
    store.close().await;
    assert_eq!(rollouts.len(), 1);
    rollouts[0].is_starting()
}

/// Begins whole, however often its server is killed before.
pub async fn begins_whole(path: &Path) {
    let stage = Stage::set(path).await;
    let data = DataDir::at(&stage.data);
    let store = data.store().await.expect("a sound database");
    let all: Vec<_> = (0..MANY).map(device).collect();
    store.register_many(&all).await.expect("all are new");
    store.close().await;

    let mut server = stage.serve();
    stage.roll_out().await;
    let mut in_time = Vec::new();
    for after in KILLED_AFTER_MS {
        tokio::time::sleep(Duration::from_millis(after)).await;
        drop(server);
        in_time.push(was_starting(&data).await);
        server = stage.serve();
    }
    // The first blow comes with the answer, and before it there is all the drawing and enrolling.
    println!("fell while it was starting: {in_time:?} of {KILLED_AFTER_MS:?} ms");
    assert!(in_time[0], "no kill before it began shows nothing");
    let view = begun(&stage).await;
    assert_eq!(view.phase, "rolling", "{view:?}");
    let members: usize = view.waves.iter().map(|wave| wave.members).sum();
    assert_eq!(members, MANY);
    drop(server);

    let store = data.store().await.expect("a sound database");
    let fleet = store.fleet_view(RolloutId(view.id)).await;
    assert_eq!(fleet.expect("readable").devices.len(), MANY);
    for n in (0..MANY).step_by(500) {
        let id = DeviceId::new(format!("many-{n}")).expect("a safe name");
        let timeline = store.timeline(&id, 10).await.expect("readable");
        let drawn = timeline
            .iter()
            .filter(|entry| entry.kind == TimelineKind::Enrolled);
        assert_eq!(drawn.count(), 1, "{id}");
    }
    store.close().await;
}
