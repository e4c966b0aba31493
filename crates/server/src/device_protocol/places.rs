//! How many downloads of one device are under way, whichever protocol it speaks, and whose turn among them it is.
//!
//! Each piece of a payload takes its turn on the server's line. If downloads took turns, a device that opens a thousand would leave next to nothing to all others: so
//! devices take turns, and what one of them has open takes turns within its device's. None is refused that a client needs: RAUC asks for each block of
//! a bundle that it streams by a request of its own, many at once, and a few refusals fail the installation; and what a broken connection leaves open here, which may be
//! minutes, is one more. Only beyond what any of them opens the next one is refused. Read [`DevicePlaces`].

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::http::StatusCode;
use mainstay_fleet::DeviceId;
use tokio::sync::{Semaphore, SemaphorePermit};

use crate::problem::Refused;

/// Downloads of one device at one moment, until their last byte: as many as Linux has requests under way at a network block device, which is what RAUC reads
/// a streamed bundle by. Everybody else opens a few.
const OF_A_DEVICE_MAX: usize = 128;

/// One that was refused comes back after this: a connection that broke is seen to have broken within some minutes, and a piece is sent well before.
const AGAIN: Duration = Duration::from_secs(30);

/// The devices that download.
#[derive(Debug, Default)]
pub(crate) struct DevicePlaces(Arc<Mutex<Begun>>);

type Begun = BTreeMap<DeviceId, Own>;

/// What one device has under way.
#[derive(Debug)]
struct Own {
    downloads: usize,
    turn: Arc<Semaphore>,
}

/// The place of one download, until this is dropped.
#[derive(Debug)]
pub(crate) struct DevicePlace {
    begun: Arc<Mutex<Begun>>,
    device: DeviceId,
    turn: Arc<Semaphore>,
}

impl DevicePlaces {
    /// A place for one more download of this device.
    ///
    /// # Errors
    /// `flow.downloads` if it has as many as it may.
    pub fn take(&self, device: &DeviceId) -> Result<DevicePlace, Refused> {
        let mut begun = lock(&self.0);
        let own = begun.entry(device.clone()).or_insert_with(|| Own {
            downloads: 0,
            turn: Arc::new(Semaphore::new(1)),
        });
        if own.downloads >= OF_A_DEVICE_MAX {
            return Err(too_many());
        }
        own.downloads += 1;
        Ok(DevicePlace {
            begun: self.0.clone(),
            device: device.clone(),
            turn: own.turn.clone(),
        })
    }
}

impl DevicePlace {
    /// The device's turn to ask for a turn on the line, once those of its downloads have had theirs that asked before. It is one, however many there are.
    pub async fn turn(&self) -> SemaphorePermit<'_> {
        let turn = self.turn.acquire().await;
        turn.expect("nobody closes it")
    }
}

impl Drop for DevicePlace {
    fn drop(&mut self) {
        let mut begun = lock(&self.begun);
        match begun.get_mut(&self.device) {
            Some(own) if own.downloads > 1 => own.downloads -= 1,
            _ => {
                begun.remove(&self.device);
            }
        }
    }
}

fn too_many() -> Refused {
    Refused::new(
        StatusCode::TOO_MANY_REQUESTS,
        "flow.downloads",
        format_args!("This device has {OF_A_DEVICE_MAX} downloads under way already."),
        "Ask again once one of them has ended, or after the time that Retry-After tells; find why it opens so many.",
    )
    .tried_again_after(AGAIN)
}

fn lock(begun: &Mutex<Begun>) -> MutexGuard<'_, Begun> {
    // Each change is one entry, or one number.
    begun.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;

    use super::*;

    fn device(name: &str) -> DeviceId {
        DeviceId::new(name).unwrap()
    }

    #[test]
    fn a_device_has_so_many_places_and_gives_them_back() {
        let places = DevicePlaces::default();
        let (own, other) = (device("th-1"), device("th-2"));
        let taken = (0..OF_A_DEVICE_MAX).map(|_| places.take(&own).unwrap());
        let mut held: Vec<_> = taken.collect();
        let refused = places.take(&own).unwrap_err();
        assert_eq!(refused.id(), "flow.downloads");
        assert_eq!(refused.status(), StatusCode::TOO_MANY_REQUESTS);
        assert_eq!(refused.retry_after().unwrap(), "30");
        let others = places.take(&other).unwrap();
        held.pop();
        held.push(places.take(&own).unwrap());
        places.take(&own).unwrap_err();
        drop((held, others));
        assert!(lock(&places.0).is_empty(), "nothing is left behind");
    }

    #[test]
    fn a_device_has_one_turn_and_others_have_theirs() {
        let places = DevicePlaces::default();
        let taken = ["th-1", "th-1", "th-2"].map(|name| places.take(&device(name)).unwrap());
        let [first, second, other] = &taken;
        let turn = first.turn().now_or_never();
        assert!(turn.is_some());
        assert!(second.turn().now_or_never().is_none());
        assert!(other.turn().now_or_never().is_some());
        drop(turn);
        assert!(second.turn().now_or_never().is_some());
    }
}
