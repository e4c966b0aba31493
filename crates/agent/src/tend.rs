//! When a device asks for a certificate of its own, and what it shows while it has none that counts. Read [`Agent::tend_certificate`].
//!
//! Nothing here throws a certificate away: one that ended by a clock that nobody trusts is shown all the same, and whether it counts the server says. A server that
//! doesn't take it is shown the token, if there is one, and asked for another by that; one that doesn't take the token, the certificate again.

use std::time::Duration;

use crate::agent::Agent;
use crate::clock::{jitter, random, wall_ms};
use crate::identity::{self, Identity};
use crate::link::{Limits, Link, LinkError};
use crate::log::{self, Level};

/// How often it is looked whether the next one is due, and how long it is waited for after a request that failed.
const LOOK_AGAIN: Duration = Duration::from_secs(3600);

/// Once a certificate was given, the device rests for this part of that one's life before it looks whether the next one is due: far longer than a day, in which it
/// is given ten, and far shorter than the two thirds after which it renews.
const RESTS_PART: u64 = 10;

/// After so many exchanges in a row that brought no connection, the device shows the other thing that it has: a server that refuses a certificate ends the
/// handshake, and from here that may look like a line that broke.
const UNREACHED_MAX: u8 = 3;

/// What a failed exchange means for what the device shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Turn {
    /// It goes on with it.
    Stays,
    /// It shows the other thing that it has: the line may be what is broken, so nothing else is hurried.
    Turns,
    /// The same, and what was refused is to be replaced soon.
    Refused,
}

/// What the agent knows of its own certificate's keeping.
#[derive(Debug)]
pub(crate) struct Tending {
    /// When it looks next, in milliseconds of the agent's clock.
    look_at_ms: u64,
    /// Its lot, by which a fleet that was switched on together doesn't renew together.
    lot: u16,
    /// Exchanges in a row that brought no connection.
    unreached: u8,
}

impl Default for Tending {
    fn default() -> Self {
        Self {
            look_at_ms: 0,
            lot: u16::from_le_bytes(random()),
            unreached: 0,
        }
    }
}

impl Tending {
    /// Counts a failed exchange. An outage ends for a whole fleet at once: whoever only found nobody asks for no certificate because of it.
    fn failed(&mut self, error: &LinkError) -> Turn {
        self.unreached = match error {
            LinkError::Unreachable(_) => self.unreached.saturating_add(1),
            _ => 0,
        };
        match (error.refuses_who_asks(), self.unreached >= UNREACHED_MAX) {
            (true, _) => Turn::Refused,
            (false, true) => Turn::Turns,
            (false, false) => Turn::Stays,
        }
    }
}

impl Agent {
    /// Asks for a certificate if there is none that counts, or the next one is due. Whatever comes of it, the device goes on with what it has.
    pub(crate) fn tend_certificate(&mut self) {
        let Some(own) = self.settings.server.own.clone() else {
            return;
        };
        let now_ms = self.clock.now_ms();
        if now_ms < self.tending.look_at_ms {
            return;
        }
        let again = LOOK_AGAIN + jitter(LOOK_AGAIN);
        let again_ms = u64::try_from(again.as_millis()).unwrap_or(u64::MAX);
        self.tending.look_at_ms = now_ms.saturating_add(again_ms);
        let known = Identity::read(&own.file).filter(|_| self.link.shows_own());
        let floor_s = self.core().record().counters.time;
        self.link.learn_time(floor_s);
        // It may be wrong in either direction. Where it is slow, the server says that the certificate is over. Where it is ahead, each one is due as soon as
        // it was given; then only the rest after a success keeps the device from asking all day long.
        let late_s = floor_s.max(wall_ms() / 1000);
        if known.is_some_and(|known| late_s < known.renews_at_s(self.tending.lot)) {
            return;
        }
        match identity::ask(&own, |request| self.link.ask_certificate(request)) {
            Ok(()) => {
                log::line(Level::Notice, "the server gave this device a certificate");
                let life_s = Identity::read(&own.file).map_or(0, Identity::life_s);
                self.tending.look_at_ms = now_ms.saturating_add(rests_ms(life_s));
                self.show(true);
            }
            Err(error) => {
                let why = format!("no certificate was given: {error}");
                log::line(Level::Warning, why);
                self.show_otherwise(&error);
            }
        }
        self.notify.alive();
    }

    /// An exchange failed: if that may be because of what the device shows, it shows the other thing that it has from now on.
    pub(crate) fn show_otherwise(&mut self, error: &LinkError) {
        let Some(own) = &self.settings.server.own else {
            return;
        };
        let turn = self.tending.failed(error);
        if turn == Turn::Stays {
            return;
        }
        let shows_own = self.link.shows_own();
        let has_other = match shows_own {
            true => self.settings.server.token_file.is_some(),
            false => Identity::read(&own.file).is_some(),
        };
        if has_other {
            self.show(!shows_own);
            if shows_own && turn == Turn::Refused {
                self.tending.look_at_ms = 0;
            }
        }
    }

    /// An exchange succeeded.
    pub(crate) fn was_reached(&mut self) {
        self.tending.unreached = 0;
    }

    /// From now on the device shows its certificate, or its token, by which it asks for another certificate when it looks next.
    fn show(&mut self, own: bool) {
        let server = &self.settings.server;
        let trusts_clock = self.settings.trusts_clock;
        match Link::showing(server, Limits::of(server), trusts_clock, own) {
            Ok(link) => {
                self.link = link;
                self.tending.unreached = 0;
                if !own {
                    log::line(
                        Level::Notice,
                        "the server may not take this device's certificate: it is shown the token",
                    );
                }
            }
            Err(fault) => log::line(Level::Warning, fault),
        }
    }
}

/// For how long, in milliseconds, a device looks for no other certificate that was given one that is good for so many seconds, from its begin to its end. By its
/// own clock, which runs evenly: what the wall's shows doesn't matter. A refusal ends it.
fn rests_ms(life_s: u64) -> u64 {
    let rests_s = (life_s / RESTS_PART).max(LOOK_AGAIN.as_secs());
    rests_s.saturating_mul(1000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_device_that_was_given_a_certificate_rests_for_a_tenth_of_its_life() {
        let (hour_s, day_s) = (3600, 24 * 3600);
        for (life_s, rests_s) in [
            (0, hour_s),
            (hour_s, hour_s),
            (10 * hour_s, hour_s),
            (10 * hour_s + 10, hour_s + 1),
            (day_s, 2 * hour_s + 24 * 60),
            (90 * day_s, 9 * day_s),
            (825 * day_s, 82 * day_s + 12 * hour_s),
        ] {
            assert_eq!(rests_ms(life_s), 1000 * rests_s, "{life_s} s");
        }
        assert_eq!(rests_ms(u64::MAX), u64::MAX);
    }

    #[test]
    fn an_outage_lets_nobody_ask_for_a_certificate_and_a_refusal_does() {
        let unreachable = || LinkError::Unreachable("nobody answers".to_owned());
        let refused = LinkError::CertificateRefused("it is revoked".to_owned());
        let mut tending = Tending::default();
        for expected in [Turn::Stays, Turn::Stays, Turn::Turns] {
            assert_eq!(tending.failed(&unreachable()), expected);
        }
        assert_eq!(tending.failed(&refused), Turn::Refused);
        assert_eq!(
            tending.failed(&unreachable()),
            Turn::Stays,
            "it was reached between"
        );
        assert_eq!(tending.failed(&LinkError::TooSlow), Turn::Stays);
    }
}
