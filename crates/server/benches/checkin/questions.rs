//! Who asks, and in which words: one whole HTTP request for each device, made before the clock starts.

use std::fmt::Write as _;
use std::ops::Range;

use mainstay_protocol::{
    BootReason, CHECK_IN_PATH, CheckIn, Health, MESSAGE_BYTES_MAX, ReportList, Running, write,
};
use mainstay_trust::Digest;

use crate::fleet;

/// Requests, and how the answer to each must begin.
pub struct Questions {
    /// One for each device, as bytes on the wire.
    pub requests: Vec<Vec<u8>>,
    /// Status lines that are right.
    pub right: &'static [&'static str],
}

impl Questions {
    /// One of so many even parts.
    pub fn part(&self, number: usize, parts: usize) -> Self {
        let begins = |number: usize| self.requests.len() * number / parts;
        Self {
            requests: self.requests[begins(number)..begins(number + 1)].to_vec(),
            right: self.right,
        }
    }
}

/// The right answer to a poll.
const OK: &[&str] = &["HTTP/1.1 200"];

/// To the bare server.
pub fn to_bare() -> Questions {
    Questions {
        requests: vec![get("/poll", &[])],
        right: OK,
    }
}

/// To somebody else's server.
pub fn to_peer(path: &str, headers: &[&str]) -> Questions {
    Questions {
        requests: vec![get(path, headers)],
        right: OK,
    }
}

/// To somebody else's server, by devices of its own: the path that each asks at, and its token.
pub fn to_goosebit(devices: &[(String, String)]) -> Questions {
    let poll = |(path, token): &(String, String)| {
        get(path, &[&format!("Authorization: TargetToken {token}")])
    };
    Questions {
        requests: devices.iter().map(poll).collect(),
        right: OK,
    }
}

/// Check-ins of these devices of [`fleet`], by the native protocol.
///
/// # Errors
/// If a check-in can't be written.
pub fn native(devices: Range<u32>) -> anyhow::Result<Questions> {
    let requests = devices
        .map(|device| check_in(device, &Said::before()))
        .collect::<anyhow::Result<_>>()?;
    Ok(Questions {
        requests,
        right: OK,
    })
}

/// Polls of these devices of [`fleet`], by hawkBit's protocol.
pub fn ddi(devices: Range<u32>) -> Questions {
    let poll = |device| {
        let path = format!("/DEFAULT/controller/v1/{}", fleet::name(device));
        let token = format!(
            "Authorization: TargetToken {}",
            fleet::token(device).reveal()
        );
        get(&path, &[&token])
    };
    Questions {
        requests: devices.map(poll).collect(),
        right: OK,
    }
}

/// What a device says that isn't the same of all.
pub struct Said {
    /// The manifest of what it runs, confirmed.
    pub manifest: Digest,
    /// See `manifest`.
    pub sequence: u64,
    /// See `manifest`.
    pub version: &'static str,
    /// What it reports.
    pub reports: ReportList,
}

impl Said {
    /// It runs what it was registered with, and has nothing to report.
    pub fn before() -> Self {
        Self {
            manifest: Digest(fleet::RUNS.0),
            sequence: fleet::SEQUENCE,
            version: fleet::VERSION,
            reports: ReportList::default(),
        }
    }
}

/// A check-in of this device, as one whole request.
///
/// # Errors
/// If it can't be written.
pub fn check_in(device: u32, said: &Said) -> anyhow::Result<Vec<u8>> {
    let mut nonce = [0; 16];
    nonce[..4].copy_from_slice(&device.to_be_bytes());
    let check_in = CheckIn {
        nonce,
        running: Running {
            manifest: said.manifest,
            sequence: said.sequence,
            version: said.version,
            confirmed: true,
            slot: 0,
        },
        boot: BootReason::Confirmed,
        root_version: 1,
        status_seq: 0,
        health: Health {
            uptime_s: 86_400,
            ..Health::default()
        },
        reports: said.reports.clone(),
        revocations: None,
    };
    let mut body = vec![0; MESSAGE_BYTES_MAX];
    let bytes = write(&check_in, &mut body).map_err(|error| anyhow::anyhow!("{error}"))?;
    let mut request = format!(
        "POST {CHECK_IN_PATH} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {}\r\n\
         Content-Type: application/cbor\r\nContent-Length: {bytes}\r\n\r\n",
        fleet::token(device).reveal()
    )
    .into_bytes();
    request.extend_from_slice(&body[..bytes]);
    Ok(request)
}

fn get(path: &str, headers: &[&str]) -> Vec<u8> {
    let mut request = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n");
    for header in headers {
        // Writing to a string can't fail.
        let _ = write!(request, "{header}\r\n");
    }
    request.push_str("\r\n");
    request.into_bytes()
}
