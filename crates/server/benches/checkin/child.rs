//! A server in a process of its own, on a processor of its own: both sides of the pipe to it.
//!
//! It prints the port that it was given and ends when its standard input does, so that none is left over when the bench
//! is stopped. Read [`serve`] and [`Child`].

use std::io::{BufRead as _, BufReader, Read as _};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::process::{self, Command, Stdio};

use anyhow::Context as _;
use tokio::net::TcpListener;

/// The processor of servers, and that of whoever asks them.
pub const SERVER_PROCESSOR: &str = "0";
/// See [`SERVER_PROCESSOR`].
pub const ASKER_PROCESSOR: &str = "1";

/// Binds a free port, and serves until standard input ends. `serving` tells with [`tell_address`] where, once it is ready.
///
/// # Errors
/// If no port can be bound, or `serving` fails.
pub fn serve(serving: impl AsyncFnOnce(TcpListener) -> anyhow::Result<()>) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        tokio::select! {
            served = serving(listener) => served,
            () = input_ends() => Ok(()),
        }
    })
}

/// Says to whoever started this process where it listens, and that it can be asked.
///
/// # Errors
/// If the address isn't known.
pub fn tell_address(listener: &TcpListener) -> anyhow::Result<()> {
    println!("{}", listener.local_addr()?);
    Ok(())
}

async fn input_ends() {
    let read = tokio::task::spawn_blocking(|| std::io::stdin().read_to_end(&mut Vec::new()));
    // Whatever happens to it, there is no one left to serve then.
    let _ = read.await;
}

/// A server that was started.
pub struct Child {
    process: process::Child,
    /// Where it listens.
    pub address: SocketAddr,
}

impl Child {
    /// Starts this program again with `words`; bound to [`SERVER_PROCESSOR`] if it `is_pinned`.
    ///
    /// # Errors
    /// If it can't be started, or doesn't say where it listens.
    pub fn start(words: &[&str], is_pinned: bool) -> anyhow::Result<Self> {
        let mut command = command(&std::env::current_exe()?, is_pinned);
        command.args(words).env(ARENAS, arenas_of_the_unit()?);
        let mut process = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .with_context(|| format!("{command:?} can't be started"))?;
        let mut line = String::new();
        let output = process.stdout.as_mut().context("its output is piped")?;
        BufReader::new(output).read_line(&mut line)?;
        let address = line.trim().parse();
        let address = address.with_context(|| {
            format!("the server {words:?} said {line:?} instead of its address")
        })?;
        Ok(Self { process, address })
    }

    /// Its process.
    pub fn pid(&self) -> u32 {
        self.process.id()
    }

    /// Ends it at once, as a crash does.
    ///
    /// # Errors
    /// If it is gone already.
    pub fn kill(mut self) -> anyhow::Result<()> {
        self.process.kill()?;
        self.process.wait()?;
        Ok(())
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        drop(self.process.stdin.take());
        // It ends by itself then; who is gone needs no waiting for.
        let _ = self.process.wait();
    }
}

/// How many rooms glibc's allocator may have: servers that are measured run with what the packaged unit gives them.
const ARENAS: &str = "MALLOC_ARENA_MAX";

fn arenas_of_the_unit() -> anyhow::Result<&'static str> {
    let unit = include_str!("../../../../packaging/systemd/mainstay-server.service");
    unit.lines()
        .find_map(|line| {
            line.strip_prefix("Environment=")?
                .strip_prefix(ARENAS)?
                .strip_prefix('=')
        })
        .context("the unit doesn't say how many rooms the allocator may have")
}

/// Starts `program`, bound to [`SERVER_PROCESSOR`] if it `is_pinned`. `taskset`, of the package util-linux, becomes the program: its
/// process is the program's.
pub fn command(program: &Path, is_pinned: bool) -> Command {
    if !is_pinned {
        return Command::new(program);
    }
    let mut command = Command::new("taskset");
    command.args(["--cpu-list", SERVER_PROCESSOR]).arg(program);
    command
}

/// Binds this process, and all that it starts from now on, to [`ASKER_PROCESSOR`], and gives them [`PRECEDENCE`] over the machine's other programs: of
/// a server that does some ten thousand polls a second, another program's hundredth of a second is what all of its longest waits are made of.
///
/// # Errors
/// If there is no such processor.
pub fn take_processors() -> anyhow::Result<()> {
    let pid = process::id().to_string();
    let bound = ["--all-tasks", "--pid", "--cpu-list", ASKER_PROCESSOR, &pid];
    anyhow::ensure!(done("taskset", &bound)?, "this bench needs two processors");
    if !done("renice", &["-n", PRECEDENCE, "-p", &pid])? {
        println!(
            "*** only an administrator may give the bench precedence: waits are longer for whatever else this machine does"
        );
    }
    Ok(())
}

/// As nice(1) counts it.
const PRECEDENCE: &str = "-10";

fn done(program: &str, words: &[&str]) -> anyhow::Result<bool> {
    let mut command = Command::new(program);
    let done = command.args(words).stdout(Stdio::null()).status();
    let done = done.with_context(|| format!("{command:?} can't be started"))?;
    Ok(done.success())
}
