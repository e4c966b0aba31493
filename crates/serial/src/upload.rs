//! One upload: which part is expected next, and where it goes.
//!
//! ```text
//!          first part            documents whole, and admitted        last byte
//!   Idle ------------> Documents ------------------------------> Image ---------> Idle, an image is pending
//!    ^                    |                                        |
//!    +--- refused --------+---------------- refused ---------------+
//! ```
//!
//! A part that doesn't belong where it stands changes nothing: the answer says where the next one does.

use mainstay_device::{Device, DeviceError, Flash, Storage};
use mainstay_protocol::Event;
use mainstay_smp::{Code, Failure, ImageFailure, Upload};
use mainstay_trust::{Primitives, Refusal};

use crate::bundle_start::BundleStart;
use crate::staging::{NAME_BYTES, Session, Staging};

/// An upload under way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Progress {
    /// None.
    Idle,
    /// So many bytes of documents have come.
    Documents(Session, u32),
    /// The image comes, which begins at this byte of the whole.
    Image(Session, u32),
}

/// The two places that an upload goes to.
pub(crate) struct Target<'t, S, P, R, F> {
    pub(crate) device: &'t mut Device<S, P, R>,
    pub(crate) staging: &'t mut Staging<F>,
    pub(crate) now_ms: u64,
}

/// The offset of the next part, or no.
type Next = Result<u32, Failure<'static>>;

impl Progress {
    /// Takes a part.
    pub(crate) fn take<S: Storage, P: Primitives, R: AsRef<[u8]>, F: Flash>(
        &mut self,
        part: &Upload<'_>,
        target: &mut Target<'_, S, P, R, F>,
    ) -> Next {
        if part.offset == 0
            && let Some(next) = self.begin(part, target)?
        {
            return Ok(next);
        }
        let taken = match *self {
            Self::Idle => Err(Code::BadState.into()),
            Self::Documents(session, at) => self.documents(session, at, part, target),
            Self::Image(session, start) => self.image(session, start, part, target),
        };
        if taken.is_err() {
            *self = Self::Idle;
        }
        taken
    }

    /// A first part: of something new, or of what is under way already. Returns where to go on, if not with this
    /// part.
    fn begin<S: Storage, P: Primitives, R: AsRef<[u8]>, F: Flash>(
        &mut self,
        part: &Upload<'_>,
        target: &mut Target<'_, S, P, R, F>,
    ) -> Result<Option<u32>, Failure<'static>> {
        let session = session(part)?;
        target.check_ready()?;
        match *self {
            Self::Documents(under_way, at) if under_way == session => return Ok(Some(at)),
            Self::Image(under_way, start) if under_way == session => {
                return target.next(start, session.length).map(Some);
            }
            _ => *self = Self::Idle,
        }
        target.device.set_aside(target.now_ms).map_err(failed)?;
        if let Some(length) = target.staging.sealed(&session).map_err(failed)? {
            return self.verify(session, length, target).map(Some);
        }
        target.staging.clear().map_err(failed)?;
        *self = Self::Documents(session, 0);
        Ok(None)
    }

    fn documents<S: Storage, P: Primitives, R: AsRef<[u8]>, F: Flash>(
        &mut self,
        session: Session,
        at: u32,
        part: &Upload<'_>,
        target: &mut Target<'_, S, P, R, F>,
    ) -> Next {
        if part.offset != at {
            return Ok(at);
        }
        let room = target.staging.room().min(session.length).saturating_sub(at) as usize;
        let is_last = part.data.len() >= room;
        let data = &part.data[..room.min(part.data.len())];
        let data = whole(data, is_last, target.staging.write_bytes())?;
        target.staging.append(at, data).map_err(failed)?;
        let length = at + data.len() as u32;
        *self = Self::Documents(session, length);
        let Some((documents_bytes, whole_bytes)) = target.staged(length)? else {
            return match is_last {
                true => Err(no_room(session, target.staging.room())),
                false => Ok(length),
            };
        };
        if whole_bytes != u64::from(session.length) {
            return Err(because("serial.other-length"));
        }
        target
            .staging
            .seal(&session, documents_bytes)
            .map_err(failed)?;
        self.verify(session, documents_bytes, target)
    }

    /// Lets the device decide on documents that are whole.
    fn verify<S: Storage, P: Primitives, R: AsRef<[u8]>, F: Flash>(
        &mut self,
        session: Session,
        length: u32,
        target: &mut Target<'_, S, P, R, F>,
    ) -> Next {
        target.offer(length)?;
        *self = Self::Image(session, length);
        target.next(length, session.length)
    }

    fn image<S: Storage, P: Primitives, R: AsRef<[u8]>, F: Flash>(
        &mut self,
        session: Session,
        start: u32,
        part: &Upload<'_>,
        target: &mut Target<'_, S, P, R, F>,
    ) -> Next {
        let expected = target.next(start, session.length)?;
        if part.offset != expected {
            return Ok(expected);
        }
        let is_last = part.data.len() as u64 + u64::from(part.offset) >= session.length.into();
        let data = whole(part.data, is_last, target.staging.write_bytes())?;
        let taken = target.device.take_image_bytes(data, target.now_ms);
        taken.map_err(failed)?;
        let next = target.next(start, session.length)?;
        if next == session.length {
            *self = Self::Idle;
        }
        Ok(next)
    }
}

