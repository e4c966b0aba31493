//! A PostgreSQL that can be stopped and started again, and asks for a password. Read [`Database`].
//!
//! As with the store's own tests, a shell looks after it and waits for the end of its input, so that it ends however this program does.
//! PostgreSQL refuses to run as root, so root starts it as `nobody`.

use std::fs;
use std::io::Read as _;
use std::os::unix::fs::{PermissionsExt as _, chown};
use std::os::unix::process::CommandExt as _;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use tempfile::TempDir;

/// `nobody` and `nogroup` of Debian.
const NOBODY: u32 = 65534;

pub const PASSWORD: &str = "never-in-a-log";

const MAKE: &str = r#"
cd "$2" && "$1/initdb" -D data -U mainstay -A scram-sha-256 --pwfile=password -E UTF8 --locale=C --no-sync >log 2>&1
"#;

/// Whoever is connected is cut off.
const RUN: &str = r#"
cd "$2" || exit 1
"$1/postgres" -D data -k "$2" -c listen_addresses= -c fsync=off -c shared_buffers=32MB >>log 2>&1 &
echo started
read -r nothing
kill -INT $!
wait
"#;

/// A cluster, running or not.
pub struct Database {
    folder: TempDir,
    programs: PathBuf,
    keeper: Option<Child>,
}

impl Database {
    pub fn new() -> Self {
        let folder = tempfile::Builder::new().prefix("mainstay-pg-").tempdir();
        let folder = folder.expect("a temporary folder");
        fs::write(folder.path().join("password"), PASSWORD).expect("an own folder");
        if is_root() {
            for path in [folder.path(), &folder.path().join("password")] {
                chown(path, Some(NOBODY), Some(NOBODY)).expect("root may");
            }
        }
        let own = fs::Permissions::from_mode(0o700);
        fs::set_permissions(folder.path(), own).expect("it is ours");
        let mut database = Self {
            folder,
            programs: judges::postgres::needed().programs,
            keeper: None,
        };
        let made = database.shell(MAKE).status().expect("there is a shell");
        assert!(made.success(), "{}", database.log());
        database.start();
        database
    }

    /// How it is reached, without the password.
    pub fn address(&self) -> String {
        let folder = self.folder.path().display().to_string();
        format!(
            "postgres://mainstay@{}/postgres",
            folder.replace('/', "%2F")
        )
    }

    pub fn start(&mut self) {
        let mut keeper = self.shell(RUN);
        keeper.stdin(Stdio::piped()).stdout(Stdio::piped());
        keeper.stderr(Stdio::null()).process_group(0);
        let mut keeper = keeper.spawn().expect("there is a shell");
        let mut told = [0; 8];
        let output = keeper.stdout.as_mut().expect("piped");
        output.read_exact(&mut told).expect("it tells");
        self.keeper = Some(keeper);
        let process = self.folder.path().join("data/postmaster.pid");
        for _ in 0..1800 {
            // Its last line says how far the server is.
            if fs::read_to_string(&process).is_ok_and(|lines| lines.contains("\nready")) {
                return;
            }
            std::thread::sleep(Duration::from_millis(100));
        }
        panic!("PostgreSQL doesn't answer: {}", self.log());
    }

    pub fn stop(&mut self) {
        if let Some(mut keeper) = self.keeper.take() {
            drop(keeper.stdin.take());
            keeper.wait().expect("it ends");
        }
    }

    /// The number of its process.
    pub fn server(&self) -> u32 {
        let lines = fs::read_to_string(self.folder.path().join("data/postmaster.pid"));
        let lines = lines.expect("it runs");
        let first = lines.lines().next().expect("it has lines");
        first.trim().parse().expect("a number")
    }

    fn shell(&self, script: &str) -> Command {
        let mut shell = Command::new("sh");
        shell.args(["-c", script, "sh"]);
        shell.arg(&self.programs).arg(self.folder.path());
        if is_root() {
            shell.uid(NOBODY).gid(NOBODY);
        }
        shell
    }

    fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join("log")).unwrap_or_default()
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        self.stop();
    }
}

fn is_root() -> bool {
    let id = Command::new("id").arg("-u").output();
    id.expect("there is `id`").stdout.trim_ascii() == b"0"
}
