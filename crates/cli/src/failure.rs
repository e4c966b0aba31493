//! How a command fails: with a stable id, what is wrong and where, and what to do about it.

use std::path::Path;
use std::process::ExitCode;

use mainstay_artifact::mcuboot::WrapError;
use mainstay_artifact::pack::PackError;
use mainstay_artifact::provenance::ProvenanceError;
use mainstay_client::{ClientError, HawkbitError};
use mainstay_fleet::QueryError;
use mainstay_server::AppError;
use mainstay_server::admin::AdminError;
use mainstay_server::backup::BackupError;
use mainstay_server::data_dir::DataDirError;
use serde::Serialize;

/// Whose move it is after a failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// The command line, a file or the surroundings are wrong; mend them and repeat. Exit code 2.
    Usage,
    /// Everything was understood, and the answer is no. Exit code 1.
    Refusal,
}

/// One failure, as a person and as a machine read it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Failure {
    /// Whose move it is.
    pub kind: Kind,
    /// Stable id, `area.kebab-case`.
    pub id: String,
    /// What is wrong, and where.
    pub what: String,
    /// What to do about it.
    pub cure: String,
}

impl Failure {
    /// Bad usage or bad input.
    pub fn usage(id: impl Into<String>, what: impl Into<String>, cure: impl Into<String>) -> Self {
        Self {
            kind: Kind::Usage,
            id: id.into(),
            what: what.into(),
            cure: cure.into(),
        }
    }

    /// A refusal.
    pub fn refusal(
        id: impl Into<String>,
        what: impl Into<String>,
        cure: impl Into<String>,
    ) -> Self {
        Self {
            kind: Kind::Refusal,
            id: id.into(),
            what: what.into(),
            cure: cure.into(),
        }
    }

    /// The process's exit code.
    pub fn exit_code(&self) -> ExitCode {
        match self.kind {
            Kind::Usage => ExitCode::from(2),
            Kind::Refusal => ExitCode::from(1),
        }
    }
}

/// For `map_err`: the failure that an error is, with the file that it is about before its text.
pub fn at<E: Into<Failure>>(path: &Path) -> impl Fn(E) -> Failure {
    move |error| {
        let failure = error.into();
        let what = format!("{}: {}", path.display(), failure.what);
        Failure { what, ..failure }
    }
}

/// Turns library errors that know their id and cure into failures of the named kind.
macro_rules! explain {
    ($($kind:ident $error:ty;)*) => {$(
        impl From<$error> for Failure {
            fn from(error: $error) -> Self {
                Self::$kind(error.id(), error.to_string(), error.cure())
            }
        }
    )*};
}

explain! {
    usage mainstay_keys::KeyError;
    usage mainstay_keys::UseLogError;
    usage mainstay_server::delivery::KeyFileError;
    usage mainstay_server::homes::HomeError;
    usage mainstay_server::acme::AcmeError;
    usage mainstay_server::issuing::IssuerError;
    usage mainstay_store::StoreError;
    usage mainstay_server::serve::ServeError;
    usage mainstay_server::sign_in::provider::ProviderError;
    usage mainstay_server::tls::TlsError;
    usage mainstay_artifact::bundle_file::BundleError;
    usage mainstay_artifact::container::ContainerError;
    usage mainstay_artifact::identity::NameError;
    usage mainstay_artifact::sbom::SbomError;
    usage mainstay_artifact::mcuboot::CounterError;
    usage mainstay_artifact::mcuboot::VersionError;
    usage mainstay_artifact::mcuboot::spki::SpkiError;
    refusal mainstay_artifact::BlockError;
    refusal mainstay_artifact::ChangeError;
    refusal mainstay_artifact::revocations_file::WithdrawError;
    refusal mainstay_artifact::SignError;
    usage mainstay_access::EmailError;
    usage mainstay_fleet::AttributeError;
    usage mainstay_fleet::ControllerIdError;
    usage mainstay_fleet::IdError;
    usage mainstay_fleet::SiteError;
    usage mainstay_api::import::hawkbit::SourceError;
}

impl From<QueryError> for Failure {
    /// With the query below the sentence, and a caret at the place.
    fn from(error: QueryError) -> Self {
        let pointed = error.pointed().replace('\n', "\n  ");
        let what = format!("{error}\n  {pointed}");
        Self::usage(error.id(), what, error.cure())
    }
}

impl From<WrapError> for Failure {
    fn from(error: WrapError) -> Self {
        match error {
            WrapError::Sign(error) => error.into(),
            _ => Self::usage(error.id(), error.to_string(), error.cure()),
        }
    }
}

impl From<PackError> for Failure {
    fn from(error: PackError) -> Self {
        match error {
            PackError::Block(error) => error.into(),
            error => Self::usage(error.id(), error.to_string(), error.cure()),
        }
    }
}

impl From<ProvenanceError> for Failure {
    fn from(error: ProvenanceError) -> Self {
        let (id, what, cure) = (error.id(), error.to_string(), error.cure());
        match error.is_refusal() {
            true => Self::refusal(id, what, cure),
            false => Self::usage(id, what, cure),
        }
    }
}

impl From<mainstay_trust::Refusal> for Failure {
    fn from(refusal: mainstay_trust::Refusal) -> Self {
        Self::refusal(refusal.id(), refusal.cause(), refusal.cure())
    }
}

impl From<mainstay_server::Refused> for Failure {
    fn from(refused: mainstay_server::Refused) -> Self {
        Self::refusal(refused.id(), refused.cause(), refused.cure())
    }
}

impl From<AdminError> for Failure {
    fn from(error: AdminError) -> Self {
        match error {
            AdminError::Refused(refused) => refused.into(),
            AdminError::DataDir(error) => error.into(),
        }
    }
}

impl From<DataDirError> for Failure {
    fn from(error: DataDirError) -> Self {
        match error {
            DataDirError::App(error) => error.into(),
            _ => Self::usage(error.id(), error.to_string(), error.cure()),
        }
    }
}

impl From<BackupError> for Failure {
    fn from(error: BackupError) -> Self {
        let (id, what, cure) = (error.id(), error.to_string(), error.cure());
        match error.is_refusal() {
            true => Self::refusal(id, what, cure),
            false => Self::usage(id, what, cure),
        }
    }
}

impl From<AppError> for Failure {
    fn from(error: AppError) -> Self {
        Self::refusal(error.id(), error.to_string(), error.cure())
    }
}

impl From<HawkbitError> for Failure {
    fn from(error: HawkbitError) -> Self {
        let (id, what, cure) = (error.id(), error.to_string(), error.cure());
        match error {
            HawkbitError::Denied { .. } => Self::refusal(id, what, cure),
            _ => Self::usage(id, what, cure),
        }
    }
}

impl From<ClientError> for Failure {
    fn from(error: ClientError) -> Self {
        match &error {
            ClientError::Refused(_) => Self::refusal(error.id(), error.to_string(), error.cure()),
            _ => Self::usage(error.id(), error.to_string(), error.cure()),
        }
    }
}
