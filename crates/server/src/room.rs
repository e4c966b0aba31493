//! How much of what is dear may be under way at one moment, whoever asks for it. Read [`Room`].
//!
//! Who finds no room is told so at once, and comes back.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore, SemaphorePermit};

use crate::App;
use crate::delivery::LinkPlaces;
use crate::device_protocol::{DevicePlaces, Looks};
use crate::problem::Refused;

/// Artifacts taken in at one moment: each keeps a disk or a bucket busy, and a processor with its sums. Four of the largest ask for 8 GiB of
/// disk, and hold 64 MiB of memory where a bucket is written to.
const UPLOADS_MAX: usize = 4;
/// Senders who were refused and are heard on at one moment: each keeps a connection, and what it sends is thrown away.
const REFUSED_MAX: usize = 16;
/// Previews at one moment: each holds the devices of a class in memory, and keeps a processor busy.
const PREVIEWS_MAX: usize = 1;
/// Downloads whose payload is being opened at one moment. A disk does that at once; a bucket that hangs must leave most of
/// [`crate::flow::PLACES_MAX`] to check-ins, which bring holds and revocations to devices.
const OPENINGS_MAX: usize = 128;

/// The free places of each kind.
#[derive(Debug)]
pub(crate) struct Room {
    uploads: Semaphore,
    refused: Arc<Semaphore>,
    previews: Arc<Semaphore>,
    openings: Semaphore,
    /// Downloads by links.
    pub by_link: LinkPlaces,
    /// Downloads of devices, by what they show: a token or a certificate.
    pub by_device: DevicePlaces,
    /// Looks at downloads under way.
    pub looks: Arc<Looks>,
}

impl Default for Room {
    fn default() -> Self {
        Self {
            uploads: Semaphore::new(UPLOADS_MAX),
            refused: Arc::new(Semaphore::new(REFUSED_MAX)),
            previews: Arc::new(Semaphore::new(PREVIEWS_MAX)),
            openings: Semaphore::new(OPENINGS_MAX),
            by_link: LinkPlaces::default(),
            by_device: DevicePlaces::default(),
            looks: Arc::default(),
        }
    }
}

impl App {
    /// A place for one upload, as long as the answer is held.
    ///
    /// # Errors
    /// `server.busy` when there is none.
    pub(crate) fn upload_place(&self) -> Result<SemaphorePermit<'_>, Refused> {
        let uploads = &self.room.uploads;
        uploads.try_acquire().map_err(|_full| Refused::busy())
    }

    /// A place for a sender who was refused; none if there is none.
    pub(crate) fn refused_place(&self) -> Option<OwnedSemaphorePermit> {
        self.room.refused.clone().try_acquire_owned().ok()
    }

    /// A place for opening one payload, as long as the answer is held.
    ///
    /// # Errors
    /// `server.busy` when there is none.
    pub(crate) fn opening_place(&self) -> Result<SemaphorePermit<'_>, Refused> {
        let openings = &self.room.openings;
        openings.try_acquire().map_err(|_full| Refused::busy())
    }

    /// A place for one preview, as long as the answer is held: by the thread that works on it, which ends some milliseconds
    /// after the caller has left.
    ///
    /// # Errors
    /// `server.busy` when there is none.
    pub(crate) fn preview_place(&self) -> Result<OwnedSemaphorePermit, Refused> {
        let previews = self.room.previews.clone();
        previews
            .try_acquire_owned()
            .map_err(|_full| Refused::busy())
    }
}
