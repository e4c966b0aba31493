//! A database as it is named on the command line: by a data folder, or by an address. Read [`Place`].

use std::path::{Path, PathBuf};

use mainstay_server::data_dir::Lock;
use mainstay_server::{DataDir, homes};
use mainstay_store::PostgresAddress;
use mainstay_store::whole::StoreAt;

use crate::failure::Failure;

/// Where a database is.
#[derive(Debug, Clone)]
pub enum Place {
    /// In a server's folder.
    Folder(DataDir),
    /// On a server of its own.
    Address(PostgresAddress),
}

impl Place {
    /// What `text`, given for `flag`, names. A text that isn't a place isn't told again: it may hold a password.
    pub fn parse(flag: &str, text: &str) -> Result<Self, Failure> {
        if !text.contains("://") {
            let folder = DataDir::at(PathBuf::from(text));
            folder.check()?;
            return Ok(Self::Folder(folder));
        }
        let address = PostgresAddress::parse(text).map_err(|error| {
            let what = format!("{flag} {error}");
            Failure::usage("store.address", what, error.cure())
        })?;
        Ok(Self::Address(address))
    }

    /// Where it is, with what lets us in.
    pub fn at(&self, password_file: Option<&Path>) -> Result<StoreAt, Failure> {
        Ok(match self {
            Self::Folder(folder) => StoreAt::File(folder.database()),
            Self::Address(address) => StoreAt::Database(homes::postgres(address, password_file)?),
        })
    }

    /// Keeps servers off a folder. Of PostgreSQL's servers the work itself asks.
    pub fn lock(&self) -> Result<Option<Lock>, Failure> {
        match self {
            Self::Folder(folder) => Ok(Some(folder.lock()?)),
            Self::Address(_) => Ok(None),
        }
    }

    /// How it is told.
    pub fn told(&self) -> String {
        match self {
            Self::Folder(folder) => folder.path().display().to_string(),
            Self::Address(address) => address.to_string(),
        }
    }
}
