//! One device at its check-in: does it get the candidate now?
//!
//! The checks come in the order in which a person would want to hear them: is the rollout over,
//! what has become of the device, is the rollout paused, must another class come first, is its wave open, is its window, is it its turn, is there
//! room. Whether a stepping stone is in the way is asked before all that, by [`crate::past_stones`].
//! A return ignores window, turn and room: it is for safety, and a device that has nothing to run needs no halt for it. So does a
//! device that has begun: half an installation is worse than one that ends after the window. Read [`offer()`].

use jiff::{SignedDuration, Timestamp};
use mainstay_fleet::ReleaseDigest;
use mainstay_plan as plan;
use serde::{Deserialize, Serialize};

use crate::download;
use crate::halt::HaltReason;
use crate::pause;
use crate::progress::Progress;
use crate::returns;
use crate::rollout::{Phase, Rollout};
use crate::sample::lot;
use crate::score::{self, Score};
use crate::view::{DeviceView, FleetView};
use crate::wait::Wait;
use crate::windows::Windows;
use crate::words::after;

/// What a device is offered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Offer {
    /// The release to install.
    pub release: ReleaseDigest,
    /// In which direction.
    pub kind: Kind,
}

/// The direction of an offer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// The candidate.
    Forward,
    /// What the device ran before a halted candidate.
    Return,
}

/// A refusal before anything began is given another try after so many polls: a hold is lifted, a
/// late status arrives. The device decides anew each time.
pub const REFUSAL_POLLS: i32 = 3;

/// A promise that a device hasn't taken up in so many polls no longer holds a place in the budget:
/// devices that go offline must not use it up for all others.
pub const PROMISE_POLLS: i32 = 3;

/// How many devices hold a place in the budget of concurrent downloads.
#[must_use]
pub fn in_flight(rollout: &Rollout, view: &FleetView, now: Timestamp) -> u32 {
    let holding = view.devices.iter().filter(|d| holds_place(rollout, d, now));
    u32::try_from(holding.count()).unwrap_or(u32::MAX)
}

/// Whether one more device may be promised the candidate, given all that were promised something or have begun, rollout by rollout
/// (a view may hold others too): downloads of other classes go over the same line.
///
/// Whoever makes a promise asks this of the newest state, in the transaction that makes it: [`offer()`] was told a
/// number that may be of a moment ago, or of one server among several.
#[must_use]
pub fn has_room(rollout: &Rollout, under_way: &[(Rollout, FleetView)], now: Timestamp) -> bool {
    let each = under_way.iter().map(|(of, view)| in_flight(of, view, now));
    each.sum::<u32>() < rollout.rules.limits.downloads
}

/// A device holds its place from a fresh promise until it boots the candidate, gives up or falls
/// silent; and as long as a large payload takes over a slow line, however early its horizon is.
#[must_use]
pub fn holds_place(rollout: &Rollout, device: &DeviceView, now: Timestamp) -> bool {
    match device.progress {
        Progress::Promised { .. } => !has_lapsed(rollout, &device.progress, now),
        Progress::Began { at } => {
            score::score(rollout, device, now) == Score::Pending || may_download(rollout, at, now)
        }
        _ => false,
    }
}

/// Whether a device that began then may still be downloading.
fn may_download(rollout: &Rollout, began: Timestamp, now: Timestamp) -> bool {
    let from = pause::counts_from(rollout, began);
    from.is_some_and(|from| now < after(from, download::time_max(rollout)))
}

/// Whether devices of this rollout can still hold a place: long after a halt none of them can, whatever was last heard of it.
#[must_use]
pub fn may_hold_places(rollout: &Rollout, now: Timestamp) -> bool {
    let Phase::Halted { at, .. } = &rollout.phase else {
        return true;
    };
    let rules = &rollout.rules;
    let promised = rules.poll.saturating_mul(PROMISE_POLLS);
    let began = rules
        .install
        .horizon
        .saturating_add(score::silence(rules.poll))
        .max(download::time_max(rollout));
    now < after(*at, promised.saturating_add(began))
}

/// Whether this is a promise that no longer holds a place: if it is made again, it is a new one, and needs a new place.
#[must_use]
pub fn has_lapsed(rollout: &Rollout, progress: &Progress, now: Timestamp) -> bool {
    let lasts = rollout.rules.poll.saturating_mul(PROMISE_POLLS);
    matches!(progress, Progress::Promised { at } if now >= after(*at, lasts))
}

