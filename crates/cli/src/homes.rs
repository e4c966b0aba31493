//! Which server a command of an administrator is about: its folder, and its database wherever that is. Read [`HomeArgs`].

use std::ffi::OsString;
use std::path::PathBuf;

use clap::Args;
use mainstay_server::DataDir;
use mainstay_server::settings::{self, Asked, Finding, Settings};

use crate::failure::Failure;

/// Names the file of settings where no flag does.
const FILE_VARIABLE: &str = "MAINSTAY_SETTINGS";

/// Options of every verb that opens a server's database by itself.
#[derive(Debug, Clone, Args)]
pub struct HomeArgs {
    /// The server's data folder; else the one that its settings name.
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// The server's file of settings, which says where its database is; else the one that the variable MAINSTAY_SETTINGS
    /// names. Without any, the database is in the folder.
    #[arg(long, value_name = "FILE")]
    settings: Option<PathBuf>,
}

impl HomeArgs {
    /// The folder, which knows where its database and its payloads are.
    pub fn folder(&self) -> Result<DataDir, Failure> {
        self.settled(None).map(folder_of)
    }

    /// All that the server's settings say, of which a flag of the verb may say one: by its name.
    pub fn settled(&self, said: Option<(&'static str, OsString)>) -> Result<Settings, Failure> {
        let data = self.data.clone().map(OsString::from);
        let data = data.map(|data| ("data", data));
        let answered = settings::read(&Asked {
            file: self.settings.clone().or_else(named_file),
            variables: std::env::vars_os().collect(),
            flags: data.into_iter().chain(said).collect(),
        });
        match answered.settled() {
            Ok((settings, _)) => Ok(settings),
            Err(findings) => Err(findings.first().map_or_else(nothing_said, failure)),
        }
    }
}

/// The folder that these settings name, with its homes.
pub fn folder_of(settings: Settings) -> DataDir {
    DataDir::at(settings.data).with_homes(settings.homes)
}

/// What the variable names. An empty one counts as not set, as that of any setting.
pub fn named_file() -> Option<PathBuf> {
    let named = std::env::var_os(FILE_VARIABLE);
    named.filter(|name| !name.is_empty()).map(PathBuf::from)
}

/// A finding as the end of a command.
pub fn failure(finding: &Finding) -> Failure {
    Failure::usage(finding.id, finding.to_string(), finding.cure.as_str())
}

fn nothing_said() -> Failure {
    Failure::usage(
        "settings.wrong",
        "the settings can't be used",
        "ask `mainstay serve --check`",
    )
}
