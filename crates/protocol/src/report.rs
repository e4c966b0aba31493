//! Reports: what happened, numbered, so that a retry changes nothing.

use heapless::Vec;
use minicbor::decode::{Decoder, Error};
use minicbor::encode::{self, Encoder, Write};
use minicbor::{Decode, Encode};

use crate::event::Event;

/// The most reports in one message. An update makes four; a device that was offline for two failed
/// updates still tells all in one.
pub const REPORTS_MAX: usize = 16;

/// One thing that happened, when, and as which in the device's own order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Report {
    /// Rises by one with every report of a device, from 1; kept in flash. One that is numbered more than 2^20 beyond the last that the server knows isn't
    /// kept; of a device of which it knows none, any is.
    #[n(0)]
    pub seq: u32,
    /// When, in Unix seconds by the device's clock.
    #[n(1)]
    pub at: u64,
    /// What.
    #[n(2)]
    pub event: Event,
}

/// Reports in the order of their numbers, at most [`REPORTS_MAX`].
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ReportList(pub Vec<Report, REPORTS_MAX>);

/// Reports that don't wait for the next check-in.
#[derive(Debug, Clone, PartialEq, Eq, Default, Encode, Decode)]
#[cbor(map)]
pub struct Reports {
    /// What happened.
    #[n(0)]
    pub reports: ReportList,
}

impl<C> Encode<C> for ReportList {
    fn encode<W: Write>(
        &self,
        e: &mut Encoder<W>,
        ctx: &mut C,
    ) -> Result<(), encode::Error<W::Error>> {
        e.array(self.0.len() as u64)?;
        self.0.iter().try_for_each(|report| report.encode(e, ctx))
    }
}

impl<'b, C> Decode<'b, C> for ReportList {
    fn decode(d: &mut Decoder<'b>, ctx: &mut C) -> Result<Self, Error> {
        let count = d
            .array()?
            .ok_or_else(|| Error::message("an array has a length"))?;
        let mut reports = Vec::new();
        for _ in 0..count {
            let report = Report::decode(d, ctx)?;
            let rises = reports
                .last()
                .is_none_or(|last: &Report| last.seq < report.seq);
            if !rises {
                return Err(Error::message("report numbers rise"));
            }
            reports
                .push(report)
                .map_err(|_| Error::message("too many reports"))?;
        }
        Ok(Self(reports))
    }
}
