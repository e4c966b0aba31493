//! How people come in, and who doesn't.

mod account;
pub mod browser;
mod devices;
pub mod everybody;
mod guessing;
mod invitations;
mod limits;
mod other_sites;
mod proxies;
pub mod secrets;
mod signing_in;

use mainstay_server::settings::{Asked, read};
use mainstay_server::{Advance, AppConfig};

/// What these variables tell a server.
fn told(variables: &[(&str, &str)]) -> AppConfig {
    let all = [("MAINSTAY_DATA", "data")].iter().chain(variables);
    let asked = Asked {
        variables: all
            .map(|(name, value)| (name.into(), value.into()))
            .collect(),
        ..Asked::default()
    };
    let (settings, warnings) = read(&asked).settled().unwrap();
    assert_eq!(warnings, []);
    AppConfig {
        public_url: settings.public_url,
        trusted_proxies: settings.trusted_proxies,
        limits: settings.limits,
        advance: Advance::ByCaller,
        ..AppConfig::default()
    }
}
