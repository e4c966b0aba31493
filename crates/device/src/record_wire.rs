//! The bytes of a [`Record`], of one fixed size.
//!
//! All numbers are little-endian.
//!
//! | offset | bytes | what |
//! |---|---|---|
//! | 0 | 4 | "MSJ2" |
//! | 4 | 4 | number of the record; the higher one of two counts |
//! | 8 | 1 | confirmed slot: 0, 1, or 255 for none |
//! | 9 | 1 | slot on trial: 0, 1, or 255 for none |
//! | 10 | 1 | trial boots left |
//! | 11 | 1 | slot of the download under way: 0, 1, or 255 for none |
//! | 12 | 4 | bytes of the download that are in flash for certain |
//! | 16 | 32 | manifest digest of the download |
//! | 48 | 32 | manifest digest of the confirmed release |
//! | 80 | 8 | its sequence number |
//! | 88 | 8 | highest security floor that was ever confirmed |
//! | 96 | 8 | newest authenticated instant, Unix seconds |
//! | 104 | 8 | number of the newest accepted status |
//! | 112 | 4 | number of the next report |
//! | 116 | 1 | reports kept |
//! | 117 | 1 | 1 if the confirmed slot is only a last resort, 2 if safe mode is due, 3 for both, else 0 |
//! | 118 | 1 | why the trial was given up: cause and one, or 0 if it wasn't |
//! | 119 | 1 | 1 if the release on trial came from a bundle, else 0 |
//! | 120 | 32 | manifest digest of the release on trial |
//! | 152 | 3 x 4 | epochs: of the confirmed release, of the floor, of the status |
//! | 164 | 4 | zero |
//! | 168 | 16 x 50 | reports: number (4), instant (8), kind, cause (1 each), refusal (2), manifest (32), zero (2) |
//! | 968 | 4 | CRC-32 (ISO-HDLC) of all before |

use crc::{CRC_32_ISO_HDLC, Crc};
use heapless::Vec;
use mainstay_protocol::{Event, InstallFailure, REPORTS_MAX, Report, RevertCause};
use mainstay_trust::{Counters, Digest, Mark};

use crate::record::{Download, Record, Trial};
use crate::slot::Slot;

/// Bytes of an encoded record.
pub const RECORD_BYTES: usize = 972;
const MAGIC: [u8; 4] = *b"MSJ2";
const NONE: u8 = 255;
const REPORTS_AT: usize = 168;
const REPORT_BYTES: usize = 50;
const CRC_AT: usize = RECORD_BYTES - 4;
/// Number and epoch of the confirmed release, the floor and the status.
const MARKS_AT: [(usize, usize); 3] = [(80, 152), (88, 156), (104, 160)];
#[cfg(not(feature = "fake"))]
pub(crate) const CRC: Crc<u32> = Crc::<u32>::new(&CRC_32_ISO_HDLC);
/// The same by larger tables, where millions of power-ups are simulated.
#[cfg(feature = "fake")]
pub(crate) static CRC: Crc<u32, crc::Table<16>> = Crc::<u32, crc::Table<16>>::new(&CRC_32_ISO_HDLC);

impl Record {
    /// The record's bytes.
    #[must_use]
    pub fn encode(&self) -> [u8; RECORD_BYTES] {
        let mut bytes = [0; RECORD_BYTES];
        self.encode_into(&mut bytes);
        bytes
    }

    /// Writes its bytes over all of `bytes`.
    pub(crate) fn encode_into(&self, bytes: &mut [u8; RECORD_BYTES]) {
        bytes.fill(0);
        let mut put = |at: usize, part: &[u8]| bytes[at..at + part.len()].copy_from_slice(part);
        put(0, &MAGIC);
        put(4, &self.number.to_le_bytes());
        put(8, &[slot_byte(self.confirmed)]);
        put(9, &[slot_byte(self.trial.map(|trial| trial.slot))]);
        put(10, &[self.trial.map_or(0, |trial| trial.boots_left)]);
        put(
            11,
            &[slot_byte(self.download.map(|download| download.slot))],
        );
        if let Some(download) = self.download {
            put(12, &download.written.to_le_bytes());
            put(16, &download.manifest.0);
        }
        put(48, &self.confirmed_manifest.0);
        let counters = &self.counters;
        let marks = [counters.confirmed, counters.floor, counters.status];
        for (mark, (number_at, epoch_at)) in marks.iter().zip(MARKS_AT) {
            put(number_at, &mark.number.to_le_bytes());
            put(epoch_at, &mark.epoch.to_le_bytes());
        }
        put(96, &counters.time.to_le_bytes());
        put(112, &self.next_report.to_le_bytes());
        // At most REPORTS_MAX, which is 16.
        put(116, &[u8::try_from(self.reports.len()).unwrap_or(u8::MAX)]);
        let overwrite_due = u8::from(self.overwrite_due) << 1;
        put(117, &[u8::from(self.last_resort) | overwrite_due]);
        put(
            118,
            &[cause_byte(self.trial.and_then(|trial| trial.given_up))],
        );
        put(
            119,
            &[u8::from(self.trial.is_some_and(|trial| trial.offline))],
        );
        put(
            120,
            &self.trial.map_or(Digest::ZERO, |trial| trial.manifest).0,
        );
        for (index, report) in self.reports.iter().enumerate() {
            put(REPORTS_AT + index * REPORT_BYTES, &encode_report(report));
        }
        let crc = CRC.checksum(&bytes[..CRC_AT]);
        bytes[CRC_AT..].copy_from_slice(&crc.to_le_bytes());
    }

