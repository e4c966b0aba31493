//! The hook that makes caches forget a payload, or revocations that newer ones replace. Read [`Hook`].

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use mainstay_client::{Purge, PurgeHook};

use crate::failure::Failure;
use crate::files;
use crate::operator::TOKEN_VARIABLE;

/// How often one looks whether a program has ended.
const LOOK_EVERY: Duration = Duration::from_millis(50);
/// So many looks: a program that hasn't ended after a minute has failed.
const LOOKS_MAX: u32 = 1200;
/// A token is one line.
const TOKEN_FILE_BYTES_MAX: u64 = 4096;
/// Where the newest revocations lie, below the same address as payloads.
const REVOCATIONS: &str = "revocations";

/// What tells caches.
pub enum Hook {
    /// Nobody is told.
    None,
    /// A program.
    Program(PathBuf),
    /// An address.
    Address(PurgeHook),
}

impl Hook {
    /// What the options say.
    pub fn new(
        program: Option<&Path>,
        address: Option<&str>,
        token_file: Option<&Path>,
    ) -> Result<Self, Failure> {
        if let Some(program) = program {
            return Ok(Self::Program(program.to_owned()));
        }
        let Some(address) = address else {
            return Ok(Self::None);
        };
        let token = match token_file {
            None => None,
            Some(file) => {
                let text = files::read_text(file, "token", TOKEN_FILE_BYTES_MAX)?;
                Some(token(file, &text)?)
            }
        };
        let hook = PurgeHook::new(address, token).map_err(|error| {
            Failure::usage(
                "mirror.purge-url",
                error.to_string(),
                "write an https address without a user, and the token into --purge-token-file",
            )
        })?;
        Ok(Self::Address(hook))
    }

    /// Whether there is anybody to tell.
    pub fn is_none(&self) -> bool {
        matches!(self, Self::None)
    }

    /// Tells it that no cache may have this payload any more; why it failed, if so.
    pub async fn call(&self, digest: &str) -> Result<(), String> {
        self.tell(digest, format!("{}/{digest}", &digest[..2]))
            .await
    }

    /// Tells it that the revocations with this digest are the newest, and no cache may have older ones any more; why it failed, if so.
    pub async fn call_of_revocations(&self, digest: &str) -> Result<(), String> {
        self.tell(digest, REVOCATIONS.to_owned()).await
    }

    async fn tell(&self, digest: &str, path: String) -> Result<(), String> {
        match self {
            Self::None => Ok(()),
            Self::Program(program) => {
                let (program, digest) = (program.clone(), digest.to_owned());
                let ran = tokio::task::spawn_blocking(move || run(&program, &digest, &path));
                ran.await.unwrap_or_else(|error| Err(error.to_string()))
            }
            Self::Address(hook) => {
                let path = path.as_str();
                hook.call(&Purge { digest, path }).await
            }
        }
    }
}

/// The one word in the file of a token.
fn token(file: &Path, text: &str) -> Result<String, Failure> {
    let text = text.trim();
    let is_one = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic());
    is_one.then(|| text.to_owned()).ok_or_else(|| {
        Failure::usage(
            "mirror.purge-token",
            format!("{} doesn't hold one line of a token", file.display()),
            "write the token into it, and nothing else",
        )
    })
}

fn run(program: &Path, digest: &str, path: &str) -> Result<(), String> {
    // What lets the mirror in at the server is none of its business.
    let started = Command::new(program)
        .args([digest, path])
        .env_remove(TOKEN_VARIABLE)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .spawn();
    let mut child = started.map_err(|error| format!("{}: {error}", program.display()))?;
    for _ in 0..LOOKS_MAX {
        match child.try_wait() {
            Ok(Some(status)) if status.success() => return Ok(()),
            Ok(Some(status)) => return Err(format!("{} ended with {status}", program.display())),
            Ok(None) => std::thread::sleep(LOOK_EVERY),
            Err(error) => return Err(error.to_string()),
        }
    }
    // It may have ended just now; then there is nothing to end.
    let _ = child.kill();
    let _ = child.wait();
    Err(format!("{} didn't end within a minute", program.display()))
}
