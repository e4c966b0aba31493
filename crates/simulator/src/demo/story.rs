//! The whole story, from the plan to the summary.

use std::collections::BTreeMap;
use std::future::Future;

use jiff::SignedDuration;
use mainstay_access::Duty;
use mainstay_api::RolloutView;
use mainstay_plan::{ClassId, FleetFacts, Plan, Severity};
use mainstay_trust::Digest;

use super::carry_out::{launch, watch};
use super::cast::Cast;
use super::error::DemoError;
use super::event::{Event, Summary};
use super::folder::Folder;
use super::goods::{Order, Release, class_name, packed};
use super::images::{BAD_FAILS_AFTER_S, BAD_VERSION, FACTORY_VERSION, GOOD_VERSION, Images};
use super::papers;
use super::scene::{Scene, Setting, take_port};
use super::{Audience, Options, PLAN, check, start};
use crate::behaviour::{Behaviour, Behaviours};
use crate::population::Hardship;

/// The fleet has said what it runs after so long at the latest.
const FLEET_READY_WITHIN: SignedDuration = SignedDuration::from_hours(12);
/// After the last device is back the story goes on for so long, to see that all stays well.
const AFTERMATH: SignedDuration = SignedDuration::from_hours(24);

/// The releases of the story.
pub struct Goods {
    /// 1.0.0, approved.
    pub factory: Release,
    /// 1.1.0, as built, and approved.
    pub good: (Release, Release),
    /// 1.2.0, as built, and approved.
    pub bad: (Release, Release),
}

/// What the story leaves to be told on paper.
pub struct Told {
    /// The summary.
    pub summary: Summary,
    /// The rollout of the good release.
    pub good: RolloutView,
    /// The rollout of the bad one.
    pub bad: RolloutView,
    /// Devices that the bad release never ran on.
    pub never_offered: usize,
}

/// Tells the story. With `linger` the server goes on serving its dashboard until that resolves.
///
/// # Errors
/// If a step fails. A story that ends unsafely is no error: [`Summary::is_safe`] says so.
pub async fn tell(
    options: &Options,
    audience: &mut dyn Audience,
    linger: Option<impl Future<Output = ()>>,
) -> Result<Summary, DemoError> {
    check(options)?;
    let plan = checked_plan(options.devices, audience)?;
    let listener = take_port(options.port).await?;
    let folder = Folder::create(&options.folder)?;
    folder.write("plan.toml", PLAN.as_bytes())?;
    let cast = Cast::assemble(&folder, &plan, options.seed, start())?;
    let goods = make(&folder, &plan, &cast, &options.images, audience)?;
    let mut scene = Scene::set(&setting(options, &folder, &plan, &cast, &goods), listener).await?;
    audience.hear(&Event::Started {
        devices: options.devices,
        seed: options.seed,
        server: scene.base.clone(),
    });
    let told = play(&mut scene, &cast, &goods, options, audience).await?;
    let report = papers::write(&folder, &plan, &cast, &goods, &told, &scene).await?;
    let dashboard = linger.as_ref().map(|_| scene.base.clone());
    audience.hear(&Event::Papers {
        report: report.display().to_string(),
        dashboard,
    });
    audience.hear(&Event::Summary(told.summary.clone()));
    match linger {
        Some(until) => scene.end(until).await?,
        None => scene.end(std::future::ready(())).await?,
    }
    Ok(told.summary)
}

