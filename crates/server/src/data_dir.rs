//! The server's folder: what lies where, made whole or not at all, and opened by one server at a time.
//!
//! ```text
//! mainstay.sqlite   everything durable but the payloads; the plan in force too. Not if that is in PostgreSQL
//! blobs/            the payloads, by digest. Not if they are in a bucket
//! root.cbor         the signed root that this server's devices pin; the later ones are in the database
//! status-key        the online key, encrypted; status-key.pub beside it, and status-key.uses, which has a
//!                   line for each time that a server opened it
//! device-issuer.uses   when the key was opened with which devices are given certificates, if it was
//! status-key.next   the next online key, while `rotate.rs` is at work
//! acme-certificate  what an authority gave this server to show, with its key; acme-account beside it; `acme/kept.rs`
//! lock              held while a server runs on the folder
//! server-id         the server's name among those that share its database; `server_id.rs`
//! moved             where the database was copied to, if it was; `moved.rs`
//! restored          of which backup the folder was made, if it was; `backup/restoring.rs`
//! ```
//!
//! Where several servers share one database, each has a folder of its own: with the same first root, and a key that the newest root
//! names. Read [`DataDir::create`] and [`DataDir::open`].

use std::fs::{self, File, TryLockError};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::Timestamp;
use mainstay_access::Email;
use mainstay_artifact::Signer;
use mainstay_keys::{KeyError, Passphrase, PublicHalf, SecretKey, UseLog, UseLogError, file};
use mainstay_plan::Plan;
use mainstay_store::{FolderBlobs, SqliteStore, StoreError};
use mainstay_trust::signed::SIGNED_BYTES_MAX;

use crate::app::{AppError, Parts};
use crate::clock::{Clock as _, SystemClock};
use crate::entropy::{SystemEntropy, number};
use crate::founding::{begin, chain};
use crate::homes::{self, HomeError, Homes, OpenStore};
use crate::root_chain;
use crate::server_id::{self, ServerId};
use crate::settings::{BlobsPlace, HomePlaces, StorePlace};

/// A server's folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DataDir {
    path: PathBuf,
    homes: HomePlaces,
}

/// What a new folder starts with.
pub struct Contents<'a> {
    /// The signed root, as a file holds it. It names the status key.
    pub root: &'a [u8],
    /// The online key.
    pub status_key: &'a SecretKey,
    /// Under which the online key is kept.
    pub passphrase: &'a Passphrase,
    /// The first plan's text, checked by the caller; [`Plan::digest`] names it.
    pub plan_text: &'a str,
    /// The same plan, parsed.
    pub plan: &'a Plan,
    /// Who puts the plan into force.
    pub by: &'a Email,
    /// When.
    pub at: Timestamp,
}

/// Why a folder can't be made or opened.
#[derive(Debug, thiserror::Error)]
pub enum DataDirError {
    /// There is something at that place.
    #[error("{} is there already, and isn't empty", .0.display())]
    Exists(PathBuf),
    /// There is no such folder, or it isn't one of a server.
    #[error("{} isn't a server's data folder: it holds no root.cbor", .0.display())]
    Missing(PathBuf),
    /// Another server runs on it.
    #[error("another server runs on {}", .0.display())]
    InUse(PathBuf),
    /// The operating system refused.
    #[error("{} can't be used: {cause}", .path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What the operating system said.
        #[source]
        cause: io::Error,
    },
    /// The online key can't be kept or opened.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// That the online key was opened can't be recorded.
    #[error(transparent)]
    Record(#[from] UseLogError),
    /// The database or the blobs can't be opened.
    #[error(transparent)]
    Home(#[from] HomeError),
    /// The folder was made of a backup, its database is in it still, and the settings name another one.
    #[error(
        "the database that was restored is in {}, and the settings name another one", .0.display()
    )]
    RestoredHere(PathBuf),
    /// The database belongs to another fleet.
    #[error("the database is another fleet's: {0}")]
    OtherFleet(&'static str),
    /// The database can't be read or written.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Root and online key don't belong together.
    #[error(transparent)]
    App(#[from] AppError),
}

impl DataDirError {
    /// The stable id.
    pub fn id(&self) -> &'static str {
        match self {
            Self::Exists(_) => "data.exists",
            Self::Missing(_) => "data.missing",
            Self::InUse(_) => "data.in-use",
            Self::Io { .. } => "data.unusable",
            Self::Key(error) => error.id(),
            Self::Record(error) => error.id(),
            Self::Home(error) => error.id(),
            Self::RestoredHere(_) => "data.restored-here",
            Self::OtherFleet(_) => "data.other-fleet",
            Self::Store(error) => error.id(),
            Self::App(error) => error.id(),
        }
    }

    /// What to do about it.
    pub fn cure(&self) -> &'static str {
        match self {
            Self::Exists(_) => "Name a folder that isn't there yet.",
            Self::Missing(_) => "Check the path; make a new data folder with its own command.",
            Self::InUse(_) => "Stop the other server first; one server owns a folder.",
            Self::Io { .. } => "Check the path, its permissions and the room on the disk.",
            Self::Key(error) => error.cure(),
            Self::Record(error) => error.cure(),
            Self::Home(error) => error.cure(),
            Self::RestoredHere(_) => {
                "Copy it into an empty database (`mainstay store copy`) and name that; the one that is named may go on with what was stopped. Only if it is the right one: remove the file `restored`."
            }
            Self::OtherFleet(_) => {
                "Name this fleet's database, or an empty one; to join a fleet, give its first root and a plan that was in force there."
            }
            Self::Store(error) => error.cure(),
            Self::App(error) => error.cure(),
        }
    }
}

