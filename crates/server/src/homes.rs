//! The two homes of what must not be lost, opened as the settings say: a database and one of payloads.
//!
//! What lets a server in comes by files, or from the environment; it is in no error and no log. Read [`Homes::open`].

mod secrets;

use std::env;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use mainstay_store::whole::StoreAt;
use mainstay_store::{
    Blobs, FolderBlobs, PostgresAddress, PostgresPlace, PostgresStore, S3Blobs, S3Place,
    SqliteStore, Store, StoreError,
};

use crate::data_dir::DataDir;
use crate::settings::{BlobsPlace, HomePlaces, StorePlace};

/// A database that is open.
#[derive(Debug, Clone)]
pub enum OpenStore {
    /// In a file.
    Sqlite(SqliteStore),
    /// On a server of its own.
    Postgres(PostgresStore),
}

impl OpenStore {
    /// What it is asked by.
    pub fn get(&self) -> &dyn Store {
        match self {
            Self::Sqlite(store) => store,
            Self::Postgres(store) => store,
        }
    }

    /// The same for many.
    pub fn shared(&self) -> Arc<dyn Store> {
        match self {
            Self::Sqlite(store) => Arc::new(store.clone()),
            Self::Postgres(store) => Arc::new(store.clone()),
        }
    }

    /// Waits for what is under way, and closes it.
    pub async fn close(&self) {
        match self {
            Self::Sqlite(store) => store.close().await,
            Self::Postgres(store) => store.close().await,
        }
    }
}

/// Both homes, open.
pub struct Homes {
    /// The database.
    pub store: OpenStore,
    /// The payloads.
    pub blobs: Arc<dyn Blobs>,
}

/// Why a home can't be opened.
#[derive(Debug, thiserror::Error)]
pub enum HomeError {
    /// What should let us in isn't a secret.
    #[error("{} {because}", .path.display())]
    Secret {
        /// The setting that names the file.
        setting: &'static str,
        /// The file.
        path: PathBuf,
        /// What is wrong with it, without anything that is in it.
        because: String,
    },
    /// One of the two variables that a bucket's key is in.
    #[error("the variable {said} is set, and {unsaid} isn't")]
    HalfAKey {
        /// The one that is set.
        said: &'static str,
        /// The one that isn't.
        unsaid: &'static str,
    },
    /// The database in the folder was copied elsewhere.
    #[error("the database in this folder was copied to {to}, and what is here is out of date")]
    Moved {
        /// Where to, as the copy told it; may be empty.
        to: String,
    },
    /// The home itself.
    #[error("{source}")]
    Store {
        /// The setting that names it.
        setting: &'static str,
        /// What is wrong.
        source: StoreError,
    },
}

impl HomeError {
    /// The setting that it is about.
    pub fn setting(&self) -> &'static str {
        match self {
            Self::Secret { setting, .. } | Self::Store { setting, .. } => setting,
            Self::HalfAKey { .. } => KEY_FILE,
            Self::Moved { .. } => STORE,
        }
    }

    /// The stable id.
    pub fn id(&self) -> &'static str {
        match self {
            Self::Secret { .. } | Self::HalfAKey { .. } => "settings.secret-malformed",
            Self::Moved { .. } => "data.moved",
            Self::Store { source, .. } => source.id(),
        }
    }

    /// What to do about it.
    pub fn cure(&self) -> &'static str {
        match self {
            Self::Secret { setting, .. } if *setting == KEY_FILE => {
                "write the key's id on the first line and its secret on the second, and nothing else"
            }
            Self::Secret { .. } => "write nothing but the password into it, on one line",
            Self::HalfAKey { .. } => {
                "set both or neither, or write the key into a file and name that"
            }
            Self::Moved { .. } => {
                "name the file of settings that says where the database is (--settings, or MAINSTAY_SETTINGS); to go back, copy it into the folder again. Only if the copy is of no use: remove the file `moved`"
            }
            Self::Store { source, .. } => source.cure(),
        }
    }
}

const STORE: &str = "store";
const PASSWORD_FILE: &str = "store_password_file";
const BLOBS: &str = "blobs";
const KEY_FILE: &str = "blobs_key_file";

impl Homes {
    /// Opens both; what lies in a data folder is looked for in `folder`.
    ///
    /// # Errors
    /// [`HomeError`], with the setting that it is about.
    pub async fn open(folder: &DataDir, places: &HomePlaces) -> Result<Self, HomeError> {
        Ok(Self {
            store: open_store(folder, places).await?,
            blobs: open_blobs(folder, places).await?,
        })
    }

    /// Looks at both as far as that changes nothing of ours: whether the database lets us in and has a fleet in it, and whether the bucket
    /// takes a write, an empty object beside the payloads. All that is wrong is found.
    pub async fn look_at(folder: &DataDir, places: &HomePlaces) -> Vec<HomeError> {
        let looked = [
            look_at_store(folder, places).await,
            look_at_blobs(places).await,
        ];
        looked.into_iter().filter_map(Result::err).collect()
    }
}

/// Opens the database alone, in which there is a fleet: nothing is made in another one that was named by mistake.
///
/// # Errors
/// [`HomeError`], with the setting that it is about.
pub async fn open_store(folder: &DataDir, places: &HomePlaces) -> Result<OpenStore, HomeError> {
    look_at_store(folder, places).await?;
    begin_store(folder, places).await
}