impl<S: Storage, P: Primitives, R: AsRef<[u8]>, F: Flash> Target<'_, S, P, R, F> {
    /// Whether there is a slot to write to.
    fn check_ready(&self) -> Result<(), Failure<'static>> {
        if self.device.is_on_trial() {
            return Err(Failure::General(Code::BadState, Some("serial.on-trial")));
        }
        match self.device.record().trial {
            Some(_) => Err(ImageFailure::AlreadyPending.into()),
            None => Ok(()),
        }
    }

    /// Bytes of the documents, and of the whole bundle, if the documents are whole in the first `length` bytes.
    fn staged(&self, length: u32) -> Result<Option<(u32, u64)>, Failure<'static>> {
        let staged = self.staging.documents(length).map_err(failed)?;
        let start = BundleStart::read(staged.as_ref()).map_err(|error| because(error.id()))?;
        Ok(start.map(|start| {
            let whole_bytes = start.bytes as u64 + u64::from(start.image_bytes);
            (start.bytes as u32, whole_bytes)
        }))
    }

    /// Hands the documents to the device, which decides.
    #[inline(never)]
    fn offer(&mut self, length: u32) -> Result<(), Failure<'static>> {
        let staged = self.staging.documents(length).map_err(failed)?;
        let start = BundleStart::read(staged.as_ref()).map_err(|error| because(error.id()))?;
        let start = start.ok_or_else(|| because("bundle.cut-short"))?;
        self.device
            .take_bundle(&start.parts(), self.now_ms)
            .map_err(failed)
    }

    /// Where the next part belongs, if the image begins at `start`; `end` if it is whole. No, if the device gave it up.
    fn next(&self, start: u32, end: u32) -> Next {
        if let Some(fetching) = self.device.fetching() {
            return Ok(start + fetching.offset);
        }
        match self.device.record().trial {
            Some(_) => Ok(end),
            None => Err(self.refusal()),
        }
    }

    /// Why nothing is being installed.
    fn refusal(&self) -> Failure<'static> {
        let newest = self.device.record().reports.last();
        if let Some(Event::Failed { cause, .. }) = newest.map(|report| report.event) {
            return Failure::General(Code::Unknown, Some(cause.id()));
        }
        match self.device.last_refusal() {
            Some(Refusal::PayloadDigest) => {
                Failure::General(Code::Corrupt, Some(Refusal::PayloadDigest.id()))
            }
            Some(refusal) => Failure::General(Code::AccessDenied, Some(refusal.id())),
            None => Code::BadState.into(),
        }
    }
}

fn session(part: &Upload<'_>) -> Result<Session, Failure<'static>> {
    let length = part.length.ok_or(ImageFailure::InvalidLength)?;
    let given = part.name.unwrap_or_default();
    let mut name = [0; NAME_BYTES];
    let room = name.get_mut(..given.len());
    room.ok_or(Code::Invalid)?.copy_from_slice(given);
    Ok(Session { length, name })
}

/// As much of a part as flash can be written with.
fn whole(data: &[u8], is_last: bool, write_bytes: usize) -> Result<&[u8], Failure<'static>> {
    if is_last {
        return Ok(data);
    }
    match data.len() - data.len() % write_bytes {
        0 => Err(because("serial.part-too-small")),
        whole => Ok(&data[..whole]),
    }
}

/// All came, or all that fits, and it is no whole start.
fn no_room(session: Session, room: u32) -> Failure<'static> {
    match session.length <= room {
        true => because("bundle.cut-short"),
        false => Failure::General(Code::NoMemory, Some("serial.documents-too-large")),
    }
}

fn because(id: &'static str) -> Failure<'static> {
    Failure::General(Code::Invalid, Some(id))
}

fn failed(error: impl Into<DeviceError>) -> Failure<'static> {
    Failure::General(Code::Unknown, Some(error.into().id()))
}
