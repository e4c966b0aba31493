//! The real client: `smpclient`, in a Python process that takes a command a line.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use anyhow::{Context as _, ensure};
use serde_json::{Value, json};

const SCRIPT: &str = include_str!("client.py");

/// One process. Dropping it ends it.
#[derive(Debug)]
pub struct Client {
    python: Child,
    commands: ChildStdin,
    answers: BufReader<ChildStdout>,
}

impl Client {
    /// Starts one with this Python, which must have `smpclient`.
    ///
    /// # Errors
    /// If it can't be started.
    pub fn start(python: &Path) -> anyhow::Result<Self> {
        let mut python = Command::new(python)
            .args(["-W", "ignore", "-c", SCRIPT])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .context("Python can't be started")?;
        let commands = python.stdin.take().context("Python's input")?;
        let answers = python.stdout.take().context("Python's output")?;
        Ok(Self {
            python,
            commands,
            answers: BufReader::new(answers),
        })
    }

    /// Does one thing (`client.py` says which there are), and returns what came of it. What went wrong on the line or was
    /// refused is a value too: `{"error": text}`.
    ///
    /// # Errors
    /// If the process has ended.
    pub fn ask(&mut self, command: &str, argument: &str) -> anyhow::Result<Value> {
        writeln!(self.commands, "{}", json!([command, argument])).context("the client")?;
        let mut line = String::new();
        self.answers.read_line(&mut line).context("the client")?;
        ensure!(!line.is_empty(), "the client has ended");
        serde_json::from_str(&line).context("the client")
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        self.python.kill().ok();
        self.python.wait().ok();
    }
}
