//! Waits that a plan may bring and that nobody can reckon from it. Read [`not_counted`].

use jiff::SignedDuration;
use serde::Serialize;

use super::terms::ASKS_LATER_PERCENT;
use crate::class::Class;
use crate::plan::Plan;
use crate::track::Wave;

/// A wait that isn't counted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct NotCounted {
    /// Which.
    pub wait: Uncounted,
    /// In words.
    pub what: String,
}

/// What isn't counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Uncounted {
    /// A class has one rollout at a time.
    ClassBusy,
    /// Whether devices ask for a signed schedule says their root.
    Schedule,
    /// Stepping stones, and other classes that come first.
    Needs,
    /// A person opens each wave but the first.
    Promotion,
    /// A comparison that can't tell becomes a question.
    Question,
    /// A turn so near the end of the window that the device may ask too late, night after night.
    WindowEnd,
    /// Devices that no wave reaches.
    Outside,
}

impl Uncounted {
    /// Whether it may come under every plan.
    #[must_use]
    pub fn is_every_plans(self) -> bool {
        matches!(self, Self::ClassBusy | Self::Schedule)
    }
}

/// All that isn't counted in an emergency of this plan, though its rollout may wait for it. What holds for every rollout whatever its
/// plan, such as devices that can't be reached, is no part of it.
#[must_use]
pub fn not_counted(plan: &Plan) -> Vec<NotCounted> {
    let every = [
        (
            Uncounted::ClassBusy,
            "another rollout of the class that is under way: one person halts it, or it is waited for".to_owned(),
        ),
        (
            Uncounted::Schedule,
            "a schedule that operations signs, where the root asks for one".to_owned(),
        ),
    ];
    let of_plan = [
        (Uncounted::Needs, needs(plan)),
        (Uncounted::Promotion, promotion(plan)),
        (Uncounted::Question, question(plan)),
        (Uncounted::WindowEnd, window_end(plan)),
        (Uncounted::Outside, outside(plan)),
    ];
    let of_plan = of_plan
        .into_iter()
        .filter_map(|(wait, what)| Some((wait, what?)));
    let all = every.into_iter().chain(of_plan);
    all.map(|(wait, what)| NotCounted { wait, what }).collect()
}

/// The ids of some classes, if there are any.
fn classes(plan: &Plan, are: impl Fn(&&Class) -> bool) -> Option<String> {
    let ids = plan.classes.iter().filter(are);
    let ids: Vec<_> = ids.map(|class| class.id.to_string()).collect();
    (!ids.is_empty()).then(|| ids.join(", "))
}

fn needs(plan: &Plan) -> Option<String> {
    let ids = classes(plan, |class| {
        !class.stones.is_empty() || !class.prerequisites.is_empty()
    })?;
    Some(format!(
        "a release or another class that must come first (`needs` of {ids})"
    ))
}

fn promotion(plan: &Plan) -> Option<String> {
    let waves = plan.tracks.hotfix.as_ref()?.waves.len();
    let ids = classes(plan, |class| class.is_safety_relevant)?;
    (waves > 1).then(|| format!("a person, who opens each wave but the first ({ids})"))
}

fn question(plan: &Plan) -> Option<String> {
    let waves = plan.tracks.hotfix.as_ref()?.waves.len();
    let is_compared = !plan.health.soft.is_empty() && waves > 1;
    is_compared.then(|| "a person, who is asked where soft signals can't tell".to_owned())
}

fn window_end(plan: &Plan) -> Option<String> {
    let rollout = &plan.rollout;
    let late = rollout.poll.saturating_mul(ASKS_LATER_PERCENT) / 100;
    let open = SignedDuration::from_mins(i64::from(rollout.window.minutes()));
    let is_short = !rollout.window.never_closes() && rollout.jitter.saturating_add(late) >= open;
    is_short.then(|| {
        "devices whose turn comes so late that they may ask after the window, each time: `jitter` is nearly as long as it is open".to_owned()
    })
}

fn outside(plan: &Plan) -> Option<String> {
    let waves = &plan.tracks.hotfix.as_ref()?.waves;
    match waves.last()? {
        Wave::Percent(100) => None,
        Wave::Percent(share) => Some(format!(
            "devices outside the hotfix track's waves, which end at {share} %"
        )),
        Wave::Canary => {
            Some("devices outside the canary, with which the hotfix track ends".to_owned())
        }
    }
}
