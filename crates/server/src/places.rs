//! Where the server answers, and whom: the tables that all of its routers are made of.
//!
//! A place without a row doesn't exist, and a method that a row doesn't name is refused. Tests compare the rows with the routes of the whole
//! server, and ask at each as everybody and as nobody. Handlers ask for the permission of their row themselves, with what the request bears in
//! hand; those of devices, for the device. Read [`Place`].

use std::sync::Arc;

use axum::Router;
use axum::http::Method;
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

    /// How this place's path fits another one, which is as it was asked for: of each part whether it is named by this place, and not one in braces, which
    /// stands for any that isn't empty. None if it doesn't fit.
    fn fits(&self, path: &str) -> Option<Vec<bool>> {
        let (own, asked) = (self.path.split('/'), path.split('/'));
        if own.clone().count() != asked.clone().count() {
            return None;
        }
        let fits = |(own, asked): (&str, &str)| match own.starts_with('{') {
            true => (!asked.is_empty()).then_some(false),
            false => (own == asked).then_some(true),
        };
        own.zip(asked).map(fits).collect()
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

/// Whom that one of these places answers that a request is routed to, with this method and at this path; none if there is none. As in the router, a part that
/// is named goes before one in braces.
pub(crate) fn whom(places: &[Place], method: &Method, path: &str) -> Option<Whom> {
    let fitting = places
        .iter()
        .filter_map(|place| Some((place.fits(path)?, place)));
    let (_, place) = fitting.max_by(|(one, _), (other, _)| one.cmp(other))?;
    let named = |(name, _): &&(&str, Whom)| *name == method.as_str();
    place.methods.iter().find(named).map(|(_, whom)| *whom)
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

    /// Where a request is routed to, its row is found.
    #[test]
    fn a_row_is_found_by_the_path_that_is_asked_for() {
        const READ: Whom = Whom::May(Permission::Read);
        const WRITE: Whom = Whom::May(Permission::AnswerRollout);
        const IN_PERSON: Whom = Whom::MayInPerson(Permission::ManagePeople);
        const ROWS: &[Place] = &[
            Place::new("/", &[("GET", Whom::Anyone)], MethodRouter::new),
            Place::new("/a/{id}", &[("POST", READ)], MethodRouter::new),
            Place::new("/a/{id}/b", &[("POST", WRITE)], MethodRouter::new),
            Place::new("/{any}/stream", &[("POST", WRITE)], MethodRouter::new),
            Place::new("/a/stream", &[("POST", IN_PERSON)], MethodRouter::new),
        ];
        for (method, path, expected) in [
            (Method::GET, "/", Some(Whom::Anyone)),
            (Method::POST, "/", None),
            (Method::POST, "/a/3", Some(READ)),
            (Method::POST, "/a/%2F", Some(READ)),
            (Method::GET, "/a/3", None),
            (Method::POST, "/a/3/b", Some(WRITE)),
            (Method::POST, "/a/{id}/b", Some(WRITE)),
            // A part that is named goes before any.
            (Method::POST, "/a/stream", Some(IN_PERSON)),
            (Method::POST, "/b/stream", Some(WRITE)),
            (Method::POST, "", None),
            (Method::POST, "/a", None),
            (Method::POST, "/a/", None),
            (Method::POST, "/a//b", None),
            (Method::POST, "/a/3/", None),
            (Method::POST, "/a/3/c", None),
            (Method::POST, "/a/3/b/", None),
            (Method::POST, "//a/3", None),
            (Method::POST, "/A/3", None),
            (Method::POST, "/%61/3", None),
        ] {
            assert_eq!(whom(ROWS, &method, path), expected, "{method} {path}");
        }
    }

    /// No row of the operator API hides another one.
    #[test]
    fn each_row_of_the_api_is_found_by_its_own_path() {
        for place in of_the_api() {
            let path = place.path.replace(['{', '}'], "");
            for (name, expected) in place.methods {
                let method = Method::from_bytes(name.as_bytes()).unwrap();
                let found = whom(of_the_api(), &method, &path);
                assert_eq!(found, Some(*expected), "{name} {path}");
            }
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
