//! Who listens to what happens, and how they hear that there is something new. Read [`News`].
//!
//! Nobody who listens costs more than a connection and some hundred bytes: nothing waits in memory for a slow one, since each reads the events
//! from the store as fast as its client takes them.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::http::StatusCode;
use tokio::sync::watch;

use crate::problem::Refused;

/// So many listen to one server at a time: a fortieth of the connections that it takes by default, so that listening keeps no device out.
pub(crate) const LISTENERS_MAX: usize = 256;

/// So many of them are one person's: some pages and programs. Who has more has programs that don't end.
pub(crate) const LISTENERS_OF_ONE_MAX: usize = 16;

/// What listeners wait for.
#[derive(Debug, Default)]
pub(crate) struct News {
    newest: watch::Sender<i64>,
    over: watch::Sender<bool>,
    seats: Mutex<BTreeMap<String, usize>>,
}

impl News {
    /// The highest number of an event that this server knows of.
    pub fn newest(&self) -> watch::Receiver<i64> {
        self.newest.subscribe()
    }

    /// Notes the highest number.
    pub fn note(&self, number: i64) {
        self.newest.send_if_modified(|known| {
            let is_new = *known != number;
            *known = number;
            is_new
        });
    }

    /// Whether anybody listens.
    pub fn is_listened_to(&self) -> bool {
        !self.seats().is_empty()
    }

    /// True once nobody is to listen any more: the server stops.
    pub fn over(&self) -> watch::Receiver<bool> {
        self.over.subscribe()
    }

    /// Sends all listeners away.
    pub fn end(&self) {
        self.over.send_replace(true);
    }

    /// A place for one who listens, by the name of whoever's it is.
    ///
    /// # Errors
    /// `events.too-many-listeners` if there is none.
    pub fn seat(self: &Arc<Self>, who: &str) -> Result<Seat, Refused> {
        let mut seats = self.seats();
        let all: usize = seats.values().sum();
        let own = seats.get(who).copied().unwrap_or(0);
        if all >= LISTENERS_MAX || own >= LISTENERS_OF_ONE_MAX {
            return Err(Refused::new(
                StatusCode::SERVICE_UNAVAILABLE,
                "events.too-many-listeners",
                format_args!(
                    "{all} listen to this server, {own} of them for you: of {LISTENERS_MAX}, and {LISTENERS_OF_ONE_MAX} for one person."
                ),
                "End programs that listen, or ask for /api/v1/events from time to time.",
            ));
        }
        *seats.entry(who.to_owned()).or_default() += 1;
        Ok(Seat {
            news: self.clone(),
            who: who.to_owned(),
        })
    }

    fn seats(&self) -> MutexGuard<'_, BTreeMap<String, usize>> {
        // Each change is one number's.
        self.seats.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The place of one who listens; free again when it is dropped.
#[derive(Debug)]
pub(crate) struct Seat {
    news: Arc<News>,
    who: String,
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut seats = self.news.seats();
        if let Some(own) = seats.get_mut(&self.who) {
            *own = own.saturating_sub(1);
            if *own == 0 {
                seats.remove(&self.who);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn person(n: usize) -> String {
        format!("p{n}@northwind.example")
    }

    #[test]
    fn places_are_bounded_and_free_again() {
        let news = Arc::new(News::default());
        assert!(!news.is_listened_to());
        let mut own: Vec<_> = (0..LISTENERS_OF_ONE_MAX)
            .map(|_| news.seat(&person(0)).expect("a place"))
            .collect();
        let refused = news.seat(&person(0)).expect_err("all of theirs are taken");
        assert_eq!(refused.id(), "events.too-many-listeners");
        own.pop();
        news.seat(&person(0)).expect("one went");
        let others = (1..).flat_map(|n| [n; LISTENERS_OF_ONE_MAX]);
        let _others: Vec<_> = others
            .take(LISTENERS_MAX - own.len())
            .map(|n| news.seat(&person(n)).expect("a place"))
            .collect();
        news.seat(&person(999)).expect_err("all are taken");
        drop(own);
        news.seat(&person(999)).expect("some went");
        assert!(news.is_listened_to());
    }

    #[test]
    fn a_number_wakes_once() {
        let news = News::default();
        let newest = news.newest();
        news.note(0);
        assert!(!newest.has_changed().expect("it is there"));
        news.note(7);
        assert!(newest.has_changed().expect("it is there"));
    }
}