/// That this process runs the server of a folder; given up when dropped.
#[derive(Debug)]
pub struct Lock {
    server: Option<ServerId>,
    _file: File,
}

impl Lock {
    /// The name of the folder's server, if this was locked to run it.
    pub(crate) fn server(&self) -> Option<&ServerId> {
        self.server.as_ref()
    }
}

impl DataDir {
    /// The folder at `path`, there or not.
    pub fn at(path: impl Into<PathBuf>) -> Self {
        let homes = HomePlaces::default();
        let path = path.into();
        Self { path, homes }
    }

    /// The same folder, with its database and its payloads where these settings say.
    #[must_use]
    pub fn with_homes(self, homes: HomePlaces) -> Self {
        Self { homes, ..self }
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Where the database is.
    pub fn database(&self) -> PathBuf {
        self.path.join("mainstay.sqlite")
    }

    /// Where the payloads are.
    pub fn blobs(&self) -> PathBuf {
        self.path.join("blobs")
    }

    /// Where the signed root is.
    pub fn root(&self) -> PathBuf {
        self.path.join("root.cbor")
    }

    /// Where the online key is.
    pub fn status_key(&self) -> PathBuf {
        self.path.join("status-key")
    }

    /// Makes the folder. Everything is written under another name first, so that a failure or a
    /// power cut leaves no half-made one.
    ///
    /// # Errors
    /// If something is there, the root doesn't verify or name the key, or the disk refuses.
    pub async fn create(&self, contents: &Contents<'_>) -> Result<(), DataDirError> {
        root_chain::check(&[contents.root.to_vec()], &contents.status_key.signer()?)?;
        self.refuse_existing()?;
        let partial = Self {
            path: self.path.with_added_extension("partial"),
            homes: self.homes.clone(),
        };
        remove_leftover(&partial.path)?;
        let filled = partial.fill(contents).await;
        let renamed = filled.and_then(|()| partial.rename_to(&self.path));
        renamed.inspect_err(|_| drop(fs::remove_dir_all(&partial.path)))
    }

    /// Opens everything that a server needs, with the machine's own clock and chance.
    ///
    /// # Errors
    /// If the folder isn't one, another server runs on it, or a part can't be opened.
    pub async fn open(&self, passphrase: &Passphrase) -> Result<Parts, DataDirError> {
        let root = self.read_root()?;
        let mut lock = self.lock()?;
        self.expect_the_restored_one()?;
        lock.server = Some(server_id::of(&self.path, &SystemEntropy)?);
        let Homes { store, blobs } = Homes::open(self, &self.homes).await?;
        let store = store.shared();
        store.begin_order_numbers(number(&SystemEntropy)).await?;
        let roots = chain(&*store, root).await?;
        let status_signer: Arc<dyn Signer> = Arc::new(self.open_status_key(&roots, passphrase)?);
        self.uses_of_status_key().opened(&*status_signer)?;
        if let Some(backup) = self.restored() {
            tracing::warn!(backup, "this server was restored from a backup");
        }
        Ok(Parts {
            store,
            blobs,
            clock: Arc::new(SystemClock),
            entropy: Arc::new(SystemEntropy),
            status_signer,
            roots,
            lock: Some(lock),
        })
    }

    /// What was paused and ended by a restore is in the folder's database. Once that was copied elsewhere, the folder says so.
    fn expect_the_restored_one(&self) -> Result<(), DataDirError> {
        let is_elsewhere = self.homes.store != StorePlace::Sqlite;
        match is_elsewhere && self.restored().is_some() && self.expect_not_moved().is_ok() {
            true => Err(DataDirError::RestoredHere(self.path.clone())),
            false => Ok(()),
        }
    }

    fn uses_of_status_key(&self) -> UseLog {
        let now_s = || u64::try_from(SystemClock.now().as_second()).unwrap_or(0);
        let program = concat!("mainstay server ", env!("CARGO_PKG_VERSION"));
        UseLog::at(UseLog::path_beside(&self.status_key()), now_s, program)
    }

    /// Whether this is a server's folder at all, asked before anybody is asked for a passphrase.
    ///
    /// # Errors
    /// If it isn't one, or its root can't be read.
    pub fn check(&self) -> Result<(), DataDirError> {
        self.read_root().map(|_root| ())
    }

    /// The database alone, wherever it is, for the commands of an administrator. There must be a fleet in it.
    ///
    /// # Errors
    /// If it can't be opened.
    pub async fn open_store(&self) -> Result<OpenStore, DataDirError> {
        Ok(homes::open_store(self, &self.homes).await?)
    }

    /// Where the database and the payloads are.
    pub fn homes(&self) -> &HomePlaces {
        &self.homes
    }

    /// The database in the folder itself.
    ///
    /// # Errors
    /// If it isn't there or isn't one.
    pub async fn store(&self) -> Result<SqliteStore, DataDirError> {
        Ok(SqliteStore::open(&self.database()).await?)
    }

    fn refuse_existing(&self) -> Result<(), DataDirError> {
        match fs::read_dir(&self.path) {
            Ok(mut entries) => match entries.next() {
                None => Ok(()),
                Some(_) => Err(DataDirError::Exists(self.path.clone())),
            },
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            Err(cause) if cause.kind() == io::ErrorKind::NotADirectory => {
                Err(DataDirError::Exists(self.path.clone()))
            }
            Err(cause) => Err(unusable(&self.path, cause)),
        }
    }

    async fn fill(&self, contents: &Contents<'_>) -> Result<(), DataDirError> {
        fs::create_dir_all(&self.path).map_err(|cause| unusable(&self.path, cause))?;
        write_durably(&self.root(), contents.root)?;
        let _public: PublicHalf =
            file::create(&self.status_key(), contents.status_key, contents.passphrase)?;
        if self.homes.blobs == BlobsPlace::Folder {
            FolderBlobs::open(self.blobs()).await?;
        }
        if self.homes.store == StorePlace::Sqlite {
            SqliteStore::create(&self.database()).await?.close().await;
        }
        let store = homes::begin_store(self, &self.homes).await?;
        let mut begun = begin(store.get(), contents).await;
        if begun.is_ok() && self.homes.store != StorePlace::Sqlite {
            // Whoever joins is measured by it.
            begun = chain(store.get(), contents.root.to_vec()).await.map(drop);
        }
        store.close().await;
        begun
    }

    fn rename_to(&self, path: &Path) -> Result<(), DataDirError> {
        fs::rename(&self.path, path).map_err(|cause| unusable(path, cause))
    }

    pub(crate) fn read_root(&self) -> Result<Vec<u8>, DataDirError> {
        let path = self.root();
        let file = File::open(&path).map_err(|cause| match cause.kind() {
            io::ErrorKind::NotFound => DataDirError::Missing(self.path.clone()),
            _ => unusable(&path, cause),
        })?;
        let mut root = Vec::new();
        // One byte more than the largest root: a longer file is then refused by its verification.
        let read = file
            .take(SIGNED_BYTES_MAX as u64 + 1)
            .read_to_end(&mut root);
        read.map_err(|cause| unusable(&path, cause))?;
        Ok(root)
    }

    /// Keeps servers off the folder as long as it isn't dropped.
    ///
    /// # Errors
    /// [`DataDirError::InUse`] if one runs on it.
    pub fn lock(&self) -> Result<Lock, DataDirError> {
        let path = self.path.join("lock");
        let file = File::create(&path).map_err(|cause| unusable(&path, cause))?;
        match file.try_lock() {
            Ok(()) => Ok(Lock {
                server: None,
                _file: file,
            }),
            Err(TryLockError::WouldBlock) => Err(DataDirError::InUse(self.path.clone())),
            Err(TryLockError::Error(cause)) => Err(unusable(&path, cause)),
        }
    }
}

pub(crate) fn write_durably(path: &Path, bytes: &[u8]) -> Result<(), DataDirError> {
    let written = File::create(path).and_then(|mut file| {
        file.write_all(bytes)?;
        file.sync_all()
    });
    written.map_err(|cause| unusable(path, cause))
}

/// Clears away what an earlier attempt left when it was killed.
fn remove_leftover(path: &Path) -> Result<(), DataDirError> {
    match fs::remove_dir_all(path) {
        Err(cause) if cause.kind() != io::ErrorKind::NotFound => Err(unusable(path, cause)),
        _ => Ok(()),
    }
}

pub(crate) fn unusable(path: &Path, cause: io::Error) -> DataDirError {
    DataDirError::Io {
        path: path.to_owned(),
        cause,
    }
}
