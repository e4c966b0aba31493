//! A preview holds what then happens: whole fleets in which nothing goes wrong, with the real server and the real device
//! core, beside what was foreseen when people started each rollout.
//!
//! The bounds are those of docs/concepts/preview.md.

use std::fs;
use std::path::Path;

use jiff::{SignedDuration, Timestamp};
use mainstay_plan::{Plan, TrackName};
use mainstay_rollout::{DeviceView, Pace, Premise, Preview, Progress, preview, terms};
use mainstay_simulator::{Behaviour, Hardship};
use mainstay_soak::kind::Kind;
use mainstay_soak::life::{Launch, Life, live_in};
use mainstay_soak::scenario::Scenario;
use mainstay_soak::world::World;

/// So many healthy devices are enough for the sequential test of these plans.
const CANARY_TELLS: u64 = 5;
/// Drawn worlds, from the first seed on.
const WORLDS: u64 = 4;

fn scenario(name: &str) -> World {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../scenarios");
    let text = fs::read_to_string(folder.join(format!("{name}.toml"))).expect("it is there");
    Scenario::parse(&text)
        .expect("a scenario")
        .world()
        .expect("a world")
}

/// The world of a seed, without anything that goes wrong in it.
fn calm(seed: u64) -> World {
    let mut world = World::drawn(seed);
    world.candidate = Behaviour::Healthy;
    world.hardship = Hardship::NONE;
    world.outages.clear();
    world.kills.clear();
    world.clock_steps.clear();
    world.moves.clear();
    world.go_on = 1000;
    // How fast another class gets on, a preview doesn't foresee.
    world.plan.gateways_first = 0;
    world
        .residents
        .retain(|resident| resident.kind == Kind::Thermostat);
    // Who finds one of too few places first is a matter of seconds, and decides about hours.
    world.plan.downloads = 16;
    // When a person answers for a canary that can't tell, it doesn't foresee either.
    world.plan.canary = world.plan.canary.max(CANARY_TELLS);
    world.turn_every = SignedDuration::from_mins(5);
    for resident in &mut world.residents {
        resident.gone_from = None;
        resident.clock_off = SignedDuration::ZERO;
    }
    world
}

async fn lived(world: World) -> Life {
    let life = live_in(world, "a calm world").await.expect("a life");
    assert_eq!(life.broken, None);
    life
}

/// What was foreseen at the start of a rollout: by its own draw, or by another one.
fn foreseen(world: &World, plan: &Plan, launch: &Launch, seed: u64) -> Preview {
    let Launch { known, rollout, .. } = launch;
    let class = &plan.classes[0];
    let of_class = known
        .iter()
        .filter(|device| device.class == class.id.as_str());
    let devices: Vec<_> = of_class.cloned().collect();
    let premise = Premise {
        candidate: rollout.candidate.clone(),
        terms: terms(&rollout.candidate, class, TrackName::Maintenance),
        rules: rollout.rules.clone(),
        devices: &devices,
        seed,
        now: rollout.started_at,
        // Those of simulated devices, for which a download takes no time.
        pace: Pace {
            image_bytes: 0,
            bytes_per_second: 1,
            restart: SignedDuration::from_secs(20),
            confirm: class.revert.confirm_within / 2,
        },
        look_every: world.turn_every,
    };
    preview(&premise).expect("it was started, so that somebody is eligible")
}

/// How far what happened lies from what was foreseen, in seconds.
fn apart(foreseen: Option<Timestamp>, happened: Option<Timestamp>, what: &str) -> i64 {
    let (Some(foreseen), Some(happened)) = (foreseen, happened) else {
        panic!("{what}: {foreseen:?} was foreseen, {happened:?} happened");
    };
    happened.duration_since(foreseen).as_secs().abs()
}

