//! Who is connected, and who makes room for whoever comes. Read [`Crowd`].
//!
//! Being silent costs its peer nothing and this server a place, so that whoever wants to keep others out would only have to be silent
//! often enough. Therefore a newcomer is never turned away for the sake of somebody silent: those who have shown no request go first, and then
//! those that rest longest. Only where every place is at work a newcomer is turned away.

use std::collections::{BTreeMap, HashMap};
use std::io;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use mainstay_access::Origin;
use tokio::sync::Notify;
use tokio::time::Instant;

use super::bounds::Bounds;
use super::pulse::{Pulse, Silence};
use crate::settings::TrustedProxies;

/// Looking for those who make room takes a walk over all, so that one walk makes room for several: one in so many of those that are there.
const ROOM_SHARE: usize = 16;

/// That there are too many connections is logged this often at most, with how many it was about.
const TELL_AGAIN: Duration = Duration::from_secs(60);

/// All connections that are there.
#[derive(Debug)]
pub(super) struct Crowd {
    bounds: Bounds,
    trusted: TrustedProxies,
    there: Mutex<There>,
    gone: Notify,
}

#[derive(Debug, Default)]
struct There {
    /// The next guest's number.
    next: u64,
    /// Those who were told to make room are none any more: they leave within milliseconds, or once their request is answered.
    guests: HashMap<u64, Arc<Pulse>>,
    of_one: BTreeMap<Origin, usize>,
    made_room: u64,
    turned_away: u64,
    told: Option<Instant>,
}

/// One connection that is there; leaves the crowd when it goes.
#[derive(Debug)]
pub(super) struct Guest {
    /// What it is doing.
    pub pulse: Arc<Pulse>,
    number: u64,
    crowd: Arc<Crowd>,
}

impl Crowd {
    /// Nobody yet.
    pub fn new(bounds: Bounds, trusted: TrustedProxies) -> Self {
        Self {
            bounds,
            trusted,
            there: Mutex::default(),
            gone: Notify::new(),
        }
    }

    /// Takes in a connection from this address; none if every place that it could have is at work.
    pub fn admit(self: &Arc<Self>, address: IpAddr) -> Option<Guest> {
        let from = (!self.trusted.include(address)).then(|| Origin::of(address));
        let mut there = self.there();
        if !there.has_room(from, &self.bounds) {
            there.turned_away += 1;
            there.tell();
            return None;
        }
        let (number, pulse) = (there.next, Arc::new(Pulse::new(from)));
        there.next += 1;
        there.guests.insert(number, pulse.clone());
        if let Some(from) = from {
            *there.of_one.entry(from).or_default() += 1;
        }
        Some(Guest {
            pulse,
            number,
            crowd: self.clone(),
        })
    }

    /// The operating system has no descriptor left: room is made for whoever waits to be taken in.
    pub fn out_of_descriptors(&self, error: &io::Error) {
        let mut there = self.there();
        there.make_room(None);
        if there.tell() {
            tracing::error!(%error, "connections can't be taken in");
        }
    }

    /// Tells everybody to leave once their request is answered.
    pub fn all_leave(&self) {
        for pulse in self.there().guests.values() {
            pulse.leave();
        }
    }

    /// Waits until nobody is there.
    pub async fn emptied(&self) {
        loop {
            let gone = self.gone.notified();
            if self.there().guests.is_empty() {
                return;
            }
            gone.await;
        }
    }

