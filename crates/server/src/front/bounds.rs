//! The bounds of connections, each with its reason. Read [`Bounds`].

use std::time::Duration;

/// Most connections at once, where the process may have as many descriptors. One that rests takes 21 kB, so these take 210 MB: more
/// than a fleet of a million needs that polls every five minutes, and less than what a small machine has.
const CONNECTIONS_MAX: usize = 10_000;

/// Descriptors that are no connections: the database's files or connections, the log, the listener, and room for what comes at once.
const DESCRIPTORS_BESIDE: usize = 256;

/// The share of all connections that one address may have: four that take all they can still leave their silent ones to
/// whoever comes.
const SHARE_OF_ONE: usize = 4;

/// What one address may have at least: behind one may be a site with hundreds of devices that wake at once after a power cut.
const OF_ONE_MIN: usize = 256;

/// So long the head of a request, and what comes before it, may take from its first byte, or from the connection's beginning. A modem of the slowest
/// kind sends a head of some hundred bytes within seconds, even if packets are lost.
const HEAD_TIME_MAX: Duration = Duration::from_secs(30);

/// So long a connection may rest between two requests. Devices poll every five minutes, and one that keeps its connection keeps it for two
/// polls that are late; whoever rests longer is gone without a word. When connections get scarce, those that rest longest go earlier.
const REST_TIME_MAX: Duration = Duration::from_secs(900);

/// So long an answer may wait for its client to read any of it. The operating system wakes a sender once a third of its buffer was read,
/// which at 4 MiB, its largest, and 5 kB/s takes so long; a download that is cut goes on where it was.
const STALL_TIME_MAX: Duration = Duration::from_secs(300);

/// While a body is waited for, [`BODY_BYTES_MIN`] of it come within this time, or its end. Devices in the field are on lines that are slow,
/// and none is slower than this: 273 bit/s. The longest that a whole request may take is the guard's
/// ([`REQUEST_TIME_MAX`](crate::guard::REQUEST_TIME_MAX)).
const BODY_WAIT_MAX: Duration = Duration::from_secs(30);

/// See [`BODY_WAIT_MAX`].
pub(super) const BODY_BYTES_MIN: u64 = 1024;

/// Longest head of a request, and most that is read ahead of a body. Heads of honest clients have some hundred bytes; with the cookies and traces of
/// a proxy some thousand. More than 100 headers are refused whatever their length: HTTP's reader has room for so many without an allocation.
pub(super) const HEAD_BYTES_MAX: usize = 64 * 1024;

/// What connections are held to. Tests shorten it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    /// Most connections at once.
    pub connections: usize,
    /// Most connections at once of one IPv4 address, or of one /64 of IPv6 addresses.
    pub of_one: usize,
    /// Longest that the head of a request may take.
    pub head_time: Duration,
    /// Longest that a connection may rest between two requests.
    pub rest_time: Duration,
    /// Longest that an answer may wait for its client.
    pub stall_time: Duration,
    /// Longest that a kilobyte of a body may take.
    pub body_wait: Duration,
}

impl Default for Bounds {
    fn default() -> Self {
        Self::within(descriptors())
    }
}

impl Bounds {
    /// The bounds of a process that may have so many descriptors. Each connection may hold a payload's file beside its socket.
    fn within(descriptors: usize) -> Self {
        let free = descriptors.saturating_sub(DESCRIPTORS_BESIDE) / 2;
        let connections = free.max(descriptors / 4).clamp(1, CONNECTIONS_MAX);
        Self {
            connections,
            of_one: (connections / SHARE_OF_ONE)
                .max(OF_ONE_MIN)
                .min(connections),
            head_time: HEAD_TIME_MAX,
            rest_time: REST_TIME_MAX,
            stall_time: STALL_TIME_MAX,
            body_wait: BODY_WAIT_MAX,
        }
    }
}

/// The descriptors that this process may have: as many as it likes, where nobody says otherwise.
#[cfg(unix)]
fn descriptors() -> usize {
    use rustix::process::{Resource, getrlimit};
    let soft = getrlimit(Resource::Nofile).current;
    soft.and_then(|soft| usize::try_from(soft).ok())
        .unwrap_or(usize::MAX)
}

#[cfg(not(unix))]
fn descriptors() -> usize {
    usize::MAX
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connections_leave_descriptors_for_all_else() {
        for (descriptors, connections, of_one) in [
            (usize::MAX, 10_000, 2500),
            (65_536, 10_000, 2500),
            (20_000, 9872, 2468),
            (4096, 1920, 480),
            (1024, 384, 256),
            (256, 64, 64),
            (0, 1, 1),
        ] {
            let bounds = Bounds::within(descriptors);
            let found = (bounds.connections, bounds.of_one);
            assert_eq!(found, (connections, of_one), "{descriptors}");
        }
    }
}
