//! What happens, as it happens: server-sent events (HTML Living Standard, section 9.2).
//!
//! Each listener reads from the store what its client takes, so one that reads slowly holds nothing in memory, and one that reads nothing is
//! closed by the front (`front/pulse.rs`). Nobody listens for ever: after [`LISTENS`] the stream ends, and a client comes again by itself with the
//! number that it heard last. Read [`Listener`].

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use axum::response::Response;
use futures_util::stream::unfold;
use mainstay_access::Permission;
use mainstay_api::event::{Event, EventPage};
use serde_json::json;
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};

use super::events::{Words, no_choice};
use crate::news::Seat;
use crate::problem::Refused;
use crate::sign_in::session;
use crate::{App, authenticate};

/// The media type of such a stream.
pub(crate) const EVENT_STREAM_MEDIA_TYPE: &str = "text/event-stream";

/// So often something comes, so that whatever stands between takes nobody for gone; and so often it is looked whether who listens still may.
pub(crate) const HEARTBEAT: Duration = Duration::from_secs(15);

/// So long a stream lasts: whoever balances connections over several servers gets them anew from time to time.
pub(crate) const LISTENS: Duration = Duration::from_secs(15 * 60);

/// So many events are read for a listener at a time: some ten kilobytes. That, times all listeners, is what waits for slow clients.
pub(crate) const READ_MAX: u32 = 50;

/// What a client says that it heard last.
const LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");

/// Tells a proxy to hand on each byte as it comes.
const BUFFERING: HeaderName = HeaderName::from_static("x-accel-buffering");

/// The first thing that comes: a client that is cut off comes again after two seconds.
const GREETING: &str = "retry: 2000\n: what happens at Mainstay\n\n";

/// Something that says nothing.
pub(crate) const SILENCE: &str = ":\n\n";

/// One who listens.
struct Listener {
    app: Arc<App>,
    /// What shows who it is.
    headers: HeaderMap,
    words: Words,
    /// Everything up to this number was told, or wasn't asked for.
    told: i64,
    newest: watch::Receiver<i64>,
    over: watch::Receiver<bool>,
    until: Instant,
    /// Until then it is known that they may.
    may_until: Instant,
    /// Something is said by then.
    speaks_by: Instant,
    has_begun: bool,
    /// There may be more than what was read last.
    is_behind: bool,
    _seat: Seat,
}

/// `GET /events/stream?after=...&kind=...&subject=...`.
pub(super) async fn listen(
    State(app): State<Arc<App>>,
    mut headers: HeaderMap,
    words: Result<Query<Words>, QueryRejection>,
) -> Result<Response, Refused> {
    let caller = authenticate::caller(&app, &headers, Permission::Read).await?;
    let words = Words::read(words)?.at_most(READ_MAX);
    let told = match heard_last(&headers)?.or(words.after) {
        Some(told) => {
            words.page(&app, told).await?;
            told
        }
        None => app.store.newest_event().await?,
    };
    let seat = app.news.seat(caller.email.as_str())?;
    let (newest, over) = (app.news.newest(), app.news.over());
    // Whoever only listens isn't at it.
    session::is_unattended(&mut headers);
    let now = Instant::now();
    let listener = Listener {
        headers,
        words,
        told,
        newest,
        over,
        until: now + LISTENS,
        may_until: now + HEARTBEAT,
        speaks_by: now + HEARTBEAT,
        has_begun: false,
        is_behind: true,
        _seat: seat,
        app,
    };
    Ok(stream(Body::from_stream(unfold(listener, Listener::next))))
}

/// An answer that goes on.
pub(crate) fn stream(body: Body) -> Response {
    let mut response = Response::new(body);
    let headers = response.headers_mut();
    let kind = HeaderValue::from_static(EVENT_STREAM_MEDIA_TYPE);
    headers.insert(CONTENT_TYPE, kind);
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(BUFFERING, HeaderValue::from_static("no"));
    response
}

/// The number that a client that comes again heard last.
///
/// # Errors
/// `events.words` if it is none.
pub(crate) fn heard_last(headers: &HeaderMap) -> Result<Option<i64>, Refused> {
    let Some(shown) = headers.get(LAST_EVENT_ID) else {
        return Ok(None);
    };
    let number = shown.to_str().ok().and_then(|text| text.parse().ok());
    let number = number.filter(|number| *number >= 0);
    number.map(Some).ok_or_else(no_choice)
}

