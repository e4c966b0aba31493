//! The two homes of what must not be lost, opened as the settings say: a database and one of payloads.
//!
//! What lets a server in comes by files, or from the environment; it is in no error and no log. Read [`Homes::open`].

use std::env;
use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use mainstay_store::whole::StoreAt;
use mainstay_store::{
    Blobs, FolderBlobs, PostgresAddress, PostgresPlace, PostgresStore, S3Blobs, S3Key, S3Place,
    SqliteStore, Store, StoreError,
};

use crate::data_dir::DataDir;
use crate::settings::{BlobsPlace, HomePlaces, StorePlace};

/// More than this is no password and no key.
const SECRET_BYTES_MAX: u64 = 4096;

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
        }
    }

    /// The stable id.
    pub fn id(&self) -> &'static str {
        match self {
            Self::Secret { .. } => "settings.secret-malformed",
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

    /// Looks at both as far as that changes nothing: whether the database lets us in and is ours, and whether the bucket takes a
    /// write, which is taken back. All that is wrong is found.
    pub async fn look_at(folder: &DataDir, places: &HomePlaces) -> Vec<HomeError> {
        let looked = [
            look_at_store(folder, places).await,
            look_at_blobs(places).await,
        ];
        looked.into_iter().filter_map(Result::err).collect()
    }
}

/// Opens the database alone.
///
/// # Errors
/// [`HomeError`], with the setting that it is about.
pub async fn open_store(folder: &DataDir, places: &HomePlaces) -> Result<OpenStore, HomeError> {
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

async fn look_at_store(folder: &DataDir, places: &HomePlaces) -> Result<(), HomeError> {
    let looked = match &places.store {
        StorePlace::Sqlite => SqliteStore::look_at(&folder.database()),
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
    let read = |path: &Path| match &lines(path, PASSWORD_FILE)?[..] {
        [password] => Ok(password.clone()),
        lines => Err(malformed(path, PASSWORD_FILE, lines.len())),
    };
    Ok(PostgresPlace {
        address: address.clone(),
        password: password_file.map(read).transpose()?,
    })
}

/// The bucket, if there is one.
fn s3(places: &HomePlaces) -> Result<Option<S3Place>, HomeError> {
    let BlobsPlace::Bucket { bucket, prefix } = &places.blobs else {
        return Ok(None);
    };
    let key = match &places.blobs_key_file {
        Some(path) => Some(key(path)?),
        None => key_of_environment(),
    };
    Ok(Some(S3Place {
        bucket: bucket.clone(),
        region: places.blobs_region.clone(),
        endpoint: places.blobs_endpoint.clone(),
        prefix: prefix.clone(),
        key,
    }))
}

fn key(path: &Path) -> Result<S3Key, HomeError> {
    match &lines(path, KEY_FILE)?[..] {
        [id, secret] => Ok(S3Key {
            id: id.clone(),
            secret: secret.clone(),
        }),
        lines => Err(malformed(path, KEY_FILE, lines.len())),
    }
}

/// The variables that other programs of S3 read. An empty one counts as not set.
fn key_of_environment() -> Option<S3Key> {
    let said = |name| env::var(name).ok().filter(|text| !text.is_empty());
    Some(S3Key {
        id: said("AWS_ACCESS_KEY_ID")?,
        secret: said("AWS_SECRET_ACCESS_KEY")?,
    })
}

/// The lines of a file with a secret, without those that are empty.
fn lines(path: &Path, setting: &'static str) -> Result<Vec<String>, HomeError> {
    let mut text = String::new();
    let read =
        File::open(path).and_then(|file| file.take(SECRET_BYTES_MAX + 1).read_to_string(&mut text));
    let because = match read {
        Err(error) if error.kind() == io::ErrorKind::InvalidData => "isn't text".to_owned(),
        Err(error) => format!("can't be read: {error}"),
        Ok(bytes) if bytes as u64 > SECRET_BYTES_MAX => "is too long for a secret".to_owned(),
        Ok(_) => {
            let lines = text.lines().filter(|line| !line.is_empty());
            return Ok(lines.map(str::to_owned).collect());
        }
    };
    let path = path.to_owned();
    Err(HomeError::Secret {
        setting,
        path,
        because,
    })
}

fn malformed(path: &Path, setting: &'static str, lines: usize) -> HomeError {
    let expected = if setting == KEY_FILE { "two" } else { "one" };
    HomeError::Secret {
        setting,
        path: path.to_owned(),
        because: format!("has {lines} lines, and must have {expected}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(text: &str) -> (tempfile::TempDir, PathBuf) {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("secret");
        std::fs::write(&path, text).expect("an own folder");
        (folder, path)
    }

    #[test]
    fn secrets_are_read_from_files_of_one_and_two_lines() {
        let address = PostgresAddress::parse("postgres://kim@db/mainstay").expect("an address");
        let (_folder, path) = written("hunter2\n");
        let place = postgres(&address, Some(&path)).expect("one line");
        assert_eq!(place.password.as_deref(), Some("hunter2"));
        let refused = key(&path).expect_err("one line");
        assert_eq!(refused.setting(), "blobs_key_file");
        let told = format!("{refused} {refused:?}");
        assert!(
            told.contains("has 1 lines") && !told.contains("hunter2"),
            "{told}"
        );

        let (_folder, path) = written("AKIDEXAMPLE\r\nnever-shown\r\n");
        let key = key(&path).expect("two lines");
        assert_eq!((&*key.id, &*key.secret), ("AKIDEXAMPLE", "never-shown"));
        let refused = postgres(&address, Some(&path)).expect_err("two lines");
        assert_eq!(
            (refused.id(), refused.setting()),
            ("settings.secret-malformed", PASSWORD_FILE)
        );
        for text in ["", "\n", &"x".repeat(5000)] {
            let (_folder, path) = written(text);
            postgres(&address, Some(&path)).expect_err("no secret");
        }
    }
}
