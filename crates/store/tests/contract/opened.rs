//! An empty store of each back end, and how it is opened a second time. Read [`Opened`].

use std::sync::Arc;

use mainstay_store::{PostgresStore, SqliteStore, Store};
use tempfile::TempDir;

/// An empty store, and where it is.
pub struct Opened {
    pub store: Arc<dyn Store>,
    pub place: Place,
}

pub enum Place {
    File(TempDir),
    Database(String),
    /// A file, too; and at the end of a promise the store is copied to the other back end and back.
    Carried(TempDir),
}

impl Opened {
    /// The same store, opened once more as another server does.
    pub async fn elsewhere(&self) -> Arc<dyn Store> {
        match &self.place {
            Place::File(folder) | Place::Carried(folder) => {
                let store = SqliteStore::open(&folder.path().join(FILE)).await;
                Arc::new(store.expect("a second server may"))
            }
            Place::Database(address) => {
                let store = PostgresStore::open(address).await;
                Arc::new(store.expect("a second server may"))
            }
        }
    }
}

pub const FILE: &str = "mainstay.sqlite";

impl Opened {
    /// What a promise has left is carried over whole, whatever it was.
    pub async fn leave(&self) {
        if let Place::Carried(folder) = &self.place {
            super::whole::carry_there_and_back(&folder.path().join(FILE)).await;
        }
    }
}

pub async fn carried() -> Opened {
    let Opened { store, place } = sqlite().await;
    let Place::File(folder) = place else {
        unreachable!("it is a file");
    };
    let place = Place::Carried(folder);
    Opened { store, place }
}

pub async fn sqlite() -> Opened {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let store = SqliteStore::create(&folder.path().join(FILE)).await;
    Opened {
        store: Arc::new(store.expect("a new database")),
        place: Place::File(folder),
    }
}

pub async fn postgres() -> Opened {
    let address = super::cluster::database(super::cluster::WITH_TABLES).await;
    let store = PostgresStore::open(&address).await;
    Opened {
        store: Arc::new(store.expect("a database with our tables")),
        place: Place::Database(address),
    }
}
