//! Where the server answers, and whom: the tables that all of its routers are made of.
//!
//! A place without a row doesn't exist, and a method that a row doesn't name is refused. Tests compare the rows with the routes of the whole
//! server, and ask at each as everybody and as nobody. Handlers ask for the permission of their row themselves, with what the request bears in
//! hand; those of devices, for the device. Read [`Place`].

use std::sync::Arc;

use axum::Router;
use axum::routing::MethodRouter;
use mainstay_access::Permission;

use crate::{App, ddi, delivery, device_protocol, issuing, operator, pages, readiness};

/// What stands before the paths of people's tools.
pub(crate) const API: &str = "/api/v1";

/// Whom a place answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Whom {
    /// Everybody, whoever they are. What they show there is looked at by its own rules.
    Anyone,
    /// Whoever has signed in themselves, and no program.
    SignedIn,
    /// Whoever may do this, themselves or by a program with a token of theirs.
    May(Permission),
    /// Whoever may do this and has signed in themselves.
    MayInPerson(Permission),
    /// Whoever shows this. Whatever a person or a program of theirs shows is none.
    Shows(Credential),
}

/// What lets somebody in who is no person.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Credential {
    /// A device's own token or certificate, or those of the gateway before it.
    Device,
    /// A code by which devices join.
    JoinCode,
    /// A link to a payload that is good now.
    Link,
}

/// One path.
#[derive(Debug, Clone, Copy)]
pub struct Place {
    /// The path, with the names of its variable parts in braces.
    pub path: &'static str,
    /// The methods that it takes, and whom it answers then.
    pub methods: &'static [(&'static str, Whom)],
    handlers: fn() -> MethodRouter<Arc<App>>,
}

impl Place {
    /// A path with its handlers, one for each of `methods`.
    pub(crate) const fn new(
        path: &'static str,
        methods: &'static [(&'static str, Whom)],
        handlers: fn() -> MethodRouter<Arc<App>>,
    ) -> Self {
        Self {
            path,
            methods,
            handlers,
        }
    }
}

/// The places of people's tools, below `/api/v1`.
pub fn of_the_api() -> &'static [Place] {
    operator::PLACES
}

/// The place of monitoring systems.
pub fn of_monitors() -> &'static [Place] {
    operator::levels::PLACES
}

/// The places of browsers.
pub fn of_browsers() -> [&'static [Place]; 2] {
    [pages::PLACES, pages::door::PLACES]
}

/// Every place of the server, each with what stands before its path.
pub fn all() -> impl Iterator<Item = (&'static str, &'static Place)> {
    let [browsers, door] = of_browsers();
    let tables = [
        (API, of_the_api()),
        ("", of_monitors()),
        ("", browsers),
        ("", door),
        ("", device_protocol::QUESTIONS),
        ("", device_protocol::PLACES),
        ("", delivery::PLACES),
        ("", issuing::PLACES),
        ("", ddi::QUESTIONS),
        (ddi::CONTROLLER, ddi::PLACES),
        ("", readiness::PLACES),
    ];
    let below = |(before, places): (&'static str, &'static [Place])| {
        places.iter().map(move |place| (before, place))
    };
    tables.into_iter().flat_map(below)
}

/// The router of these places.
pub(crate) fn router(places: &[Place]) -> Router<Arc<App>> {
    places.iter().fold(Router::new(), |router, place| {
        router.route(place.path, (place.handlers)())
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use mainstay_protocol::PAYLOADS_PATH;

    use super::*;
    use crate::settings::{Asked, read};

    /// hawkBit clients ask below a tenant's name: none may be called as another place begins.
    #[test]
    fn no_tenant_is_called_like_a_place() {
        let paths = all().map(|(before, place)| format!("{before}{}", place.path));
        let firsts: BTreeSet<_> = paths
            .filter_map(|path| path.split('/').nth(1).map(str::to_owned))
            .filter(|first| !first.is_empty() && !first.starts_with('{'))
            .collect();
        for first in &firsts {
            let variables = [
                ("MAINSTAY_DATA", "data"),
                ("MAINSTAY_HAWKBIT_TENANT", first.as_str()),
            ];
            let asked = Asked {
                variables: variables
                    .map(|(name, value)| (name.into(), value.into()))
                    .into(),
                ..Asked::default()
            };
            assert!(read(&asked).settled().is_err(), "{first}");
        }
        for known in ["api", "delivery", "device", "devices", "readyz", "sign-in"] {
            assert!(firsts.contains(known), "{known}");
        }
    }

    /// What devices and ranks go by, and the rows: a row's path is one piece.
    #[test]
    fn devices_are_answered_where_they_look() {
        let is_payload = |place: &&Place| place.path.starts_with(PAYLOADS_PATH);
        let payload = device_protocol::PLACES.iter().find(is_payload);
        let rest = payload.and_then(|place| place.path.strip_prefix(PAYLOADS_PATH));
        assert_eq!(rest, Some("{digest}"));
        for place in issuing::PLACES {
            assert!(place.path.starts_with(issuing::PLACE), "{}", place.path);
        }
    }

    /// The document of the operator API tells of people alone.
    #[test]
    fn no_device_asks_as_people_do() {
        let browsers = of_browsers().into_iter().flatten();
        for place in of_the_api().iter().chain(of_monitors()).chain(browsers) {
            let of_people = |(_, whom): &(&str, Whom)| !matches!(whom, Whom::Shows(_));
            assert!(place.methods.iter().all(of_people), "{}", place.path);
        }
    }
}