/// Decides whether `device` is offered something now.
///
/// `in_flight` counts the *other* devices that hold a place in the budget of downloads
/// ([`in_flight`]), those of other rollouts too. The caller records a `Forward` offer to a waiting or refusing device as
/// [`Progress::Promised`], in the transaction that checks the rollout's generation; a device that
/// was promised or has begun is offered the same again, which is a new promise once the first
/// [lapsed](has_lapsed). A device that has begun keeps its progress.
///
/// # Errors
/// With the reason why it gets nothing now.
pub fn offer(
    rollout: &Rollout,
    device: &DeviceView,
    in_flight: u32,
    now: Timestamp,
) -> Result<Offer, Wait> {
    within(rollout, device, in_flight, now, &mut Windows::default())
}

/// [`offer`], for callers that ask about many devices: `windows` remembers those of their zones.
pub(crate) fn within(
    rollout: &Rollout,
    device: &DeviceView,
    in_flight: u32,
    now: Timestamp,
    windows: &mut Windows,
) -> Result<Offer, Wait> {
    if let Phase::Halted { reason, .. } = &rollout.phase {
        return way_back(rollout, device, reason);
    }
    if let Phase::Withdrawn { who, why, .. } = &rollout.phase {
        let (who, why) = (who.clone(), why.clone());
        return Err(Wait::Withdrawn { who, why });
    }
    if rollout.is_starting() {
        return Err(Wait::Starting);
    }
    if device.is_without_firmware() {
        return match device.progress.lost_it() {
            true => Ok(forward(rollout)),
            false => back(rollout, device),
        };
    }
    own_state(rollout, device, now)?;
    // One that made way for the candidate, and comes again only now, has nothing else.
    if matches!(rollout.phase, Phase::Complete { .. }) && !device.made_way() {
        return Err(Wait::Complete);
    }
    pause::lets_on(rollout, device)?;
    if !is_under_way(rollout, device) {
        others_first(rollout)?;
        let opened = wave_open(rollout, device, now)?;
        let open = window_open(rollout, device, now, windows)?;
        turn_come(rollout, device, opened, &open, now)?;
        room(rollout, device, in_flight, now)?;
    }
    Ok(forward(rollout))
}

fn forward(rollout: &Rollout) -> Offer {
    Offer {
        release: rollout.candidate.release,
        kind: Kind::Forward,
    }
}

/// Whether the device goes on with what it began, whatever the hour. One that said it begins when it was paused got nothing, and has begun
/// only if it has nothing else.
fn is_under_way(rollout: &Rollout, device: &DeviceView) -> bool {
    match device.progress {
        Progress::Began { at } => device.made_way() || pause::counts_from(rollout, at) == Some(at),
        _ => false,
    }
}

/// Whether no other class must come first. What the newest step found is good until the next.
fn others_first(rollout: &Rollout) -> Result<(), Wait> {
    match rollout.unmet.first() {
        None => Ok(()),
        Some(unmet) => Err(Wait::Prerequisite {
            unmet: unmet.clone(),
        }),
    }
}

/// After a halt: the way back for those that run the candidate, nothing for all others.
fn way_back(rollout: &Rollout, device: &DeviceView, reason: &HaltReason) -> Result<Offer, Wait> {
    let candidate = &rollout.candidate;
    match &device.progress {
        Progress::CannotReturn { why, .. } => Err(Wait::CannotReturn { why: **why }),
        _ if returns::concerns(candidate, device) => back(rollout, device),
        Progress::Returned { .. } => Err(Wait::Returned),
        _ => Err(Wait::Halted {
            reason: reason.clone(),
        }),
    }
}

/// What a device is offered instead of the candidate while something withholds that: what it ran before, if it has nothing else to
/// run. None if it has, or no signed way leads back.
#[must_use]
pub fn instead(rollout: &Rollout, device: &DeviceView) -> Option<Offer> {
    let offer = device.made_way().then(|| back(rollout, device));
    offer.and_then(Result::ok)
}

/// What the device ran before.
fn back(rollout: &Rollout, device: &DeviceView) -> Result<Offer, Wait> {
    let release = returns::target(&rollout.candidate, device);
    let release = release.map_err(|why| Wait::CannotReturn { why })?;
    let kind = Kind::Return;
    Ok(Offer { release, kind })
}

