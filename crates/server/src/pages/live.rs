//! Pages that stay as the server has them: where browsers listen, and the script that does.
//!
//! Nobody is told what happened, only what it was about: the page is read again, as whoever looks may see it. What single devices do is no event;
//! for that the script reads the page anew from time to time. Each browser reads the store as `operator/listening.rs` does. Read [`listen`].

use std::collections::BTreeSet;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::http::{HeaderMap, HeaderValue};
use axum::response::{IntoResponse as _, Response};
use futures_util::stream::unfold;
use mainstay_access::Permission;
use mainstay_api::event::SUBJECT_BYTES_MAX;
use mainstay_report::{Live, LiveScript};
use mainstay_rollout::RolloutId;
use mainstay_store::{EventsAsked, StoreError};
use serde::Deserialize;
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};

use super::door::Visitor;
use crate::news::Seat;
use crate::operator::listening::{
    HEARTBEAT, LISTENS, READ_MAX, SILENCE, heard_last, is_so, stream,
};
use crate::problem::Refused;
use crate::sign_in::session;
use crate::{App, PagesAccess, authenticate};

/// So long after a session is over its browser hears nothing any more.
const MAY_FOR: Duration = Duration::from_secs(5);

/// The first thing that comes: a browser that is cut off comes again after two seconds.
const GREETING: &str = "retry: 2000\n: what pages show\n\n";

/// The places of browsers in which nobody has signed in: of a demonstration.
const OF_ANYBODY: &str = "anybody";

/// From when on a page hears of everything; to be read before its facts, since what happens while they are read is told then.
///
/// # Errors
/// If the store can't be read.
pub(super) async fn now(app: &App) -> Result<Live, StoreError> {
    Ok(Live {
        after: app.store.newest_event().await?,
        about: None,
    })
}

/// The same of a page that shows one rollout.
pub(super) fn of_rollout(id: RolloutId, live: Live) -> Live {
    Live {
        about: Some(format!("rollout/{id}")),
        ..live
    }
}

/// What a browser wants to hear of.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Words {
    /// What follows this event.
    after: Option<i64>,
    /// Of this subject, if not of any.
    about: Option<String>,
}

/// A browser that listens.
struct Watcher {
    app: Arc<App>,
    /// What shows whose it is; asked for again and again, it keeps no session going.
    headers: HeaderMap,
    about: Option<String>,
    /// Everything up to this number was told, or is about something else.
    told: i64,
    newest: watch::Receiver<i64>,
    over: watch::Receiver<bool>,
    until: Instant,
    /// Until then it is known that they may.
    may_until: Instant,
    /// Something is said by then.
    speaks_by: Instant,
    has_begun: bool,
    _seat: Seat,
}

/// `GET /live?after=...&about=...`.
pub(super) async fn listen(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    mut headers: HeaderMap,
    words: Result<Query<Words>, QueryRejection>,
) -> Result<Response, Refused> {
    let Query(Words { after, about }) = words.map_err(|_| no_page())?;
    let fits = |about: &String| (1..=SUBJECT_BYTES_MAX).contains(&about.len());
    if after.is_some_and(|after| after < 0) || about.as_ref().is_some_and(|about| !fits(about)) {
        return Err(no_page());
    }
    let newest = app.store.newest_event().await?;
    // Of what wasn't there yet nobody has heard: a store that was set back, or another one's page.
    let told = heard_last(&headers)?
        .or(after)
        .unwrap_or(newest)
        .min(newest);
    let viewer = visitor.viewer();
    let who = viewer.map_or_else(|| OF_ANYBODY.to_owned(), |viewer| viewer.email);
    let seat = app.news.seat(&format!("pages of {who}"))?;
    session::is_unattended(&mut headers);
    let now = Instant::now();
    let watcher = Watcher {
        headers,
        about,
        told,
        newest: app.news.newest(),
        over: app.news.over(),
        until: now + LISTENS,
        may_until: now + MAY_FOR,
        speaks_by: now + HEARTBEAT,
        has_begun: false,
        _seat: seat,
        app,
    };
    Ok(stream(Body::from_stream(unfold(watcher, Watcher::next))))
}

/// The refusal of words that no page of this server says.
fn no_page() -> Refused {
    Refused::bad(
        "live.words",
        "No page of this server listens like that.",
        format_args!(
            "Say as `after` a number from 0, and as `about` a subject of 1 to {SUBJECT_BYTES_MAX} bytes, such as rollout/3; or neither."
        ),
    )
}

