//! Servers of a house that are served otherwise than the first. Read [`House::serve_anew`].

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use mainstay_server::{App, AppConfig, Parts, SeededEntropy, serve};
use mainstay_store::{Blobs, FolderBlobs, Store};

use crate::house::{self, House};
use crate::serving::listen;

impl House {
    /// One whose server feels the store's pulse when it is told to, and remembers nothing before.
    pub async fn unfelt(plan: &str) -> Self {
        let mut house = Self::furnished(plan, AppConfig::default()).await;
        house.base = listen_alone(house.app.clone()).await;
        house
    }

    /// From now on another server answers, on this store and these blobs, at an address of its own. The first one goes on unasked, which two real ones
    /// couldn't: the folder's lock is the first one's.
    pub async fn serve_anew(
        &mut self,
        store: Arc<dyn Store>,
        blobs: Arc<dyn Blobs>,
        config: AppConfig,
    ) {
        let parts = self.parts_on(store, blobs);
        self.app = Arc::new(App::new(parts, config).unwrap());
        self.base = listen(self.app.clone()).await;
    }

    /// What another server of this house is made of.
    pub fn parts_on(&self, store: Arc<dyn Store>, blobs: Arc<dyn Blobs>) -> Parts {
        Parts {
            store,
            blobs,
            clock: Arc::new(self.clock.clone()),
            entropy: Arc::new(SeededEntropy::new(2)),
            status_signer: Arc::new(house::status_key().signer().unwrap()),
            roots: vec![self.root.clone()],
            lock: None,
        }
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

/// Serves `app` on a free port without the jobs beside it: nobody feels the store's pulse.
pub async fn listen_alone(app: Arc<App>) -> String {
    let listener = serve::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)))
        .await
        .unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    let router = mainstay_server::router(app);
    tokio::spawn(async move { axum::serve(listener, router).await });
    base
}
