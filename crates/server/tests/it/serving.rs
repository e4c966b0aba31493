//! The server of a house: opened and served. Read [`listen`].

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use mainstay_server::{
    Advance, App, AppConfig, DataDir, PagesAccess, SeededEntropy, VirtualClock, serve,
};

use crate::house;

/// Opens the folder as a server with a virtual clock and seeded chance.
pub async fn open(data: &DataDir, clock: &VirtualClock, pages: PagesAccess) -> Arc<App> {
    open_as(data, clock, pages_for(pages)).await
}

pub fn pages_for(pages: PagesAccess) -> AppConfig {
    AppConfig {
        pages,
        ..AppConfig::default()
    }
}

/// The same, as `config` says; rollouts are moved on by the test.
pub async fn open_as(data: &DataDir, clock: &VirtualClock, config: AppConfig) -> Arc<App> {
    let mut parts = data.open(&house::passphrase()).await.unwrap();
    parts.clock = Arc::new(clock.clone());
    parts.entropy = Arc::new(SeededEntropy::new(1));
    let config = AppConfig {
        advance: Advance::ByCaller,
        ..config
    };
    Arc::new(App::new(parts, config).unwrap())
}

/// Serves `app` on a free port until the test ends; returns its address.
pub async fn listen(app: Arc<App>) -> String {
    let listener = serve::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)))
        .await
        .unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(serve::run(listener, app, std::future::pending()));
    base
}