impl Watcher {
    /// What comes next, and who hears it; nothing at the end. Whatever fails ends the stream: the browser comes again, and is told what is wrong.
    async fn next(mut self) -> Option<(Result<Bytes, Infallible>, Self)> {
        if !self.has_begun {
            self.has_begun = true;
            return self.says(GREETING.to_owned());
        }
        loop {
            if *self.over.borrow() || Instant::now() >= self.until {
                return None;
            }
            if Instant::now() >= self.may_until {
                let may = may_look(&self.app, &self.headers);
                self.app.guard.while_heard(may).await?.ok()?;
                self.may_until = Instant::now() + MAY_FOR;
            }
            let newest = *self.newest.borrow_and_update();
            if newest > self.told {
                let app = self.app.clone();
                let told = app.guard.while_heard(self.subjects()).await?.ok()?;
                if let Some(text) = said(&told, self.told) {
                    return self.says(text);
                }
                continue;
            }
            tokio::select! {
                changed = self.newest.changed() => changed.ok()?,
                () = is_so(&mut self.over) => return None,
                () = sleep_until(self.until) => return None,
                () = sleep_until(self.may_until) => {}
                () = sleep_until(self.speaks_by) => return self.says(SILENCE.to_owned()),
            }
        }
    }

    /// What the events were about that weren't told yet.
    async fn subjects(&mut self) -> Result<BTreeSet<String>, StoreError> {
        let asked = EventsAsked {
            after: self.told,
            limit: READ_MAX,
            kind: None,
            subject: self.about.as_deref(),
        };
        let found = self.app.store.events(&asked).await?;
        // Those between that were forgotten may have been about anything.
        let missed = (found.oldest > self.told + 1).then(|| "something".to_owned());
        let is_all = found.events.len() < READ_MAX as usize;
        let last = found.events.last().map(|event| event.number);
        self.told = match last.filter(|_| !is_all) {
            Some(last) => last,
            None => found.newest.max(self.told),
        };
        let subjects = found.events.into_iter();
        let subjects = subjects.map(|event| event.happened.subject);
        Ok(subjects.chain(missed).collect())
    }

    fn says(mut self, text: String) -> Option<(Result<Bytes, Infallible>, Self)> {
        self.speaks_by = Instant::now() + HEARTBEAT;
        Some((Ok(Bytes::from(text)), self))
    }
}

/// That these changed, as of this event; nothing if nothing did. A subject has no line breaks.
fn said(subjects: &BTreeSet<String>, told: i64) -> Option<String> {
    let subjects: Vec<_> = subjects.iter().map(String::as_str).collect();
    let text = subjects.join(", ");
    (!text.is_empty()).then(|| format!("id: {told}\nevent: changed\ndata: {text}\n\n"))
}

/// Whether whoever shows these may still look at pages.
async fn may_look(app: &App, headers: &HeaderMap) -> Result<(), Refused> {
    match authenticate::caller(app, headers, Permission::Read).await {
        Err(refused) if app.config.pages != PagesAccess::Anyone => Err(refused),
        _ => Ok(()),
    }
}

/// Which text a browser wants.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Version {
    v: Option<String>,
}

/// `GET /live.js?v=...`: everybody's, and theirs to keep where the address names this very text.
pub(super) async fn script(version: Result<Query<Version>, QueryRejection>) -> Response {
    let shown = version.ok().and_then(|Query(version)| version.v);
    let kept = match shown.is_some_and(|shown| LiveScript::is_version(&shown)) {
        true => "public, max-age=31536000, immutable",
        false => "no-cache",
    };
    let headers = [
        (
            CONTENT_TYPE,
            HeaderValue::from_static("text/javascript; charset=utf-8"),
        ),
        (CACHE_CONTROL, HeaderValue::from_static(kept)),
    ];
    (headers, LiveScript::TEXT).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_changed_is_named() {
        let subjects = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        assert_eq!(said(&subjects(&[]), 17), None);
        let both = said(&subjects(&["rollout/3", "incident/1"]), 17);
        let expected = "id: 17\nevent: changed\ndata: incident/1, rollout/3\n\n";
        assert_eq!(both.as_deref(), Some(expected));
    }
}
