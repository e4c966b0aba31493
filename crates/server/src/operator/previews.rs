//! How a rollout would go, before anybody approves it.

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::http::HeaderMap;
use jiff::SignedDuration;
use mainstay_access::Permission;
use mainstay_api::{PREVIEW_BYTES_PER_SECOND, Preview};
use mainstay_fleet::{Device, ReleaseDigest};
use mainstay_plan::Class;
use mainstay_release::{Release, StageName};
use mainstay_rollout::{Pace, Premise, Unmet, needs};
use mainstay_store::walks::PAGE_MAX;
use serde::Deserialize;

use super::patience::worked_out;
use super::releases;
use super::rollouts::{self, Grounds};
use crate::app::ActivePlan;
use crate::jobs::other_classes;
use crate::named::Named;
use crate::problem::Refused;
use crate::{App, authenticate, brakes, jobs};

/// How long a device is presumed to be away between its last byte and the first boot of the new image.
const RESTART: SignedDuration = SignedDuration::from_secs(30);

/// More devices of one class aren't previewed: they take some gigabytes while it lasts.
const DEVICES_MAX: u32 = 2_000_000;

/// A preview that would take longer is cut short, and says so.
const LONGEST: Duration = Duration::from_secs(60);

/// What a preview may be told.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Assumed {
    /// At how many bytes per second a device downloads.
    bytes_per_second: Option<u64>,
}

/// `GET /releases/{id}/rollout/preview?bytes_per_second=...`: reads, and changes nothing.
pub(super) async fn preview(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    Named(id): Named,
    assumed: Result<Query<Assumed>, QueryRejection>,
) -> Result<Json<Preview>, Refused> {
    authenticate::caller(&app, &headers, Permission::Read).await?;
    let bytes_per_second = pace(assumed)?;
    let release = releases::named(&app, &id).await?;
    check_ahead(&release)?;
    let plan = app.active_plan().await?;
    let Grounds {
        candidate,
        terms,
        rules,
        class,
    } = rollouts::grounds(&release, &plan)?;
    let others = other_classes::counted(&app, &rules.prerequisites).await?;
    let unmet = needs::unmet(&rules.prerequisites, &others);
    let pace = Pace {
        image_bytes: release.facts.image_bytes,
        bytes_per_second,
        restart: RESTART,
        confirm: confirms_after(class),
    };
    let place = app.preview_place()?;
    let mut devices = devices(&app, &release).await?;
    let look_every = jobs::look_every(&app).await;
    let look_every = SignedDuration::try_from(look_every).unwrap_or(SignedDuration::MAX);
    let (seed, now) = (seed(&release), app.now());
    let known = app.clone();
    // A month of a large fleet takes seconds, in which this thread's other requests would wait.
    let previewed = worked_out(LONGEST, move |stop| {
        let _place = place;
        known.contacts.freshen(&mut devices);
        let premise = Premise {
            candidate,
            terms,
            rules,
            devices: &devices,
            seed,
            now,
            pace,
            look_every,
        };
        mainstay_rollout::preview_until(stop, &premise)
    });
    let mut previewed = previewed.await??;
    previewed.in_the_way = in_the_way(&app, &release, &plan, &unmet).await?;
    Ok(Json(previewed))
}

/// What would keep the rollout from starting now, and what would withhold the release from its devices. That nobody has
/// approved it yet isn't in the way: whoever asks looks ahead of that.
async fn in_the_way(
    app: &App,
    release: &Release,
    plan: &ActivePlan,
    unmet: &[Unmet],
) -> Result<Vec<String>, Refused> {
    let now = app.now();
    let is_approved = release.stage.approved().is_some();
    let other_plan = match is_approved {
        true => rollouts::check_plan(release, plan).err(),
        false => None,
    };
    let busy = rollouts::class_busy(app, release).await?;
    let starts = other_plan.into_iter().chain(busy);
    let starts = starts.map(|refused| {
        let (cause, cure) = (refused.cause(), refused.cure());
        format!("It can't be started now: {cause} {cure}")
    });
    let manifest = ReleaseDigest(release.facts.manifest.0);
    let withheld = brakes::ahead(app, &manifest, is_approved, now).await?;
    let withheld = withheld.into_iter().map(|because| {
        let (reason, next) = (because.reason(now), because.next());
        format!("No device would get it now, because {reason}. Next: {next}.")
    });
    let others = unmet
        .iter()
        .map(|unmet| format!("No wave would open now, because {unmet}."));
    Ok(starts.chain(others).chain(withheld).collect())
}

fn pace(assumed: Result<Query<Assumed>, QueryRejection>) -> Result<u64, Refused> {
    let given = assumed.ok().map(|Query(assumed)| assumed.bytes_per_second);
    match given {
        Some(None) => Ok(PREVIEW_BYTES_PER_SECOND),
        Some(Some(pace)) if pace > 0 => Ok(pace),
        _ => Err(Refused::bad(
            "preview.pace",
            "The preview is asked for in words that mean nothing here.",
            "Say `bytes_per_second` with a whole number above 0, or nothing.",
        )),
    }
}

/// The devices of a class, some `count` of them, in the order of their registration: read page by page, so that others are answered between two pages.
async fn all_of(app: &App, class: &str, count: u32) -> Result<Vec<Device>, Refused> {
    let mut devices: Vec<Device> = Vec::with_capacity(count as usize);
    loop {
        let last = devices.last().map(|device| &device.id);
        let page = app.store.class_after(class, last, PAGE_MAX).await?;
        if page.is_empty() {
            return Ok(devices);
        }
        devices.extend(page);
    }
}

/// Only what hasn't begun can be looked at beforehand.
fn check_ahead(release: &Release) -> Result<(), Refused> {
    match release.stage.name() {
        StageName::Draft | StageName::Signed | StageName::Gated | StageName::Approved => Ok(()),
        stage => Err(Refused::conflict(
            "preview.not-ahead",
            format_args!("{} is {stage}, so its rollout isn't ahead.", release.id),
            "Look at what happens with `mainstay rollout list` and `mainstay rollout show`.",
        )),
    }
}

/// A device keeps an image after half of the time that its class gives it, as our own device core does.
fn confirms_after(class: &Class) -> SignedDuration {
    class.revert.confirm_within / 2
}

/// The same release is always previewed with the same draw.
fn seed(release: &Release) -> u64 {
    let [a, b, c, d, e, f, g, h, ..] = release.facts.manifest.0;
    u64::from_be_bytes([a, b, c, d, e, f, g, h])
}

/// All devices of the release's class, as the store knows them now.
async fn devices(app: &App, release: &Release) -> Result<Vec<Device>, Refused> {
    let class = &release.facts.class;
    let of_class = Some(class.as_str());
    let count = app.store.count_devices(of_class, DEVICES_MAX + 1).await?;
    if count > DEVICES_MAX {
        return Err(Refused::conflict(
            "preview.fleet-too-large",
            format_args!("{class} has more than {DEVICES_MAX} devices."),
            "Preview the release on a smaller fleet, with the same plan.",
        ));
    }
    if count > 0 {
        return all_of(app, class.as_str(), count).await;
    }
    let cure = "Register devices with `mainstay device add`.";
    match app.store.count_devices(None, 1).await? == 0 {
        true => Err(Refused::conflict(
            "preview.empty-fleet",
            "No device is registered.",
            cure,
        )),
        false => Err(Refused::conflict(
            "preview.class-without-devices",
            format_args!("No device of the class {class} is registered."),
            cure,
        )),
    }
}