/// What has become of the device already, if that leaves nothing to offer.
fn own_state(rollout: &Rollout, device: &DeviceView, now: Timestamp) -> Result<(), Wait> {
    let until = score::horizon(rollout, device);
    match &device.progress {
        Progress::Waiting | Progress::Promised { .. } | Progress::Began { .. }
            if device.runs(rollout.candidate.release) =>
        {
            Err(Wait::AlreadyRuns)
        }
        Progress::Waiting | Progress::Promised { .. } | Progress::Began { .. } => Ok(()),
        Progress::Refused {
            began: None, at, ..
        } if now >= retry_at(rollout, *at) => Ok(()),
        Progress::Refused { refusal, .. } => Err(Wait::Refused {
            refusal: refusal.to_string(),
        }),
        Progress::OnTrial { booted, .. } => Err(Wait::OnTrial {
            until: until.unwrap_or(*booted),
        }),
        Progress::Confirmed { .. } => Err(Wait::AlreadyRuns),
        Progress::Failed { cause, .. } => Err(Wait::Failed { cause: *cause }),
        Progress::Returning { .. } | Progress::Returned { .. } => Err(Wait::Returned),
        Progress::CannotReturn { why, .. } => Err(Wait::CannotReturn { why: **why }),
    }
}

fn retry_at(rollout: &Rollout, refused: Timestamp) -> Timestamp {
    after(refused, rollout.rules.poll.saturating_mul(REFUSAL_POLLS))
}

/// When the device's wave opened, if it is open and the device hasn't been given up.
fn wave_open(rollout: &Rollout, device: &DeviceView, now: Timestamp) -> Result<Timestamp, Wait> {
    let state = rollout.waves.get(device.wave).ok_or(Wait::NotEnrolled)?;
    let opened = state.opened_at.ok_or_else(|| Wait::WaveNotOpen {
        wave: device.wave,
        open: rollout.newest_open_wave(),
    })?;
    match score::unreached_at(rollout, device.wave) {
        Some(at) if now >= at => Err(Wait::GaveUp { at }),
        _ => Ok(opened),
    }
}

/// An open window of one device.
struct Open {
    /// None of a window that never closes: it began long ago, so that only the wave's opening counts.
    since: Option<Timestamp>,
    until: Timestamp,
}

fn window_open(
    rollout: &Rollout,
    device: &DeviceView,
    now: Timestamp,
    windows: &mut Windows,
) -> Result<Open, Wait> {
    let rules = &rollout.rules;
    match windows.state(rules, &device.zone, now)? {
        plan::WindowState::Open { since, until } => Ok(Open {
            since: (!rules.window.never_closes()).then_some(*since),
            until: *until,
        }),
        plan::WindowState::Opens { at, because } => Err(Wait::WindowOpens {
            at: *at,
            zone: device.zone.to_string(),
            because: because.clone(),
        }),
    }
}

/// Spreads the devices of one window: each has its own delay after the window, or its wave,
/// opened; never so long that the window closes first.
fn turn_come(
    rollout: &Rollout,
    device: &DeviceView,
    wave_opened: Timestamp,
    open: &Open,
    now: Timestamp,
) -> Result<(), Wait> {
    let from = open
        .since
        .map_or(wave_opened, |since| since.max(wave_opened));
    let spread = rollout.rules.jitter.min(open.until.duration_since(from));
    let until = after(from, delay(rollout.seed, device, spread));
    match now < until {
        true => Err(Wait::Jitter { until }),
        false => Ok(()),
    }
}

fn delay(seed: u64, device: &DeviceView, spread: SignedDuration) -> SignedDuration {
    let lot = lot(seed, "jitter", &device.id);
    let [a, b, c, d, ..] = lot;
    let share = i128::from(u32::from_be_bytes([a, b, c, d]));
    let millis = (spread.as_millis().max(0) * share) >> 32;
    SignedDuration::from_millis_i128(millis)
}

/// Whether one more download fits. A device that was just promised holds its place already.
fn room(
    rollout: &Rollout,
    device: &DeviceView,
    in_flight: u32,
    now: Timestamp,
) -> Result<(), Wait> {
    let limit = rollout.rules.limits.downloads;
    if holds_place(rollout, device, now) || in_flight < limit {
        return Ok(());
    }
    Err(Wait::Budget { in_flight, limit })
}
