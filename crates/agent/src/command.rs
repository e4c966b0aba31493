//! Runs somebody else's program beside the agent: hooks, checks, and what applies an update.
//!
//! It gets a process group of its own and a time; when that is over, the whole group is killed. Its output goes
//! to the log, so much and no more. It is told by its environment, never by a shell.

use std::io::Read as _;
use std::os::unix::process::CommandExt as _;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use mainstay_protocol::InstallFailure;
use rustix::process::{Pid, Signal, kill_process_group};

use crate::clock::Clock;
use crate::fault::Fault;
use crate::log::{self, Level};
use crate::notify::Notify;

/// Bytes of a program's output that are kept, of each of its two: what a person reads of a failed hook, and what
/// `rauc status` says of some fifty slots.
pub const OUTPUT_BYTES_MAX: usize = 32 * 1024;
/// How often it is looked whether the program has ended.
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// A program with its arguments, and the time that it has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Program {
    /// The program, then its arguments.
    pub command: Vec<String>,
    /// How long it may take.
    pub limit: Duration,
}

/// How a program ended, and what it said.
#[derive(Debug)]
pub struct Ended {
    /// What it wrote to its standard output.
    pub output: String,
    /// What it wrote to its standard error.
    pub complaint: String,
    status: ExitStatus,
}

impl Ended {
    /// Whether it says that it succeeded.
    #[must_use]
    pub fn succeeded(&self) -> bool {
        self.status.success()
    }

    /// The code that it ended with; none if a signal ended it.
    #[must_use]
    pub fn code(&self) -> Option<i32> {
        self.status.code()
    }

    /// Logs what it said.
    pub fn log(&self, what: &str) {
        log_lines(what, &[&self.output, &self.complaint]);
    }
}

impl Program {
    /// Runs it with these variables added, and logs what it says.
    ///
    /// # Errors
    /// If it can't be started, fails, or takes too long; `what` names it.
    pub fn run(&self, what: &str, variables: &[(&str, String)]) -> Result<(), Fault> {
        let ended = self.watch(what, variables)?;
        ended.log(what);
        match ended.succeeded() {
            true => Ok(()),
            false => Err(failed(format!("{what} failed: {}", ended.status))),
        }
    }

    /// Runs it to its end, however that is. Systemd hears meanwhile that the agent lives.
    ///
    /// # Errors
    /// If it can't be started, or takes too long; then what it said is logged. `what` names it.
    pub fn watch(&self, what: &str, variables: &[(&str, String)]) -> Result<Ended, Fault> {
        let mut child = self.start(variables).map_err(|error| {
            failed(format!(
                "{what} can't be started: {}: {error}",
                self.command[0]
            ))
        })?;
        let output = child.stdout.take().map(drain);
        let complaint = child.stderr.take().map(drain);
        let status = wait(&mut child, self.limit);
        // Whatever it left behind in its group goes too, so that the pipe ends.
        kill_group(&child);
        let (output, complaint) = (text(output), text(complaint));
        let Some(status) = status else {
            log_lines(what, &[&output, &complaint]);
            return Err(self.late(what));
        };
        Ok(Ended {
            output,
            complaint,
            status,
        })
    }

    fn start(&self, variables: &[(&str, String)]) -> std::io::Result<Child> {
        Command::new(&self.command[0])
            .args(&self.command[1..])
            .envs(variables.iter().map(|(name, text)| (name, text)))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0)
            .spawn()
    }

    fn late(&self, what: &str) -> Fault {
        Fault::new(
            "agent.hook-timed-out",
            format!(
                "{what} was killed: it took more than {} s",
                self.limit.as_secs()
            ),
            "Make it faster, or give it more time in agent.toml.",
        )
        .told_as(InstallFailure::HookTimedOut)
    }
}

fn failed(what: String) -> Fault {
    Fault::new(
        "agent.hook-failed",
        what,
        "Look at its output in the log, and run it by hand.",
    )
    .told_as(InstallFailure::HookFailed)
}