/// The same for whoever founds a fleet in it: an empty PostgreSQL database gets its tables.
///
/// # Errors
/// [`HomeError`], with the setting that it is about.
pub(crate) async fn begin_store(
    folder: &DataDir,
    places: &HomePlaces,
) -> Result<OpenStore, HomeError> {
    let opened = match &places.store {
        StorePlace::Sqlite => SqliteStore::open(&folder.database())
            .await
            .map(OpenStore::Sqlite),
        StorePlace::Postgres(address) => {
            let place = postgres(address, places.store_password_file.as_deref())?;
            PostgresStore::open_at(&place)
                .await
                .map(OpenStore::Postgres)
        }
    };
    opened.map_err(about(STORE))
}

/// Asks whether no server works with the database. Who has the folder's lock knows it of a file in that.
///
/// # Errors
/// [`HomeError`], with the setting that it is about.
pub(crate) async fn expect_unused(places: &HomePlaces) -> Result<(), HomeError> {
    let StorePlace::Postgres(address) = &places.store else {
        return Ok(());
    };
    let place = postgres(address, places.store_password_file.as_deref())?;
    let asked = PostgresStore::expect_unused(&place).await;
    asked.map_err(about(STORE))
}

/// Where the database is, for work with it as a whole.
///
/// # Errors
/// [`HomeError::Secret`], if what should let us in isn't a secret.
pub fn store_at(folder: &DataDir, places: &HomePlaces) -> Result<StoreAt, HomeError> {
    Ok(match &places.store {
        StorePlace::Sqlite => StoreAt::File(folder.database()),
        StorePlace::Postgres(address) => {
            StoreAt::Database(postgres(address, places.store_password_file.as_deref())?)
        }
    })
}

/// The home of payloads, to be looked at while a server runs on it.
///
/// # Errors
/// [`HomeError`], with the setting that it is about.
pub fn look_into_blobs(folder: &DataDir, places: &HomePlaces) -> Result<Arc<dyn Blobs>, HomeError> {
    match s3(places)? {
        None => Ok(Arc::new(FolderBlobs::looked_at(folder.blobs()))),
        Some(place) => Ok(Arc::new(S3Blobs::new(&place).map_err(about(BLOBS))?)),
    }
}

/// The bucket that these places name, as a mirror; none if they name none. Nothing is asked of it yet.
///
/// # Errors
/// [`HomeError`], with the setting that it is about.
pub fn mirror_bucket(places: &HomePlaces) -> Result<Option<S3Blobs>, HomeError> {
    let place = s3(places)?;
    let opened = place.map(|place| S3Blobs::new(&place).map_err(about(BLOBS)));
    opened.transpose()
}

async fn look_at_store(folder: &DataDir, places: &HomePlaces) -> Result<(), HomeError> {
    let looked = match &places.store {
        StorePlace::Sqlite => {
            folder.expect_not_moved()?;
            SqliteStore::look_at(&folder.database())
        }
        StorePlace::Postgres(address) => {
            let place = postgres(address, places.store_password_file.as_deref())?;
            PostgresStore::look_at(&place).await
        }
    };
    looked.map_err(about(STORE))
}

async fn open_blobs(folder: &DataDir, places: &HomePlaces) -> Result<Arc<dyn Blobs>, HomeError> {
    match s3(places)? {
        None => {
            let folder = FolderBlobs::open(folder.blobs()).await;
            Ok(Arc::new(folder.map_err(about(BLOBS))?))
        }
        Some(place) => Ok(Arc::new(S3Blobs::new(&place).map_err(about(BLOBS))?)),
    }
}

async fn look_at_blobs(places: &HomePlaces) -> Result<(), HomeError> {
    let Some(place) = s3(places)? else {
        return Ok(());
    };
    let bucket = S3Blobs::new(&place).map_err(about(BLOBS))?;
    bucket.probe().await.map_err(about(BLOBS))
}

fn about(setting: &'static str) -> impl Fn(StoreError) -> HomeError {
    move |source| HomeError::Store { setting, source }
}

/// The database at this address, with the password in that file.
///
/// # Errors
/// [`HomeError::Secret`], if the file holds none.
pub fn postgres(
    address: &PostgresAddress,
    password_file: Option<&Path>,
) -> Result<PostgresPlace, HomeError> {
    Ok(PostgresPlace {
        address: address.clone(),
        password: password_file.map(secrets::password).transpose()?,
    })
}

/// The bucket, if there is one.
fn s3(places: &HomePlaces) -> Result<Option<S3Place>, HomeError> {
    let BlobsPlace::Bucket { bucket, prefix } = &places.blobs else {
        return Ok(None);
    };
    let key = match &places.blobs_key_file {
        Some(path) => Some(secrets::key(path)?),
        None => secrets::key_of(|name| env::var(name).ok())?,
    };
    Ok(Some(S3Place {
        bucket: bucket.clone(),
        region: places.blobs_region.clone(),
        endpoint: places.blobs_endpoint.clone(),
        prefix: prefix.clone(),
        key,
    }))
}