    fn there(&self) -> MutexGuard<'_, There> {
        // Two maps that disagree after a panic count somebody who has gone, and no more.
        self.there.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl There {
    /// Whether somebody from there can be taken in, perhaps because others make room: first of the same address, if that has its share.
    fn has_room(&mut self, from: Option<Origin>, bounds: &Bounds) -> bool {
        let of_one = from.and_then(|from| self.of_one.get(&from).copied());
        let has_share = of_one.unwrap_or(0) < bounds.of_one || self.make_room(from);
        has_share && (self.guests.len() < bounds.connections || self.make_room(None))
    }

    /// Tells some of those who are silent to leave, of one address if one is named; whether there were any.
    fn make_room(&mut self, of: Option<Origin>) -> bool {
        let now = Instant::now();
        let guests = self.guests.iter();
        let meant: Vec<_> = guests
            .filter(|(_, pulse)| of.is_none() || pulse.from == of)
            .collect();
        let most = meant.len() / ROOM_SHARE + 1;
        let silent = meant.into_iter();
        let mut silent: Vec<(Silence, u64)> = silent
            .filter_map(|(number, pulse)| Some((pulse.silence(now)?, *number)))
            .collect();
        silent.sort_unstable();
        silent.truncate(most);
        for (_, number) in &silent {
            if let Some(pulse) = self.remove(*number) {
                pulse.make_room();
                self.made_room += 1;
            }
        }
        !silent.is_empty()
    }

    fn remove(&mut self, number: u64) -> Option<Arc<Pulse>> {
        let pulse = self.guests.remove(&number)?;
        if let Some(from) = pulse.from
            && let Some(of_one) = self.of_one.get_mut(&from)
        {
            *of_one -= 1;
            if *of_one == 0 {
                self.of_one.remove(&from);
            }
        }
        Some(pulse)
    }

    /// Tells how it stands, if that wasn't told just now; whether it did.
    fn tell(&mut self) -> bool {
        let now = Instant::now();
        if self.told.is_some_and(|told| now - told < TELL_AGAIN) {
            return false;
        }
        let (open, made_room, turned_away) = (self.guests.len(), self.made_room, self.turned_away);
        tracing::warn!(open, made_room, turned_away, "too many connections");
        self.told = Some(now);
        (self.made_room, self.turned_away) = (0, 0);
        true
    }
}

impl Drop for Guest {
    fn drop(&mut self) {
        let mut there = self.crowd.there();
        there.remove(self.number);
        if there.guests.is_empty() {
            self.crowd.gone.notify_waiters();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::{Asked, read};

    const SECOND: Duration = Duration::from_secs(1);

    fn crowd(connections: usize, of_one: usize) -> Arc<Crowd> {
        let bounds = Bounds {
            connections,
            of_one,
            ..Bounds::default()
        };
        Arc::new(Crowd::new(bounds, TrustedProxies::default()))
    }

    fn address(last: u8) -> IpAddr {
        IpAddr::from([192, 0, 2, last])
    }

    fn working(guest: Option<Guest>) -> Guest {
        let guest = guest.unwrap();
        guest.pulse.works();
        guest
    }

    #[tokio::test(start_paused = true)]
    async fn only_where_all_work_a_newcomer_is_turned_away() {
        let crowd = crowd(3, 3);
        let mut guests: Vec<_> = (1..=3)
            .map(|last| working(crowd.admit(address(last))))
            .collect();
        assert!(crowd.admit(address(4)).is_none());
        guests[1].pulse.rests();
        let newcomer = working(crowd.admit(address(4)));
        assert!(guests[1].pulse.may_go());
        tokio::time::timeout(SECOND, guests[1].pulse.told_to_leave())
            .await
            .unwrap();
        assert!(crowd.admit(address(5)).is_none(), "the one is asked once");
        guests.remove(1);
        assert!(crowd.admit(address(5)).is_none(), "its place is taken");
        drop(newcomer);
        assert!(crowd.admit(address(5)).is_some());
    }

    #[tokio::test(start_paused = true)]
    async fn an_address_that_has_its_share_makes_room_for_itself() {
        let crowd = crowd(100, 2);
        let other = crowd.admit(address(9)).unwrap();
        let own: Vec<_> = (0..2).map(|_| crowd.admit(address(1)).unwrap()).collect();
        tokio::time::advance(SECOND).await;
        let newest = working(crowd.admit(address(1)));
        let left = |guest: &Guest| !crowd.there().guests.contains_key(&guest.number);
        assert!(left(&own[0]) && !left(&own[1]) && !left(&other) && !left(&newest));
        own[1].pulse.works();
        assert!(crowd.admit(address(1)).is_none());
        assert!(crowd.admit(address(2)).is_some(), "others have room");
    }

    #[tokio::test(start_paused = true)]
    async fn a_flood_of_silence_makes_room_for_whoever_speaks() {
        let crowd = crowd(160, 160);
        let honest = working(crowd.admit(address(1)));
        honest.pulse.rests();
        let mut flood = Vec::new();
        for _ in 0..1000 {
            flood.push(crowd.admit(address(2)).unwrap());
            tokio::time::advance(SECOND / 50).await;
        }
        let there = crowd.there();
        assert!(there.guests.len() <= 160);
        assert!(there.guests.contains_key(&honest.number), "it has spoken");
        assert!(there.made_room >= 800, "{}", there.made_room);
    }

    #[tokio::test(start_paused = true)]
    async fn proxies_have_no_share_and_all_leave_at_the_end() {
        let crowd = crowd(100, 1);
        let asked = Asked {
            variables: [
                ("MAINSTAY_DATA", "data"),
                ("MAINSTAY_TRUSTED_PROXIES", "192.0.2.0/24"),
            ]
            .map(|(name, value)| (name.into(), value.into()))
            .into(),
            ..Asked::default()
        };
        let (settings, _) = read(&asked).settled().unwrap();
        let proxied = Arc::new(Crowd::new(crowd.bounds, settings.trusted_proxies));
        let guests: Vec<_> = (0..5).map(|_| working(proxied.admit(address(1)))).collect();
        assert!(proxied.there().of_one.is_empty());
        proxied.all_leave();
        for guest in &guests {
            tokio::time::timeout(SECOND, guest.pulse.told_to_leave())
                .await
                .unwrap();
        }
        let emptied = tokio::spawn({
            let proxied = proxied.clone();
            async move { proxied.emptied().await }
        });
        tokio::task::yield_now().await;
        assert!(!emptied.is_finished());
        drop(guests);
        tokio::time::timeout(SECOND, emptied)
            .await
            .unwrap()
            .unwrap();
    }
}