async fn play(
    scene: &mut Scene,
    cast: &Cast,
    goods: &Goods,
    options: &Options,
    audience: &mut dyn Audience,
) -> Result<Told, DemoError> {
    wait_for_fleet(scene, options.devices, audience).await?;
    let rollout = launch(scene, cast, &goods.good.0, &goods.good.1, audience).await?;
    let good = watch(scene, rollout, audience, |_, view| view.ended_at.is_some()).await?;
    audience.hear(&Event::Completed {
        version: good.version.clone(),
        updated: good.waves.iter().map(|wave| wave.updated).sum(),
        unreached: good.unreached,
        at: scene.now(),
    });
    let rollout = launch(scene, cast, &goods.bad.0, &goods.bad.1, audience).await?;
    let manifest = goods.bad.0.manifest;
    let mut quiet_since = None;
    let bad = watch(scene, rollout, audience, |scene, view| {
        let over = view.ended_at.is_some() && all_back(scene, &manifest);
        let since = over.then(|| *quiet_since.get_or_insert(scene.now()));
        since.is_some_and(|since| scene.now().duration_since(since) >= AFTERMATH)
    })
    .await?;
    let summary = sum_up(scene, goods, &bad, options).await?;
    let never_offered = scene
        .crowd
        .devices()
        .filter(|device| !device.ever_ran(&manifest))
        .count();
    audience.hear(&Event::Returned {
        version: GOOD_VERSION.to_owned(),
        devices: summary.ever_ran_bad - summary.still_on_bad,
        never_offered,
    });
    if let Some(incident) = scene.operator(Duty::Operations).incidents().await?.first() {
        audience.hear(&Event::Incident {
            id: incident.id.clone(),
            suspected: incident.suspected.clone().unwrap_or_default(),
        });
    }
    Ok(Told {
        summary,
        good,
        bad,
        never_offered,
    })
}

/// Whether no device runs the release, and nobody is between two images.
fn all_back(scene: &Scene, manifest: &Digest) -> bool {
    scene.crowd.devices().all(|device| {
        device
            .running_release()
            .is_some_and(|running| running != *manifest)
            && device.is_settled()
    })
}

async fn wait_for_fleet(
    scene: &mut Scene,
    devices: u32,
    audience: &mut dyn Audience,
) -> Result<(), DemoError> {
    let began = scene.now();
    loop {
        if scene.tick().await?.is_none() {
            continue;
        }
        let fleet = scene.operator(Duty::Operations).devices().await?;
        let heard = fleet
            .iter()
            .filter(|device| device.running.is_some())
            .count();
        if heard == usize::try_from(devices).unwrap_or(usize::MAX) {
            let version = FACTORY_VERSION.to_owned();
            audience.hear(&Event::FleetReady {
                version,
                devices: heard,
            });
            return Ok(());
        }
        if scene.now().duration_since(began) > FLEET_READY_WITHIN {
            let what = format!("only {heard} of {devices} devices have said what they run");
            return Err(DemoError::Stuck { days: 1, what });
        }
    }
}

/// Counts what the devices are, and believes the server only where they agree.
async fn sum_up(
    scene: &Scene,
    goods: &Goods,
    bad: &RolloutView,
    options: &Options,
) -> Result<Summary, DemoError> {
    let operations = scene.operator(Duty::Operations);
    let fleet = operations.devices().await?;
    let said: BTreeMap<_, _> = fleet.iter().map(|device| (&device.id, device)).collect();
    let good = goods.good.0.manifest;
    let manifest = goods.bad.0.manifest;
    let canary = scene.canary_of(bad.id).await?;
    let devices = || scene.crowd.devices();
    let verified_good = devices().filter(|device| {
        let server = said
            .get(&device.home.id)
            .and_then(|device| device.running.as_ref());
        let server_agrees =
            server.is_some_and(|running| running.verified && running.release.0 == good.0);
        device.running_release() == Some(good) && server_agrees
    });
    let ran_bad = || devices().filter(|device| device.ever_ran(&manifest));
    let incidents = operations.incidents().await?;
    Ok(Summary {
        devices: options.devices,
        good_version: GOOD_VERSION.to_owned(),
        bad_version: BAD_VERSION.to_owned(),
        verified_good: verified_good.count(),
        ever_ran_bad: ran_bad().count(),
        still_on_bad: devices()
            .filter(|d| d.running_release() == Some(manifest))
            .count(),
        bricked: devices().filter(|device| device.is_bricked()).count(),
        halted_in: bad
            .halted_because
            .as_ref()
            .and_then(|_| bad.waves.get(bad.wave))
            .map(|w| w.name.clone()),
        incident: incidents.first().map(|incident| incident.id.clone()),
        unreachable: devices().filter(|device| device.home.offline).count(),
        ever_ran_bad_outside_canary: ran_bad().filter(|d| !canary.contains(&d.home.id)).count(),
    })
}

