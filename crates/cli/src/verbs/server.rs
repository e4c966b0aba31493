//! `mainstay server`: prepare a server's data folder, keep it, and make it anew.

mod backup;
mod restore;

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use mainstay_access::Email;
use mainstay_keys::file;
use mainstay_plan::PLAN_BYTES_MAX;
use mainstay_server::admin::{self, NewServer};
use mainstay_server::{Clock as _, SystemClock};
use serde_json::json;

use super::{artifact, root};
use crate::failure::Failure;
use crate::files;
use crate::homes::HomeArgs;
use crate::operator::runtime;
use crate::output::Output;
use crate::passphrase::PassphraseSource;

/// Prepare a server's data folder, keep a backup of it, and make it anew from that.
#[derive(Debug, Subcommand)]
#[command(
    after_help = "Example:\n  mainstay server init --data data --root root.cbor --plan plan.toml --status-key status.key"
)]
pub enum Server {
    /// Make the data folder of a new server, whole or not at all; it must not exist, or be empty. Where the settings name a
    /// PostgreSQL database, the plan is put into that one, and a further server joins those that share it: with the same first
    /// root, and a plan that was in force there.
    #[command(
        after_help = "Examples:\n  mainstay server init --data data --root root.cbor --plan plan.toml --status-key status.key\n  \
                      mainstay server init --settings mainstay-server.toml --root root.cbor --plan plan.toml --status-key status.key"
    )]
    Init(Init),
    /// Put the next root into the folder of a stopped server, and the status key that it names; no server may run on the folder, or
    /// work with its database. A
    /// running server takes a root by `mainstay root publish`, as long as its own key stays in it.
    #[command(
        after_help = "Example:\n  mainstay server rotate --data data --root root-2.cbor --status-key status-2.key"
    )]
    Rotate(Rotate),
    /// Keep all that a server needs in one folder, while it serves: its database as it is at one moment, wherever that is, the
    /// payloads of its releases, its root and its key. The folder is there whole or not at all, and only its owner can read it.
    #[command(
        after_help = "Examples:\n  mainstay server backup --data data --to backups/before-the-move\n  \
                      mainstay server backup --settings mainstay-server.toml --into backups"
    )]
    Backup(backup::Backup),
    /// Make a data folder of a backup, once every byte of it was found good. What was under way is paused there, and nobody is
    /// signed in: such a server doesn't know what happened since its backup.
    #[command(
        after_help = "Examples:\n  mainstay server restore --from backups/2026-11-27T02-30-00Z --to data\n  \
                      mainstay server restore --from backups/2026-11-27T02-30-00Z --look"
    )]
    Restore(restore::Restore),
}

/// The next root, and the key that comes with it.
#[derive(Debug, Args)]
pub struct Rotate {
    #[command(flatten)]
    homes: HomeArgs,
    /// The signed root that follows the newest one.
    #[arg(long, value_name = "FILE")]
    root: PathBuf,
    /// The private key that takes the status key's place, under the same passphrase. Without it the
    /// present one stays.
    #[arg(long, value_name = "FILE")]
    status_key: Option<PathBuf>,
    #[command(flatten)]
    passphrase: PassphraseSource,
}

/// What a new server starts with.
#[derive(Debug, Args)]
pub struct Init {
    #[command(flatten)]
    homes: HomeArgs,
    /// The root of trust that the server's devices hold.
    #[arg(long, value_name = "FILE")]
    root: PathBuf,
    /// The first plan; it comes into force.
    #[arg(long, value_name = "FILE")]
    plan: PathBuf,
    /// The private key that the root names for the role `status`. The folder gets an encrypted copy,
    /// under the same passphrase.
    #[arg(long, value_name = "FILE")]
    status_key: PathBuf,
    /// Who puts the plan into force [default: the plan's first release manager].
    #[arg(long, value_name = "EMAIL")]
    by: Option<String>,
    #[command(flatten)]
    passphrase: PassphraseSource,
}

impl Server {
    /// Does it.
    pub fn run(self, output: &Output) -> Result<(), Failure> {
        match self {
            Self::Init(init) => init.run(output),
            Self::Rotate(rotate) => rotate.run(output),
            Self::Backup(backup) => backup.run(output),
            Self::Restore(restore) => restore.run(output),
        }
    }
}

impl Rotate {
    fn run(&self, output: &Output) -> Result<(), Failure> {
        let folder = self.homes.folder()?;
        folder.check()?;
        let root = root::RootFile::read(&self.root)?;
        let key = self.status_key.clone();
        let key = key.unwrap_or_else(|| folder.status_key());
        let prompt = format!("Passphrase of {}", key.display());
        let passphrase = self.passphrase.read(&prompt)?;
        let new_key = match &self.status_key {
            Some(path) => Some(file::open_secret(path, &passphrase)?),
            None => None,
        };
        let rotated = folder.rotate(
            &root.bytes,
            new_key.as_ref(),
            &passphrase,
            SystemClock.now(),
        );
        let version = runtime()?.block_on(rotated)?;
        let data = folder.path().display().to_string();
        let sentence = || format!("root {version} is in force in {data}");
        let new_key = new_key.is_some();
        output.say(
            sentence,
            &json!({ "version": version, "data": data, "new_status_key": new_key }),
        );
        Ok(())
    }
}

impl Init {
    fn run(&self, output: &Output) -> Result<(), Failure> {
        let folder = self.homes.folder()?;
        let root = root::RootFile::read(&self.root)?;
        // Here a bad root is told with its path, and before anybody is asked for a passphrase.
        root.open()?;
        let plan = files::read_text(&self.plan, "plan", PLAN_BYTES_MAX as u64)?;
        let by = self.by()?;
        let prompt = format!("Passphrase of {}", self.status_key.display());
        let passphrase = self.passphrase.read(&prompt)?;
        let status_key = file::open_secret(&self.status_key, &passphrase)?;
        let new = NewServer {
            root: &root.bytes,
            status_key: &status_key,
            passphrase: &passphrase,
            plan: &plan,
            by: &by,
        };
        runtime()?.block_on(admin::init(&folder, &new, SystemClock.now()))?;
        say(folder.path(), &self.status_key, &by, output);
        Ok(())
    }

    fn by(&self) -> Result<Email, Failure> {
        if let Some(text) = &self.by {
            return Ok(Email::new(text)?);
        }
        let plan = artifact::request::read_plan(&self.plan)?;
        let first = plan.roles.release_managers.people.first();
        Ok(Email::new(first.map_or("", |email| email.as_str()))?)
    }
}

fn say(data: &Path, status_key: &Path, by: &Email, output: &Output) {
    let data = data.display();
    let sentence = || {
        format!(
            "{data} is the folder of a new server; its plan was put into force by {by}.\n\
             It has its own copy of {}; keep the other one offline, or delete it.\n\
             Next: `mainstay person add --data {data} EMAIL --duty DUTY`",
            status_key.display()
        )
    };
    output.say(sentence, &json!({ "data": data.to_string(), "by": by }));
}
