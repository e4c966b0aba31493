//! Why a demonstration could not be shown.

use std::path::PathBuf;

use mainstay_artifact::{BlockError, pack::PackError};
use mainstay_client::ClientError;
use mainstay_device::ProvisionError;
use mainstay_keys::KeyError;
use mainstay_server::AppError;
use mainstay_server::Refused;
use mainstay_server::admin::AdminError;
use mainstay_server::data_dir::DataDirError;
use mainstay_server::serve::ServeError;
use mainstay_store::StoreError;
use mainstay_trust::Refusal;

use crate::link::LinkError;

/// What can go wrong. A story that ends unsafely is no error: its summary says so.
#[derive(Debug, thiserror::Error)]
pub enum DemoError {
    /// The options make no story.
    #[error("{what}")]
    Options {
        /// What is wrong with them.
        what: String,
        /// What to do.
        cure: &'static str,
    },
    /// The folder holds something that no demonstration left there.
    #[error("{} is there already, and no demonstration made it", .0.display())]
    Folder(PathBuf),
    /// A file can't be read or written.
    #[error("{}: {cause}", .path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        #[source]
        cause: std::io::Error,
    },
    /// The story doesn't come to its end.
    #[error("after {days} days of the story, {what}")]
    Stuck {
        /// Days of the story's time.
        days: i64,
        /// What hasn't happened.
        what: String,
    },
    /// A step of the story failed.
    #[error("{cause}")]
    Step {
        /// The stable id of what failed.
        id: String,
        /// What failed.
        cause: String,
        /// What to do.
        cure: String,
    },
}

impl DemoError {
    /// The stable id.
    pub fn id(&self) -> &str {
        match self {
            Self::Options { .. } => "demo.options",
            Self::Folder(_) => "demo.folder",
            Self::File { .. } => "demo.file",
            Self::Stuck { .. } => "demo.stuck",
            Self::Step { id, .. } => id,
        }
    }

    /// What to do about it.
    pub fn cure(&self) -> &str {
        match self {
            Self::Options { cure, .. } => cure,
            Self::Folder(_) => "name another folder with --folder, or move this one away",
            Self::File { .. } => "check the path, its permissions and the room on the disk",
            Self::Stuck { .. } => {
                "run it again with the same --seed and report it: it is a fault of Mainstay"
            }
            Self::Step { cure, .. } => cure,
        }
    }

    /// Whether the fault lies in what the caller asked for.
    pub fn is_usage(&self) -> bool {
        matches!(
            self,
            Self::Options { .. } | Self::Folder(_) | Self::File { .. }
        ) || self.id() == "serve.port-in-use"
    }
}

/// Library errors that know their id and cure become steps that failed.
macro_rules! steps {
    ($($error:ty),* $(,)?) => {$(
        impl From<$error> for DemoError {
            fn from(error: $error) -> Self {
                Self::Step {
                    id: error.id().to_owned(),
                    cause: error.to_string(),
                    cure: error.cure().to_owned(),
                }
            }
        }
    )*};
}

steps!(
    AdminError,
    AppError,
    BlockError,
    ClientError,
    DataDirError,
    KeyError,
    PackError,
    Refused,
    ServeError,
    StoreError
);

impl From<Refusal> for DemoError {
    fn from(refusal: Refusal) -> Self {
        Self::Step {
            id: refusal.id().to_owned(),
            cause: refusal.cause().to_owned(),
            cure: refusal.cure().to_owned(),
        }
    }
}

impl From<ProvisionError> for DemoError {
    fn from(error: ProvisionError) -> Self {
        let cure = "give a smaller image, or report it".to_owned();
        Self::Step {
            id: "demo.provision".to_owned(),
            cause: error.to_string(),
            cure,
        }
    }
}

impl From<LinkError> for DemoError {
    fn from(error: LinkError) -> Self {
        let cure = "check that loopback networking works on this machine".to_owned();
        Self::Step {
            id: "demo.link".to_owned(),
            cause: error.to_string(),
            cure,
        }
    }
}