/// The demonstration's plan, checked against the fleet's size.
fn checked_plan(devices: u32, audience: &mut dyn Audience) -> Result<Plan, DemoError> {
    let class = ClassId::new("thermo-v2").expect("the demonstration's class has a good name");
    let facts = FleetFacts {
        devices_by_class: BTreeMap::from([(class, devices)]),
        ..FleetFacts::default()
    };
    let checked = mainstay_plan::check(&PLAN, &facts);
    let count = |severity| {
        checked
            .findings
            .iter()
            .filter(|f| f.severity == severity)
            .count()
    };
    let (errors, warnings) = (count(Severity::Error), count(Severity::Warn));
    let plan = checked
        .plan
        .filter(|_| errors == 0)
        .ok_or_else(|| DemoError::Options {
            what: format!("the demonstration's plan doesn't fit a fleet of {devices}"),
            cure: "choose another number with --devices",
        })?;
    let roles = &plan.roles;
    let members = [&roles.engineers, &roles.release_managers, &roles.operations];
    let people = Duty::ALL.iter().zip(members).map(|(duty, members)| {
        (
            duty.id().to_owned(),
            members.people.iter().map(ToString::to_string).collect(),
        )
    });
    audience.hear(&Event::PlanChecked {
        errors,
        warnings,
        people: people.collect(),
    });
    Ok(plan)
}

/// Packs, signs and approves the three releases, and keeps them as artifact files.
pub fn make(
    folder: &Folder,
    plan: &Plan,
    cast: &Cast,
    images: &Images,
    audience: &mut dyn Audience,
) -> Result<Goods, DemoError> {
    let class = class_name(plan, &plan.classes[0])?;
    let mut made = |version: &str, sequence, returns_to: &[Digest], image: &[u8]| {
        let class = class.clone();
        let release = packed(&Order {
            class,
            version,
            sequence,
            returns_to,
            image,
        })?;
        audience.hear(&Event::Release {
            version: version.to_owned(),
            stage: "packed",
            by: cast.people[0].1.to_string(),
            manifest: release.manifest.to_string(),
        });
        let built = release.built(cast)?;
        let approved = built.clone().approved(cast, plan)?;
        approved.keep(folder)?;
        Ok::<_, DemoError>((built, approved))
    };
    let factory = made(FACTORY_VERSION, 1, &[], &images.factory)?.1;
    let good = made(GOOD_VERSION, 2, &[factory.manifest], &images.good)?;
    let bad = made(
        BAD_VERSION,
        3,
        &[good.0.manifest, factory.manifest],
        &images.bad,
    )?;
    Ok(Goods { factory, good, bad })
}

fn setting<'a>(
    options: &Options,
    folder: &'a Folder,
    plan: &'a Plan,
    cast: &'a Cast,
    goods: &'a Goods,
) -> Setting<'a> {
    let mut behaviours = Behaviours::default();
    // The fault shows on every hardware revision, as it does in the real image.
    let fails = Behaviour::FailsAfter {
        after_s: BAD_FAILS_AFTER_S,
        hardware: Vec::new(),
    };
    behaviours.declare(goods.bad.0.image_digest, fails);
    Setting {
        folder,
        plan_text: &PLAN,
        plan,
        cast,
        factory: &goods.factory,
        image_bytes_max: options.images.bytes_max(),
        behaviours,
        hardship: Hardship::ORDINARY,
        devices: options.devices,
        seed: options.seed,
        start: start(),
    }
}
