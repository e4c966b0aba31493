//! What queries ask of values, as columns of its own: made here, for who writes a row and for who copies or checks one.

use std::borrow::Cow;

use jiff::Timestamp;
use mainstay_rollout::{FailureCause, Progress};
use mainstay_telemetry::Incident;
use serde::Deserialize;

/// What queries ask of a progress: its state, and from when on a report of another release says that the device is good again, for the
/// few that can't say so otherwise. Reports of the second in which it befell them came with it, and tell nothing of afterwards.
pub(crate) fn of_progress(progress: &Progress) -> (&'static str, Option<i64>) {
    let since = match progress {
        Progress::CannotReturn { at, .. } => Some(at),
        Progress::Failed {
            at,
            cause: FailureCause::Bricked | FailureCause::Lost | FailureCause::SelfTestLater,
            ..
        } => Some(at),
        _ => None,
    };
    let next_second = |at: &Timestamp| (at.as_second() + 1) * 1_000_000;
    (progress.id(), since.map(next_second))
}

/// PostgreSQL's texts bear every sign but one. It has no meaning in what devices say, and must not keep their later words from being
/// recorded.
pub(super) fn bearable(text: &str) -> Cow<'_, str> {
    match text.contains('\0') {
        true => text.replace('\0', "\u{fffd}").into(),
        false => text.into(),
    }
}

/// The release that a device says it has confirmed, if that is what it says; nothing in particular if it names none.
pub(crate) fn confirmed(event: &str) -> Option<String> {
    #[derive(Deserialize)]
    struct Said<'a> {
        #[serde(borrow)]
        event: Cow<'a, str>,
        release: Option<String>,
    }
    let said: Said<'_> = serde_json::from_str(event).ok()?;
    let release = said.release.unwrap_or_default();
    (said.event == "confirmed").then(|| bearable(&release).into_owned())
}

/// How many entries an incident's log has.
pub(crate) fn log_entries(incident: &Incident) -> i64 {
    i64::try_from(incident.log.len()).unwrap_or(i64::MAX)
}
