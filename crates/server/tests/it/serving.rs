//! The server of a house: opened, served, and served anew in the place of the first. Read [`listen`].

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use mainstay_server::{
    Advance, App, AppConfig, DataDir, PagesAccess, Parts, SeededEntropy, VirtualClock, serve,
};
use mainstay_store::{Blobs, FolderBlobs, Store};

use crate::house::{self, House};

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

/// The same, without the jobs beside it: nobody feels the store's pulse.
pub async fn listen_alone(app: Arc<App>) -> String {
    let listener = serve::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)))
        .await
        .unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    let router = mainstay_server::router(app);
    tokio::spawn(async move { axum::serve(listener, router).await });
    base
}

impl House {
    /// From now on another server answers, on this store and these blobs, at an address of its own. The first one goes on unasked, which two real ones
    /// couldn't: the folder's lock is the first one's.
    pub async fn serve_anew(
        &mut self,
        store: Arc<dyn Store>,
        blobs: Arc<dyn Blobs>,
        config: AppConfig,
    ) {
        let parts = Parts {
            store,
            blobs,
            clock: Arc::new(self.clock.clone()),
            entropy: Arc::new(SeededEntropy::new(2)),
            status_signer: Arc::new(house::status_key().signer().unwrap()),
            roots: vec![self.root.clone()],
            lock: None,
        };
        self.app = Arc::new(App::new(parts, config).unwrap());
        self.base = listen(self.app.clone()).await;
    }

    /// The store of the house's folder, opened once more.
    pub async fn same_store(&self) -> Arc<dyn Store> {
        Arc::new(self.data.store().await.unwrap())
    }

    /// The blobs of the house's folder, opened once more.
    pub async fn same_blobs(&self) -> FolderBlobs {
        FolderBlobs::open(self.data.blobs()).await.unwrap()
    }
}