    /// Reads a record; none if the bytes aren't a whole one.
    #[must_use]
    pub fn decode(bytes: &[u8; RECORD_BYTES]) -> Option<Self> {
        let crc = u32::from_le_bytes(array(bytes, CRC_AT));
        if bytes[..4] != MAGIC || crc != CRC.checksum(&bytes[..CRC_AT]) {
            return None;
        }
        let slot = slot_of(bytes[9])?;
        let manifest = Digest(array(bytes, 120));
        let given_up = given_up_of(bytes[118])?;
        let trial = slot.map(|slot| Trial {
            slot,
            manifest,
            boots_left: bytes[10],
            given_up,
            offline: bytes[119] == 1,
        });
        let download = slot_of(bytes[11])?.map(|slot| Download {
            slot,
            written: u32::from_le_bytes(array(bytes, 12)),
            manifest: Digest(array(bytes, 16)),
        });
        Some(Self {
            number: u32::from_le_bytes(array(bytes, 4)),
            confirmed: slot_of(bytes[8])?,
            last_resort: bytes[117] & 1 != 0,
            overwrite_due: bytes[117] & 2 != 0,
            trial,
            download,
            confirmed_manifest: Digest(array(bytes, 48)),
            counters: decode_counters(bytes),
            next_report: u32::from_le_bytes(array(bytes, 112)),
            reports: decode_reports(bytes)?,
        })
    }
}

fn decode_counters(bytes: &[u8; RECORD_BYTES]) -> Counters {
    let [confirmed, floor, status] = MARKS_AT.map(|(number_at, epoch_at)| Mark {
        epoch: u32::from_le_bytes(array(bytes, epoch_at)),
        number: u64::from_le_bytes(array(bytes, number_at)),
    });
    Counters {
        status,
        confirmed,
        floor,
        time: u64::from_le_bytes(array(bytes, 96)),
    }
}

/// `N` bytes from `at`; every caller's range lies within a record by the table above.
fn array<const N: usize>(bytes: &[u8], at: usize) -> [u8; N] {
    let mut part = [0; N];
    part.copy_from_slice(&bytes[at..at + N]);
    part
}

fn slot_byte(slot: Option<Slot>) -> u8 {
    match slot {
        Some(Slot::A) => 0,
        Some(Slot::B) => 1,
        None => NONE,
    }
}

/// The slot of a byte; the outer none is a byte that is neither.
#[expect(
    clippy::option_option,
    reason = "'no slot' and 'no such byte' are two answers"
)]
fn slot_of(byte: u8) -> Option<Option<Slot>> {
    match byte {
        0 => Some(Some(Slot::A)),
        1 => Some(Some(Slot::B)),
        NONE => Some(None),
        _ => None,
    }
}

fn encode_report(report: &Report) -> [u8; REPORT_BYTES] {
    let (kind, cause, refusal) = match report.event {
        Event::DownloadStarted { .. } => (0, 0, 0),
        Event::Refused { refusal, .. } => (1, 0, refusal),
        Event::Installed { .. } => (2, 0, 0),
        Event::TrialBooted { .. } => (3, 0, 0),
        Event::Confirmed { .. } => (4, 0, 0),
        Event::Reverted { cause, .. } => (5, cause as u8, 0),
        Event::EnteredSafeMode => (6, 0, 0),
        Event::PowerLost => (7, 0, 0),
        Event::Failed { cause, .. } => (8, cause as u8, 0),
    };
    let mut bytes = [0; REPORT_BYTES];
    bytes[..4].copy_from_slice(&report.seq.to_le_bytes());
    bytes[4..12].copy_from_slice(&report.at.to_le_bytes());
    bytes[12] = kind;
    bytes[13] = cause;
    bytes[14..16].copy_from_slice(&u16::to_le_bytes(refusal));
    bytes[16..48].copy_from_slice(&report.event.manifest().unwrap_or(Digest::ZERO).0);
    bytes
}

