//! Signing in by a provider: with one by others, with one of our own, and with one that lies.

mod anew;
mod attacks;
mod descriptions;
mod entering;
mod groups;
mod judge;
mod keys;
mod passwords;
mod provider;
mod secrets;
mod visit;

use std::fs;
use std::sync::Arc;

use mainstay_access::Role;
use mainstay_server::settings::{Asked, read};
use mainstay_server::sign_in::Provider;
use mainstay_server::{Advance, AppConfig};
use tempfile::TempDir;

use crate::door::browser::{PASSWORD, link};
use crate::house::House;
use provider::OwnProvider;

const CLIENT_ID: &str = "mainstay-house";
/// With signs that a form writes otherwise.
const CLIENT_SECRET: &str = "never shown & kept:100%";
/// Nobody asks there: what is sent back is brought to wherever the house is.
const PUBLIC_URL: &str = "http://127.0.0.1:1";
const KIM: &str = "kim@northwind.example";
const VI: &str = "vi@northwind.example";

/// What a server is told that lets people in by this provider, and by `more`.
fn told(issuer: &str, more: &[(&str, &str)]) -> AppConfig {
    let folder: TempDir = tempfile::tempdir().unwrap();
    let secret = folder.path().join("secret");
    fs::write(&secret, format!("{CLIENT_SECRET}\n")).unwrap();
    let own = [
        ("MAINSTAY_DATA", "data"),
        ("MAINSTAY_PUBLIC_URL", PUBLIC_URL),
        ("MAINSTAY_OIDC_ISSUER", issuer),
        ("MAINSTAY_OIDC_CLIENT_ID", CLIENT_ID),
        ("MAINSTAY_OIDC_CLIENT_SECRET_FILE", secret.to_str().unwrap()),
        ("MAINSTAY_OIDC_NAME", "Northwind ID"),
    ];
    let all = own.iter().chain(more);
    let asked = Asked {
        variables: all
            .map(|(name, value)| (name.into(), value.into()))
            .collect(),
        ..Asked::default()
    };
    let (settings, _) = read(&asked).settled().unwrap();
    let provider = Provider::open(&settings).unwrap().unwrap();
    let shown = format!("{provider:?}");
    assert!(!shown.contains("never shown"), "{shown}");
    AppConfig {
        provider: Some(Arc::new(provider)),
        passwords: settings.passwords,
        public_url: settings.public_url,
        advance: Advance::ByCaller,
        ..AppConfig::default()
    }
}

/// A house whose people come in by a provider of our own. Kim of operations and Vi, who looks, have accounts.
async fn house_of(more: &[(&str, &str)]) -> (House, OwnProvider) {
    let provider = OwnProvider::start().await;
    let house = House::told(told(&provider.issuer, more)).await;
    provider.set_clock(house.app.now());
    furnish(&house).await;
    (house, provider)
}

async fn furnish(house: &House) {
    // Their setup links are opened as from a page of the address that the server is told.
    for (n, who, role) in [(71, KIM, Role::Operations), (72, VI, Role::Viewer)] {
        let path = link(&house.app, n, who, role).await;
        let mut visit = visit::Visit::at(&house.base);
        let chosen = [("password", PASSWORD), ("again", PASSWORD)];
        let opened = visit.post(&path, &chosen).await;
        assert_eq!(opened.to.as_deref(), Some("/"), "{}", opened.html);
    }
}
