//! What happened: a page at a time. As it happens: `listening.rs`.

use std::sync::Arc;

use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::http::HeaderMap;
use mainstay_access::Permission;
use mainstay_api::event::{EVENT_PAGE_MAX, EventKind, EventPage, SUBJECT_BYTES_MAX};
use mainstay_store::EventsAsked;
use serde::Deserialize;

use crate::problem::Refused;
use crate::{App, authenticate};

/// Which events somebody wants.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Words {
    /// Those behind this number.
    pub after: Option<i64>,
    /// So many at most.
    limit: Option<u32>,
    /// Of this kind.
    kind: Option<String>,
    /// About this.
    subject: Option<String>,
}

impl Words {
    /// The words of an address.
    ///
    /// # Errors
    /// `events.words` if they can't mean events.
    pub(super) fn read(words: Result<Query<Self>, QueryRejection>) -> Result<Self, Refused> {
        let Query(words) = words.map_err(|_| no_choice())?;
        let knows = |kind: &String| EventKind::from_id(kind).is_some();
        let fits = |subject: &String| (1..=SUBJECT_BYTES_MAX).contains(&subject.len());
        let is_one = words.after.is_none_or(|after| after >= 0)
            && words
                .limit
                .is_none_or(|limit| (1..=EVENT_PAGE_MAX).contains(&limit))
            && words.kind.as_ref().is_none_or(knows)
            && words.subject.as_ref().is_none_or(fits);
        if is_one { Ok(words) } else { Err(no_choice()) }
    }

    /// The same, of so many at a time at most.
    pub(super) fn at_most(self, most: u32) -> Self {
        let limit = Some(self.limit.map_or(most, |limit| limit.min(most)));
        Self { limit, ..self }
    }

    /// The page that begins behind this number.
    ///
    /// # Errors
    /// If the store can't be read; `events.ahead` if no event has that number yet.
    pub(super) async fn page(&self, app: &App, after: i64) -> Result<EventPage, Refused> {
        let limit = self.limit.unwrap_or(EVENT_PAGE_MAX);
        let asked = EventsAsked {
            after,
            limit,
            kind: self.kind.as_deref(),
            subject: self.subject.as_deref(),
        };
        let found = app.store.events(&asked).await?;
        // It is the page before that said where to go on, so this can't be unless another server, or a store that was set back, answers now.
        if after > found.newest && found.events.is_empty() {
            return Err(Refused::bad(
                "events.ahead",
                format_args!(
                    "There is no event {after}: the newest one is {}.",
                    found.newest
                ),
                "Say as `after` what this server gave as `next`; begin again with 0.",
            ));
        }
        Ok(EventPage::of(
            found.events,
            after,
            limit,
            found.newest,
            found.oldest,
        ))
    }
}

/// The refusal of words that mean no events.
pub(super) fn no_choice() -> Refused {
    Refused::bad(
        "events.words",
        "These words mean no events.",
        format_args!(
            "Say as `after` a number from 0, as `limit` one from 1 to {EVENT_PAGE_MAX}, as `kind` one such as rollout.halted, as `subject` \
             one such as rollout/3; or none of them."
        ),
    )
}

/// `GET /events?after=...&limit=...&kind=...&subject=...`.
pub(super) async fn list(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    words: Result<Query<Words>, QueryRejection>,
) -> Result<Json<EventPage>, Refused> {
    authenticate::caller(&app, &headers, Permission::Read).await?;
    let words = Words::read(words)?;
    let page = words.page(&app, words.after.unwrap_or(0)).await?;
    Ok(Json(page))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_can_mean_events_is_asked_for() {
        let long = "x".repeat(SUBJECT_BYTES_MAX + 1);
        for (words, can_be) in [
            ("", true),
            ("after=0&limit=1", true),
            (
                "after=7&limit=500&kind=rollout.halted&subject=rollout/3",
                true,
            ),
            ("after=-1", false),
            ("after=x", false),
            ("limit=0", false),
            ("limit=501", false),
            ("kind=rollout", false),
            ("subject=", false),
            (&*format!("subject={long}"), false),
            ("since=3", false),
        ] {
            let uri = format!("/events?{words}").parse().expect("an address");
            let read = Words::read(Query::try_from_uri(&uri));
            assert_eq!(read.is_ok(), can_be, "{words}");
        }
    }

    #[test]
    fn nobody_gets_more_at_a_time_than_the_most() {
        for (limit, expected) in [(None, 50), (Some(7), 7), (Some(500), 50)] {
            let words = Words {
                limit,
                ..Words::default()
            };
            assert_eq!(words.at_most(50).limit, Some(expected));
        }
    }
}
