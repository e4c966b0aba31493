//! A PostgreSQL of the campaign's own, that can be stopped as by `pg_ctl stop -m immediate`, started again, and frozen. Read [`Database`].
//!
//! A shell looks after it and waits for the end of its own input, so that it ends however this program does. PostgreSQL refuses to run as root, so root starts
//! it as `nobody`. It writes its log at each commit and doesn't wait for the disk (`fsync=off`): what the end of its processes can lose is
//! the same, and only a power cut would be another matter.

use std::fs;
use std::io::Read as _;
use std::os::unix::fs::{PermissionsExt as _, chown};
use std::os::unix::process::CommandExt as _;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Context as _, bail, ensure};
use judges::postgres::{self, Postgres};
use tempfile::TempDir;

use crate::frozen;

/// `nobody` and `nogroup` of Debian.
const NOBODY: u32 = 65534;
/// How often one looks whether it is ready, and how many times.
const LOOKS: (Duration, u32) = (Duration::from_millis(100), 1800);

const MAKE: &str = r#"
cd "$2" && "$1/initdb" -D data -U mainstay -A trust -E UTF8 --locale=C --no-sync >log 2>&1
"#;

/// Whoever is connected is cut off, and what isn't in the log yet is gone. A server that is frozen when the campaign breaks off hears that only once it goes on;
/// it kills its processes then, which may still be frozen.
const RUN: &str = r#"
cd "$2" || exit 1
"$1/postgres" -D data -k "$2" -c listen_addresses= -c fsync=off -c shared_buffers=128MB -c max_connections=200 >>log 2>&1 &
echo started
read -r nothing
kill -QUIT $!
kill -CONT $!
wait
"#;

/// A cluster, running or not.
#[derive(Debug)]
pub struct Database {
    folder: TempDir,
    installed: Postgres,
    keeper: Option<Child>,
}

impl Database {
    /// Makes a cluster and starts it.
    ///
    /// # Errors
    /// If PostgreSQL isn't installed, or doesn't start.
    pub fn start_new() -> anyhow::Result<Self> {
        let folder = tempfile::Builder::new().prefix("mainstay-pg-").tempdir()?;
        if is_root()? {
            chown(folder.path(), Some(NOBODY), Some(NOBODY))?;
        }
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o700))?;
        let installed = postgres::installed().with_context(|| {
            let place = postgres::INSTALLED;
            format!("PostgreSQL isn't installed in {place}: install Debian's `postgresql`")
        })?;
        let mut database = Self {
            folder,
            installed,
            keeper: None,
        };
        let made = database.shell(MAKE)?.status()?;
        ensure!(made.success(), "initdb failed: {}", database.log());
        database.start()?;
        Ok(database)
    }

    /// What its programs call themselves: `postgres (PostgreSQL) 15.8`.
    ///
    /// # Errors
    /// If they can't be started.
    pub fn version(&self) -> anyhow::Result<String> {
        let program = self.installed.programs.join("postgres");
        let told = Command::new(program).arg("--version").output()?;
        Ok(String::from_utf8_lossy(&told.stdout).trim().to_owned())
    }

    /// How it is reached: by a socket in its folder, whoever asks.
    pub fn address(&self) -> String {
        let folder = self.folder.path().display().to_string();
        let folder = folder.replace('/', "%2F");
        format!("postgres://mainstay@{folder}/postgres")
    }

    /// Starts it, and waits until it lets people in.
    ///
    /// # Errors
    /// If it doesn't within a minute.
    pub fn start(&mut self) -> anyhow::Result<()> {
        let mut keeper = self.shell(RUN)?;
        keeper.stdin(Stdio::piped()).stdout(Stdio::piped());
        keeper.stderr(Stdio::null()).process_group(0);
        let mut keeper = keeper.spawn().context("there is a shell")?;
        let mut told = [0; 8];
        let output = keeper.stdout.as_mut().context("its output is piped")?;
        output.read_exact(&mut told)?;
        self.keeper = Some(keeper);
        let (every, times) = LOOKS;
        for _ in 0..times {
            // The last line of this file says how far the server is.
            if self.lines().is_some_and(|lines| lines.contains("\nready")) {
                return Ok(());
            }
            std::thread::sleep(every);
        }
        bail!("PostgreSQL doesn't let anybody in: {}", self.log())
    }

    /// Ends it at once: no connection is closed in order, nothing is written out.
    pub fn stop_at_once(&mut self) {
        if let Some(mut keeper) = self.keeper.take() {
            drop(keeper.stdin.take());
            // It ends by itself then; an error means that it has.
            let _ = keeper.wait();
        }
    }

    /// Lets it say nothing any more ([`frozen::freeze`]).
    ///
    /// # Errors
    /// If it doesn't run.
    pub fn freeze(&self) -> anyhow::Result<()> {
        frozen::freeze(self.server()?)
    }

    /// Lets it go on.
    ///
    /// # Errors
    /// If it doesn't run.
    pub fn thaw(&self) -> anyhow::Result<()> {
        frozen::thaw(self.server()?)
    }

    fn server(&self) -> anyhow::Result<u32> {
        let lines = self.lines().context("PostgreSQL doesn't run")?;
        let first = lines.lines().next().unwrap_or_default();
        Ok(first.trim().parse()?)
    }

    /// What a running server says of itself.
    fn lines(&self) -> Option<String> {
        fs::read_to_string(self.folder.path().join("data/postmaster.pid")).ok()
    }

    fn shell(&self, script: &str) -> anyhow::Result<Command> {
        let mut shell = Command::new("sh");
        shell.args(["-c", script, "sh"]);
        shell.arg(&self.installed.programs).arg(self.folder.path());
        if is_root()? {
            shell.uid(NOBODY).gid(NOBODY);
        }
        Ok(shell)
    }

    /// The end of its log.
    pub fn log(&self) -> String {
        let log = fs::read_to_string(self.folder.path().join("log")).unwrap_or_default();
        let lines: Vec<&str> = log.lines().collect();
        lines[lines.len().saturating_sub(40)..].join("\n")
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        // A frozen one hears nothing.
        let _ = self.thaw();
        self.stop_at_once();
    }
}

fn is_root() -> anyhow::Result<bool> {
    let id = Command::new("id").arg("-u").output()?;
    Ok(id.stdout.trim_ascii() == b"0")
}