fn decode_reports(bytes: &[u8; RECORD_BYTES]) -> Option<Vec<Report, REPORTS_MAX>> {
    let mut reports = Vec::new();
    for index in 0..usize::from(bytes[116]) {
        let at = REPORTS_AT + index * REPORT_BYTES;
        let part = bytes.get(at..at + REPORT_BYTES)?;
        reports.push(decode_report(part)?).ok()?;
    }
    Some(reports)
}

fn decode_report(part: &[u8]) -> Option<Report> {
    let manifest = Digest(array(part, 16));
    let refusal = u16::from_le_bytes(array(part, 14));
    let event = match part[12] {
        0 => Event::DownloadStarted { manifest },
        1 => Event::Refused { manifest, refusal },
        2 => Event::Installed { manifest },
        3 => Event::TrialBooted { manifest },
        4 => Event::Confirmed { manifest },
        5 => Event::Reverted {
            manifest,
            cause: cause_of(part[13])?,
        },
        6 => Event::EnteredSafeMode,
        7 => Event::PowerLost,
        8 => Event::Failed {
            manifest,
            cause: failure_of(part[13])?,
        },
        _ => return None,
    };
    Some(Report {
        seq: u32::from_le_bytes(array(part, 0)),
        at: u64::from_le_bytes(array(part, 4)),
        event,
    })
}

fn cause_byte(cause: Option<RevertCause>) -> u8 {
    cause.map_or(0, |cause| cause as u8 + 1)
}

/// Why a trial was given up; the outer none is a byte that says neither.
#[expect(
    clippy::option_option,
    reason = "'not given up' and 'no such byte' are two answers"
)]
fn given_up_of(byte: u8) -> Option<Option<RevertCause>> {
    match byte.checked_sub(1) {
        None => Some(None),
        Some(cause) => cause_of(cause).map(Some),
    }
}

fn failure_of(byte: u8) -> Option<InstallFailure> {
    let mut all = InstallFailure::ALL.into_iter();
    all.find(|failure| *failure as u8 == byte)
}

fn cause_of(byte: u8) -> Option<RevertCause> {
    const CAUSES: [RevertCause; 4] = [
        RevertCause::SelfTest,
        RevertCause::Watchdog,
        RevertCause::BootLimit,
        RevertCause::ImageInvalid,
    ];
    CAUSES.into_iter().find(|cause| *cause as u8 == byte)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn full() -> Record {
        let manifest = Digest([7; 32]);
        let mut record = Record {
            number: 9,
            confirmed: Some(Slot::B),
            last_resort: true,
            overwrite_due: true,
            trial: Some(Trial {
                slot: Slot::A,
                manifest,
                boots_left: 2,
                given_up: Some(RevertCause::Watchdog),
                offline: true,
            }),
            download: Some(Download {
                slot: Slot::A,
                manifest,
                written: 4096,
            }),
            confirmed_manifest: Digest([8; 32]),
            counters: Counters {
                status: Mark {
                    epoch: 1,
                    number: 44,
                },
                confirmed: Mark {
                    epoch: 2,
                    number: 3,
                },
                floor: Mark {
                    epoch: 3,
                    number: 2,
                },
                time: 1_700_000_000,
            },
            ..Record::default()
        };
        for event in [
            Event::DownloadStarted { manifest },
            Event::Refused {
                manifest,
                refusal: 23,
            },
            Event::Installed { manifest },
            Event::TrialBooted { manifest },
            Event::Confirmed { manifest },
            Event::Reverted {
                manifest,
                cause: RevertCause::BootLimit,
            },
            Event::EnteredSafeMode,
            Event::PowerLost,
            Event::Failed {
                manifest,
                cause: InstallFailure::StorageFull,
            },
        ] {
            record.report(5, event);
        }
        record
    }

    #[test]
    fn bytes_and_back() {
        for record in [Record::default(), full()] {
            assert_eq!(Record::decode(&record.encode()), Some(record));
        }
    }

    proptest! {
        #[test]
        fn a_changed_bit_is_no_record(at in 0..RECORD_BYTES * 8) {
            let mut bytes = full().encode();
            bytes[at / 8] ^= 1 << (at % 8);
            prop_assert_eq!(Record::decode(&bytes), None);
        }
    }
}
