//! Who goes first when not everybody can. Read [`Rank`].

use axum::http::Method;
use mainstay_protocol::{JOIN_PATH, PAYLOADS_PATH, REPORTS_PATH};

use crate::issuing;

/// So many people are let in however many devices are at work: a server that has too much to do is just what they want to look at, and it isn't
/// quicker without eight of a thousand.
pub(super) const PEOPLE_MIN: usize = 8;

/// What a request is about, those first that go before all others.
///
/// Ranks have no places of their own, of which some would be idle while others are short. Each may be at work only as long as those of all ranks
/// together take less than its part: so downloads are the first to be sent away, and check-ins the last. People alone have a few besides, in
/// [`PEOPLE_MIN`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Rank {
    /// Somebody stops something (a hold, a halt, a pause), or asks whether the server is there. Never sent away, and in nobody's way; there are no more of them
    /// at once than connections.
    First,
    /// A device asks what to do, and hears of holds and revocations.
    CheckIn,
    /// A device says what happened. It keeps that, and says it again. Or it joins, or wants a certificate, and asks again until it has; anybody may ask that, so
    /// it goes behind check-ins.
    Report,
    /// People and their programs. A few are let in whatever the devices do.
    Person,
    /// A payload begins, for a device, a mirror, or whoever has a link. Who is sent away fetches it later, and goes on where they were.
    Download,
}

impl Rank {
    /// All of them, in their order.
    pub const ALL: [Self; 5] = [
        Self::First,
        Self::CheckIn,
        Self::Report,
        Self::Person,
        Self::Download,
    ];

