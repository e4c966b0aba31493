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

/// Bytes of a program's output that are logged: what a person reads of a failed hook.
pub const OUTPUT_BYTES_MAX: usize = 8 * 1024;
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

impl Program {
    /// Runs it with these variables added, calling `meanwhile` every now and then.
    ///
    /// # Errors
    /// If it can't be started, fails, or takes too long; `what` names it.
    pub fn run(
        &self,
        what: &str,
        variables: &[(&str, String)],
        meanwhile: &mut dyn FnMut(),
    ) -> Result<(), Fault> {
        let mut child = self.start(variables).map_err(|error| {
            failed(format!(
                "{what} can't be started: {}: {error}",
                self.command[0]
            ))
        })?;
        let output = drain(&mut child);
        let ended = wait(&mut child, self.limit, meanwhile);
        // Whatever it left behind in its group goes too, so that the pipe ends.
        kill_group(&child);
        log_output(what, &output);
        match ended {
            Some(status) if status.success() => Ok(()),
            Some(status) => Err(failed(format!("{what} failed: {status}"))),
            None => Err(self.late(what)),
        }
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
fn wait(child: &mut Child, limit: Duration, meanwhile: &mut dyn FnMut()) -> Option<ExitStatus> {
    let clock = Clock::begin();
    while Duration::from_millis(clock.elapsed_ms()) < limit {
        // A child that can't be waited for is treated as one that never ends.
        if let Ok(Some(status)) = child.try_wait() {
            return Some(status);
        }
        meanwhile();
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

/// Reads both outputs on threads of their own, so that a talkative program never waits for the agent.
fn drain(child: &mut Child) -> mpsc::Receiver<Vec<u8>> {
    let (sender, receiver) = mpsc::channel();
    let pipes: [Option<Box<dyn std::io::Read + Send>>; 2] = [
        child.stdout.take().map(|pipe| Box::new(pipe) as _),
        child.stderr.take().map(|pipe| Box::new(pipe) as _),
    ];
    for mut pipe in pipes.into_iter().flatten() {
        let sender = sender.clone();
        std::thread::spawn(move || {
            let mut kept = Vec::new();
            let _ = (&mut pipe)
                .take(OUTPUT_BYTES_MAX as u64)
                .read_to_end(&mut kept);
            let _ = sender.send(kept);
            let _ = std::io::copy(&mut pipe, &mut std::io::sink());
        });
    }
    receiver
}

/// How long the rest of an output is waited for: a program that escaped its group may hold the pipe for ever.
const OUTPUT_GRACE: Duration = Duration::from_millis(200);

fn log_output(what: &str, output: &mpsc::Receiver<Vec<u8>>) {
    while let Ok(bytes) = output.recv_timeout(OUTPUT_GRACE) {
        for text in String::from_utf8_lossy(&bytes).lines() {
            log::line(Level::Info, format_args!("{what}: {text}"));
        }
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
        program.run("the hook", &[("MAINSTAY_SLOT", "b".to_owned())], &mut || ())
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
        assert_eq!(
            absent.run("it", &[], &mut || ()).unwrap_err().id,
            "agent.hook-failed"
        );
    }

    #[test]
    fn a_hook_that_hangs_is_killed_with_its_children() {
        let folder = tempfile::tempdir().expect("a folder");
        let pid_file = folder.path().join("pid");
        let script = format!("sleep 1000 & echo $! > {}; wait", pid_file.display());
        let fault = shell(&script, Duration::from_millis(500)).unwrap_err();
        assert_eq!(fault.id, "agent.hook-timed-out");
        let pid = std::fs::read_to_string(pid_file).expect("it began");
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", pid.trim()));
        // Gone, or waiting to be collected by whoever inherits it.
        assert!(stat.is_err() || stat.is_ok_and(|stat| stat.contains(") Z ")));
    }

    #[test]
    fn endless_output_harms_nobody() {
        assert_eq!(
            shell("head -c 10000000 /dev/zero; echo x >&2", LONG),
            Ok(())
        );
    }
}