/// Each start and end of a wave is foreseen to `bound` for each wave so far.
fn check(name: &str, foreseen: &Preview, launch: &Launch, bound: SignedDuration) {
    let waves = launch.rollout.waves.iter().zip(&foreseen.waves);
    for (number, (happened, foreseen)) in (1..).zip(waves) {
        let what = |end: &str| format!("{name}: {} {end}", foreseen.name);
        assert_eq!(foreseen.devices, happened.members, "{name}");
        let starts = apart(foreseen.starts, happened.opened_at, &what("starts"));
        let ends = apart(foreseen.ends, happened.closed_at, &what("ends"));
        println!(
            "{name} {}: starts {starts} s apart, ends {ends} s",
            foreseen.name
        );
        let allowed = bound.as_secs() * number;
        assert!(starts <= allowed, "{}: {starts} s", what("starts"));
        assert!(ends <= allowed, "{}: {ends} s", what("ends"));
    }
    let began = |device: &&DeviceView| device.progress.began().is_some();
    let unreached = launch.fleet.devices.len() - launch.fleet.devices.iter().filter(began).count();
    let expected: u32 = foreseen.unreached.iter().map(|one| one.devices).sum();
    assert_eq!(unreached, expected as usize, "{name}: unreached");
}

fn confirmed(device: &DeviceView) -> Option<Timestamp> {
    match device.progress {
        Progress::Confirmed { at, .. } => Some(at),
        _ => None,
    }
}

/// Whether each zone begins and ends when it was foreseen: by the same draw the same devices stand in it.
fn check_zones(name: &str, foreseen: &Preview, launch: &Launch, bound: SignedDuration) {
    for (number, wave) in foreseen.waves.iter().enumerate() {
        for zone in &wave.zones {
            let of_zone: Vec<_> = launch
                .fleet
                .wave(number)
                .filter(|d| d.zone.as_str() == zone.zone)
                .collect();
            let began = of_zone.iter().filter_map(|d| d.progress.began());
            let first = began.min();
            let last = of_zone.iter().filter_map(|d| confirmed(d)).max();
            let allowed = bound.as_secs() * i64::try_from(number + 1).expect("small");
            for (end, foreseen, happened) in
                [("first", zone.first, first), ("last", zone.last, last)]
            {
                if foreseen.is_some() || happened.is_some() {
                    let what = format!("{name}: {end} of {} in {}", wave.name, zone.zone);
                    let apart = apart(foreseen, happened, &what);
                    assert!(apart <= allowed, "{what}: {apart} s apart");
                }
            }
        }
    }
}

/// Lives through a world, and holds each of its rollouts against what was foreseen by the same draw.
async fn compare(name: &str, world: &World, plan: &Plan) -> Life {
    let life = lived(world.clone()).await;
    assert!(!life.launches.is_empty(), "{name}");
    // A wave starts at a look of the server, and a device acts at one of its polls.
    let bound = world.turn_every + plan.rollout.poll;
    for launch in &life.launches {
        let same = foreseen(world, plan, launch, launch.rollout.seed);
        check(name, &same, launch, bound);
        check_zones(name, &same, launch, bound);
    }
    life
}

fn parsed(world: &World) -> Plan {
    mainstay_plan::parse(&world.plan.text()).expect("a plan")
}

#[tokio::test]
async fn calm_worlds_go_as_they_were_foreseen() {
    for seed in 0..WORLDS {
        let world = calm(seed);
        compare(&format!("seed {seed}"), &world, &parsed(&world)).await;
    }
}

/// The real draw is another one than a preview's: what one draw and another have in common is the nights.
#[tokio::test]
async fn a_good_month_goes_as_it_was_foreseen_by_its_own_draw_and_by_others() {
    let world = scenario("good-month");
    let plan = parsed(&world);
    let life = compare("good-month", &world, &plan).await;
    for launch in &life.launches {
        for seed in 1..20 {
            let other = foreseen(&world, &plan, launch, seed);
            check("good-month", &other, launch, SignedDuration::from_hours(24));
        }
    }
}