    /// As monitoring systems are told it.
    pub fn name(self) -> &'static str {
        match self {
            Self::First => "first",
            Self::CheckIn => "check-in",
            Self::Report => "report",
            Self::Person => "person",
            Self::Download => "download",
        }
    }

    /// Where so many requests may be at work, it may be one of so many.
    pub fn places(self, all: usize) -> usize {
        match self {
            Self::First => usize::MAX,
            Self::CheckIn => all,
            Self::Report => all / 4 * 3,
            Self::Person => all / 2,
            Self::Download => all / 4,
        }
    }

    /// The rank of a request. What isn't known is a person's: it is answered with a refusal.
    pub fn of(method: &Method, path: &str) -> Self {
        if path.starts_with(PAYLOADS_PATH) {
            return Self::Download;
        }
        if path == REPORTS_PATH || path == JOIN_PATH || path.starts_with(issuing::PLACE) {
            return Self::Report;
        }
        let parts: Vec<&str> = path.split('/').skip(1).collect();
        match parts[..] {
            ["api", "v1", "health"] => Self::First,
            ["api", "v1", "releases", _, "hold"]
            | ["api", "v1", "rollouts", _, "halt" | "pause"]
                if method == Method::POST =>
            {
                Self::First
            }
            ["api", "v1", "payloads", _] | ["delivery", "v1", _, _] => Self::Download,
            [_, "controller", "v1", _, ref rest @ ..] => Self::of_client(method, rest),
            _ => Self::Person,
        }
    }

    /// Of what another update client asks, below its controller's name.
    fn of_client(method: &Method, rest: &[&str]) -> Self {
        match rest {
            ["softwaremodules", _, "artifacts", _] => Self::Download,
            [.., "feedback"] => Self::Report,
            _ if method == Method::PUT || method == Method::POST => Self::Report,
            _ => Self::CheckIn,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_request_has_its_rank() {
        let (get, post, put) = (Method::GET, Method::POST, Method::PUT);
        for (method, path, rank) in [
            (&get, "/device/v1/payloads/00ff", Rank::Download),
            (&post, "/device/v1/reports", Rank::Report),
            (&post, "/device/v1/join", Rank::Report),
            (&post, "/.well-known/est/simpleenroll", Rank::Report),
            (&get, "/DEFAULT/controller/v1/gw-1", Rank::CheckIn),
            (
                &get,
                "/DEFAULT/controller/v1/gw-1/deploymentBase/7",
                Rank::CheckIn,
            ),
            (
                &get,
                "/DEFAULT/controller/v1/gw-1/cancelAction/7",
                Rank::CheckIn,
            ),
            (
                &post,
                "/DEFAULT/controller/v1/gw-1/cancelAction/7/feedback",
                Rank::Report,
            ),
            (
                &post,
                "/DEFAULT/controller/v1/gw-1/deploymentBase/7/feedback",
                Rank::Report,
            ),
            (&put, "/DEFAULT/controller/v1/gw-1/configData", Rank::Report),
            (
                &get,
                "/DEFAULT/controller/v1/gw-1/softwaremodules/7/artifacts",
                Rank::CheckIn,
            ),
            (
                &get,
                "/DEFAULT/controller/v1/gw-1/softwaremodules/7/artifacts/a.swu",
                Rank::Download,
            ),
            (&post, "/api/v1/releases/thermo@1.1.0/hold", Rank::First),
            (&get, "/api/v1/releases/thermo@1.1.0/hold", Rank::Person),
            (
                &post,
                "/api/v1/releases/thermo@1.1.0/hold/release",
                Rank::Person,
            ),
            (&post, "/api/v1/rollouts/7/halt", Rank::First),
            (&post, "/api/v1/rollouts/7/pause", Rank::First),
            (&post, "/api/v1/rollouts/7/resume", Rank::Person),
            (&get, "/api/v1/health", Rank::First),
            (&get, "/api/v1/devices", Rank::Person),
            (&get, "/", Rank::Person),
            (&get, "", Rank::Person),
        ] {
            assert_eq!(Rank::of(method, path), rank, "{method} {path}");
        }
    }

    /// Whatever another update client sends is a report, and not only what it says of orders.
    #[test]
    fn what_clients_say_of_owners_is_a_report() {
        let base = "/DEFAULT/controller/v1/gw-1/confirmationBase";
        let activate = format!("{base}/activateAutoConfirm");
        for (method, path, rank) in [
            (Method::GET, base, Rank::CheckIn),
            (Method::POST, &activate, Rank::Report),
        ] {
            assert_eq!(Rank::of(&method, path), rank, "{method} {path}");
        }
    }

    /// A payload is a download, whoever asks for it; what only tells of payloads is none.
    #[test]
    fn mirrors_and_links_come_behind_people() {
        for (path, rank) in [
            ("/delivery/v1/00/00ff", Rank::Download),
            ("/delivery/v1/revocations", Rank::Person),
            ("/api/v1/payloads/00ff", Rank::Download),
            ("/api/v1/payloads", Rank::Person),
            ("/api/v1/events/stream", Rank::Person),
            ("/sign-in/provider/back", Rank::Person),
        ] {
            assert_eq!(Rank::of(&Method::GET, path), rank, "{path}");
        }
    }

    /// A brake that is served at another address would have no place kept free.
    #[test]
    fn the_brakes_are_places_that_there_are() {
        let api = crate::places::of_the_api();
        let brakes = api.iter().filter(|place| {
            let path = format!("/api/v1{}", place.path);
            let is_changed = place.methods.iter().any(|(method, _)| *method == "POST");
            is_changed && Rank::of(&Method::POST, &path) == Rank::First
        });
        let brakes: Vec<_> = brakes.map(|place| place.path).collect();
        let expected = [
            "/releases/{id}/hold",
            "/rollouts/{id}/halt",
            "/rollouts/{id}/pause",
        ];
        assert_eq!(brakes, expected);
    }

    #[test]
    fn the_part_of_each_is_smaller_than_that_of_whoever_goes_before_it() {
        for all in [super::super::PLACES_MIN, 65, 1023, super::super::PLACES_MAX] {
            let places = Rank::ALL.map(|rank| rank.places(all));
            assert!(
                places.windows(2).all(|pair| pair[0] > pair[1]),
                "{places:?}"
            );
            assert!(places[4] > 0);
        }
    }
}
