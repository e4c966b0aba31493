//! The service: a request's frame in, an answer's frame out.
//!
//! | request | what happens |
//! |---|---|
//! | upload | documents are put aside, verified, and the image is written: `upload.rs` |
//! | state: test | nothing more than a look: a bundle's word was to install it, so it is pending once it is whole |
//! | state: confirm | the running image's trial is over, if its own self-test passes too |
//! | reset | the owner restarts the device once the answer is out |
//!
//! An image that was uploaded is kept only if somebody on the line says so before its trial ends: that they can is
//! part of what an update must not break.

use mainstay_device::{Device, DeviceError, Flash, Slot, Storage, Want};
use mainstay_protocol::SelfTest;
use mainstay_smp::{Answer, Code, Failure, Header, ImageFailure, Request};
use mainstay_trust::Primitives;

use crate::images;
use crate::staging::Staging;
use crate::upload::{Progress, Target};

/// A device on a serial line.
#[derive(Debug)]
pub struct Service<S, P, R, F> {
    device: Device<S, P, R>,
    staging: Staging<F>,
    upload: Progress,
    /// Bytes that a client may send at once, framing included.
    buffer_bytes: u16,
    /// The newest self-test of what runs.
    self_test: SelfTest,
    /// Whether somebody on the line wants what runs to be kept.
    keeps: bool,
    restarts: bool,
}

impl<S: Storage, P: Primitives, R: AsRef<[u8]>, F: Flash> Service<S, P, R, F> {
    /// A service for a device that has started, with a client that may send `buffer_bytes` at once.
    #[must_use]
    pub fn new(device: Device<S, P, R>, staging: Staging<F>, buffer_bytes: u16) -> Self {
        Self {
            device,
            staging,
            upload: Progress::Idle,
            buffer_bytes,
            self_test: SelfTest::NotRun,
            keeps: false,
            restarts: false,
        }
    }

    /// Does what a frame asks, and writes the answer into `buffer`. Returns its length; none if the frame can't be
    /// answered, or the answer doesn't fit.
    pub fn answer(&mut self, frame: &[u8], now_ms: u64, buffer: &mut [u8]) -> Option<usize> {
        match Request::read(frame) {
            Ok((header, request)) => self.serve(&header, &request, now_ms, buffer),
            Err(unread) => Answer::No(unread.failure).write(&unread.header?, buffer),
        }
    }

    fn serve(
        &mut self,
        header: &Header,
        request: &Request<'_>,
        now_ms: u64,
        buffer: &mut [u8],
    ) -> Option<usize> {
        let done = match *request {
            Request::Echo(text) => Ok(Answer::Echo(text)),
            Request::Parameters => Ok(Answer::Parameters {
                buffer_bytes: self.buffer_bytes,
            }),
            Request::Reset => {
                self.restarts = true;
                Ok(Answer::Done)
            }
            Request::ReadState => return self.images(header, buffer),
            Request::WriteState { hash, confirm } => {
                let written = match confirm {
                    true => self.confirm(hash, now_ms),
                    false => self.test(hash),
                };
                match written {
                    Ok(()) => return self.images(header, buffer),
                    Err(failure) => Err(failure),
                }
            }
            Request::Upload(part) => {
                let mut target = Target {
                    device: &mut self.device,
                    staging: &mut self.staging,
                    now_ms,
                };
                let next = self.upload.take(&part, &mut target);
                next.map(|offset| Answer::Uploaded { offset })
            }
        };
        done.unwrap_or_else(Answer::No).write(header, buffer)
    }

    fn images(&self, header: &Header, buffer: &mut [u8]) -> Option<usize> {
        images::write(&self.device, header, buffer)
            .unwrap_or_else(|error| Answer::No(failed(error)).write(header, buffer))
    }

    /// An image that is whole is pending already; this only says no for any other.
    fn test(&self, hash: Option<&[u8]>) -> Result<(), Failure<'static>> {
        let slot = self.slot_of(hash.ok_or(Code::Invalid)?)?;
        let trial = self.device.record().trial;
        if self.device.running_slot() == Some(slot) {
            return Err(ImageFailure::TestOfActive.into());
        }
        match trial.is_some_and(|trial| trial.slot == slot) {
            true => Ok(()),
            false => Err(ImageFailure::NoImage.into()),
        }
    }

    fn confirm(&mut self, hash: Option<&[u8]>, now_ms: u64) -> Result<(), Failure<'static>> {
        let running = self.device.running_slot();
        if let Some(hash) = hash
            && running != Some(self.slot_of(hash)?)
        {
            return Err(ImageFailure::ConfirmationDenied.into());
        }
        if running.is_none() {
            return Err(ImageFailure::NoImage.into());
        }
        self.keeps = true;
        if self.device.is_on_trial() {
            let verdict = self.verdict();
            self.device.looked(verdict, now_ms).map_err(failed)?;
        }
        match self.device.is_on_trial() {
            true => Err(Failure::General(Code::BadState, Some("serial.not-yet"))),
            false => Ok(()),
        }
    }

    /// The slot whose image has this digest.
    fn slot_of(&self, hash: &[u8]) -> Result<Slot, Failure<'static>> {
        for slot in [Slot::A, Slot::B] {
            let head = self.device.storage().head(slot).map_err(failed)?;
            if head.is_some_and(|head| head.image_digest.0 == *hash) {
                return Ok(slot);
            }
        }
        Err(ImageFailure::HashNotFound.into())
    }

    /// What is known of the image on trial: it passes only if somebody on the line says so too.
    fn verdict(&self) -> SelfTest {
        match self.self_test {
            SelfTest::Passed if !self.keeps => SelfTest::NotRun,
            known => known,
        }
    }

    /// Lets time pass; `self_test` is the newest of what runs. To be called several times in a second.
    ///
    /// # Errors
    /// If flash fails.
    pub fn tick(&mut self, self_test: SelfTest, now_ms: u64) -> Result<(), DeviceError> {
        self.self_test = self_test;
        match self.device.wants(now_ms) {
            Want::Look => self.device.looked(self.verdict(), now_ms),
            _ => Ok(()),
        }
    }

    /// Whether the device is to be restarted now: a client wants it, or what runs was given up.
    #[must_use]
    pub fn restarts(&self) -> bool {
        let trial = self.device.record().trial;
        self.restarts || trial.is_some_and(|trial| trial.given_up.is_some())
    }

    /// The device.
    #[must_use]
    pub fn device(&self) -> &Device<S, P, R> {
        &self.device
    }

    /// Switches off; only what is stored stays.
    #[must_use]
    pub fn power_off(self) -> (Device<S, P, R>, Staging<F>) {
        (self.device, self.staging)
    }
}

fn failed(error: impl Into<DeviceError>) -> Failure<'static> {
    Failure::General(Code::Unknown, Some(error.into().id()))
}