impl Listener {
    /// What comes next, and who hears it; nothing at the end. Whatever fails ends the stream, as does a store that is silent: the client comes again, and is
    /// told what is wrong.
    async fn next(mut self) -> Option<(Result<Bytes, Infallible>, Self)> {
        if !self.has_begun {
            self.has_begun = true;
            return self.says(Bytes::from_static(GREETING.as_bytes()));
        }
        loop {
            if *self.over.borrow() || Instant::now() >= self.until {
                return None;
            }
            if Instant::now() >= self.may_until {
                let may = authenticate::caller(&self.app, &self.headers, Permission::Read);
                self.app.guard.while_heard(may).await?.ok()?;
                self.may_until = Instant::now() + HEARTBEAT;
            }
            let newest = *self.newest.borrow_and_update();
            if self.is_behind || newest > self.told {
                let page = self.words.page(&self.app, self.told);
                let page = self.app.guard.while_heard(page).await?.ok()?;
                let text = said(&page, self.told);
                (self.told, self.is_behind) = (page.next, page.more);
                if !text.is_empty() {
                    return self.says(Bytes::from(text));
                }
                continue;
            }
            tokio::select! {
                changed = self.newest.changed() => changed.ok()?,
                () = is_so(&mut self.over) => return None,
                () = sleep_until(self.until) => return None,
                () = sleep_until(self.speaks_by) => {
                    return self.says(Bytes::from_static(SILENCE.as_bytes()));
                }
            }
        }
    }

    fn says(mut self, text: Bytes) -> Option<(Result<Bytes, Infallible>, Self)> {
        self.speaks_by = Instant::now() + HEARTBEAT;
        Some((Ok(text), self))
    }
}

/// Waits until it is so, or nobody is left who could say so.
pub(crate) async fn is_so(over: &mut watch::Receiver<bool>) {
    let _ = over.wait_for(|over| *over).await;
}

/// A page as a stream says it, to somebody who was told everything up to a number.
fn said(page: &EventPage, told: i64) -> String {
    let mut text = String::new();
    if page.oldest > told + 1 {
        let missed = json!({"oldest": page.oldest});
        text.push_str(&format!("event: missed\ndata: {missed}\n\n"));
    }
    for event in &page.events {
        text.push_str(&frame(event));
    }
    text
}

/// JSON has no line breaks of its own, so that an event is one line of data.
fn frame(event: &Event) -> String {
    let data = serde_json::to_string(event).expect("texts and numbers");
    format!("id: {}\ndata: {data}\n\n", event.number)
}

#[cfg(test)]
mod tests {
    use mainstay_api::event::Happened;

    use super::*;

    fn page(numbers: &[i64], oldest: i64) -> EventPage {
        let event = |number: &i64| Event {
            number: *number,
            happened: Happened {
                at: jiff::Timestamp::UNIX_EPOCH,
                kind: "plan.activated".to_owned(),
                subject: "plan".to_owned(),
                by: None,
                what: "two\nlines".to_owned(),
                facts: Default::default(),
            },
        };
        let events = numbers.iter().map(event).collect();
        EventPage::of(events, 0, 10, 9, oldest)
    }

    #[test]
    fn an_event_is_two_lines_and_an_empty_one() {
        let data = |number| {
            format!(
                "id: {number}\ndata: {{\"number\":{number},\"at\":\"1970-01-01T00:00:00Z\",\"kind\":\"plan.activated\",\"subject\":\"plan\",\
                 \"what\":\"two\\nlines\"}}\n\n"
            )
        };
        let both = format!("{}{}", data(3), data(4));
        assert_eq!(said(&page(&[3, 4], 1), 2), both);
        assert_eq!(said(&page(&[], 1), 2), "");
        // Those between were forgotten.
        let missed = "event: missed\ndata: {\"oldest\":3}\n\n";
        assert_eq!(said(&page(&[3, 4], 3), 1), format!("{missed}{both}"));
        assert_eq!(said(&page(&[3, 4], 3), 2), both);
    }

    #[test]
    fn what_was_heard_last_is_a_number() {
        for (shown, expected) in [
            ("17", Ok(Some(17))),
            ("0", Ok(Some(0))),
            ("-1", Err(())),
            ("", Err(())),
            ("99999999999999999999", Err(())),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(LAST_EVENT_ID, shown.parse().expect("a value"));
            assert_eq!(heard_last(&headers).map_err(|_| ()), expected, "{shown}");
        }
        assert_eq!(heard_last(&HeaderMap::new()), Ok(None));
    }
}
