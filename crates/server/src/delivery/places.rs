//! How many downloads by links are under way, and by which.
//!
//! Whoever has a link needs no login, and each download takes turns with those of devices on the server's line: so one link that leaked would be as many
//! turns as its holder likes. Here it is a few. Read [`LinkPlaces`].

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::body::Body;
use axum::response::Response;
use futures_util::TryStreamExt as _;
use mainstay_fleet::DeviceId;
use mainstay_trust::Digest;

use super::link::Link;
use crate::problem::Refused;

/// Downloads at one moment by links of one device to one payload, until their last byte: it fetches one piece after the other, and goes on where a
/// connection broke that this server hasn't seen break yet.
const OF_A_DEVICE_MAX: usize = 4;

/// The same by links for many: each cache in front asks for a payload once, or for some parts of it.
const OF_MANY_MAX: usize = 32;

/// The same by all links together, whoever has them.
const OF_ALL_MAX: usize = 64;

/// What is fetched, and by whose links. One that is made anew while another one is good is no other one.
type Key = (Digest, Option<DeviceId>);

/// The downloads by links that are under way.
#[derive(Debug, Default)]
pub(crate) struct LinkPlaces(Arc<Mutex<BTreeMap<Key, usize>>>);

/// The place of one of them, until this is dropped.
#[derive(Debug)]
pub(super) struct LinkPlace {
    taken: Arc<Mutex<BTreeMap<Key, usize>>>,
    key: Key,
}

impl LinkPlaces {
    /// A place for one download by this link.
    ///
    /// # Errors
    /// `server.busy` if there is none: a device asks the server itself then.
    pub(super) fn take(&self, link: &Link) -> Result<LinkPlace, Refused> {
        let key = (link.image, link.device.clone());
        let max = match key.1 {
            Some(_) => OF_A_DEVICE_MAX,
            None => OF_MANY_MAX,
        };
        let mut taken = lock(&self.0);
        let (all, own): (usize, usize) = (
            taken.values().sum(),
            taken.get(&key).copied().unwrap_or_default(),
        );
        if own >= max || all >= OF_ALL_MAX {
            return Err(Refused::busy());
        }
        taken.insert(key.clone(), own + 1);
        Ok(LinkPlace {
            taken: self.0.clone(),
            key,
        })
    }
}

impl LinkPlace {
    /// The same answer, which holds the place until its last byte has left or nobody waits for it any more.
    pub fn held_by(self, response: Response) -> Response {
        response.map(|body| {
            Body::from_stream(body.into_data_stream().inspect_ok(move |_piece| {
                let _held = &self;
            }))
        })
    }
}

impl Drop for LinkPlace {
    fn drop(&mut self) {
        let mut taken = lock(&self.taken);
        match taken.get_mut(&self.key) {
            Some(own) if *own > 1 => *own -= 1,
            _ => {
                taken.remove(&self.key);
            }
        }
    }
}

fn lock(taken: &Mutex<BTreeMap<Key, usize>>) -> MutexGuard<'_, BTreeMap<Key, usize>> {
    // Each change is one number.
    taken.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn link(image: u8, device: Option<&str>) -> Link {
        Link {
            image: Digest([image; 32]),
            expires_s: 1_800_000_000,
            device: device.map(|name| DeviceId::new(name).unwrap()),
        }
    }

    #[test]
    fn one_link_has_few_places_and_gives_them_back() {
        let places = LinkPlaces::default();
        let (own, other) = (link(1, Some("th-1")), link(1, Some("th-2")));
        let anew = Link {
            expires_s: own.expires_s + 900,
            ..own.clone()
        };
        let mut held: Vec<_> = (0..3).map(|_| places.take(&own).unwrap()).collect();
        held.push(places.take(&anew).unwrap());
        for refused in [&own, &anew] {
            assert_eq!(places.take(refused).unwrap_err().id(), "server.busy");
        }
        let others = places.take(&other).unwrap();
        held.pop();
        held.push(places.take(&own).unwrap());
        places.take(&own).unwrap_err();
        drop((held, others));
        assert!(lock(&places.0).is_empty(), "nothing is left behind");
    }

    #[test]
    fn all_links_together_leave_the_line_to_devices() {
        let places = LinkPlaces::default();
        let mut held = Vec::new();
        for image in 0..9 {
            let many = link(image, None);
            while let Ok(place) = places.take(&many) {
                held.push(place);
            }
            let expected = (usize::from(image) + 1) * OF_MANY_MAX;
            assert_eq!(held.len(), expected.min(OF_ALL_MAX), "{image}");
        }
        places.take(&link(9, Some("th-1"))).unwrap_err();
        held.pop();
        places.take(&link(9, Some("th-1"))).unwrap();
    }
}