/// Waits for its end; none if the time is over, and it was killed.
fn wait(child: &mut Child, limit: Duration) -> Option<ExitStatus> {
    let clock = Clock::begin();
    let mut notify = Notify::from_environment();
    while Duration::from_millis(clock.elapsed_ms()) < limit {
        // A child that can't be waited for is treated as one that never ends.
        if let Ok(Some(status)) = child.try_wait() {
            return Some(status);
        }
        notify.alive();
        std::thread::sleep(LOOK_EVERY);
    }
    kill_group(child);
    let _ = child.wait();
    None
}

fn kill_group(child: &Child) {
    let pid = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
    if let Some(pid) = pid {
        // A group that is gone already is what is wanted.
        let _ = kill_process_group(pid, Signal::KILL);
    }
}

/// Reads an output on a thread of its own, so that a talkative program never waits for the agent.
fn drain(mut pipe: impl std::io::Read + Send + 'static) -> mpsc::Receiver<Vec<u8>> {
    let (sender, receiver) = mpsc::channel();
    std::thread::spawn(move || {
        let mut kept = Vec::new();
        let _ = (&mut pipe)
            .take(OUTPUT_BYTES_MAX as u64)
            .read_to_end(&mut kept);
        let _ = sender.send(kept);
        let _ = std::io::copy(&mut pipe, &mut std::io::sink());
    });
    receiver
}

/// How long the rest of an output is waited for: a program that escaped its group may hold the pipe for ever.
const OUTPUT_GRACE: Duration = Duration::from_millis(200);

fn text(output: Option<mpsc::Receiver<Vec<u8>>>) -> String {
    let bytes = output.and_then(|output| output.recv_timeout(OUTPUT_GRACE).ok());
    String::from_utf8_lossy(&bytes.unwrap_or_default()).into_owned()
}

fn log_lines(what: &str, texts: &[&str]) {
    for line in texts.iter().flat_map(|text| text.lines()) {
        log::line(Level::Info, format_args!("{what}: {line}"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str, limit: Duration) -> Result<(), Fault> {
        let program = Program {
            command: ["/bin/sh", "-c", script].map(str::to_owned).into(),
            limit,
        };
        program.run("the hook", &[("MAINSTAY_SLOT", "b".to_owned())])
    }

    const LONG: Duration = Duration::from_secs(60);

    #[test]
    fn success_failure_and_absence_are_told_apart() {
        assert_eq!(shell("test $MAINSTAY_SLOT = b", LONG), Ok(()));
        let fault = shell("exit 7", LONG).unwrap_err();
        assert!(
            fault.what.contains('7') && fault.obstacle == InstallFailure::HookFailed,
            "{fault}"
        );
        let absent = Program {
            command: vec!["/nonexistent".to_owned()],
            limit: LONG,
        };
        assert_eq!(absent.run("it", &[]).unwrap_err().id, "agent.hook-failed");
    }

    #[test]
    fn a_hook_that_hangs_is_killed_with_its_children() {
        let folder = tempfile::tempdir().expect("a folder");
        let pid_file = folder.path().join("pid");
        let script = format!("sleep 1000 & echo $! > {}; wait", pid_file.display());
        let fault = shell(&script, Duration::from_millis(500)).unwrap_err();
        assert_eq!(fault.id, "agent.hook-timed-out");
        let pid = std::fs::read_to_string(pid_file).expect("it began");
        // A kill is delivered when the child is next scheduled, which a busy machine puts off.
        let clock = Clock::begin();
        while !has_ended(pid.trim()) {
            assert!(
                Duration::from_millis(clock.elapsed_ms()) < LONG,
                "{pid} lives on"
            );
            std::thread::sleep(LOOK_EVERY);
        }
    }

    /// Gone, or waiting to be collected by whoever inherits it.
    fn has_ended(pid: &str) -> bool {
        std::fs::read_to_string(format!("/proc/{pid}/stat"))
            .map_or(true, |stat| stat.contains(") Z ") || stat.contains(") X "))
    }

    #[test]
    fn endless_output_harms_nobody() {
        assert_eq!(
            shell("head -c 10000000 /dev/zero; echo x >&2", LONG),
            Ok(())
        );
    }
}
