//! Where the server answers people, and whom: the tables that the routers are made of.
//!
//! A place without a row doesn't exist, and a method that a row doesn't name is refused; a test asks at each of them as everybody and as
//! nobody. Handlers ask for the permission of their row themselves, with what the request bears in hand. Read [`Place`].

use std::sync::Arc;

use axum::Router;
use axum::routing::MethodRouter;
use mainstay_access::Permission;

use crate::{App, operator, pages};

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

/// The router of these places.
pub(crate) fn router(places: &[Place]) -> Router<Arc<App>> {
    places.iter().fold(Router::new(), |router, place| {
        router.route(place.path, (place.handlers)())
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::{Asked, read};

    /// hawkBit clients ask below a tenant's name: none may be called as a place of people's begins.
    #[test]
    fn no_tenant_is_called_like_a_place() {
        let browsers = of_browsers().into_iter().flatten();
        let paths = browsers.chain(of_monitors()).map(|place| place.path);
        let firsts = paths
            .filter_map(|path| path.split('/').nth(1))
            .filter(|first| !first.is_empty());
        let mut looked_at = 0;
        for first in firsts.chain(["api", "delivery", "device", "healthz", "readyz"]) {
            let variables = [
                ("MAINSTAY_DATA", "data"),
                ("MAINSTAY_HAWKBIT_TENANT", first),
            ];
            let asked = Asked {
                variables: variables
                    .map(|(name, value)| (name.into(), value.into()))
                    .into(),
                ..Asked::default()
            };
            assert!(read(&asked).settled().is_err(), "{first}");
            looked_at += 1;
        }
        assert!(looked_at > 20, "{looked_at}");
    }
}
