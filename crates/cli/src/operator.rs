//! The way from a verb to a server: its address and one person's token.
//!
//! The token is never an argument, which every process of the machine could read. Read
//! [`ServerAccess`].

use std::future::Future;
use std::io::Seek as _;
use std::path::{Path, PathBuf};

use clap::Args;
use mainstay_artifact::ArtifactFile;
use mainstay_client::{Artifact, ClientError, Operator};
use mainstay_server::{Entropy as _, SystemEntropy};

use crate::failure::{Failure, at};
use crate::files;

/// The environment variable that may hold the token.
pub const TOKEN_VARIABLE: &str = "MAINSTAY_TOKEN";
/// A token is 64 digits; a file of more than a page is another file.
const TOKEN_FILE_BYTES_MAX: u64 = 1024;
/// Some hundred certificates.
const CA_FILE_BYTES_MAX: u64 = 1024 * 1024;
/// Longest name that is sent to a server: a class, a version and the sign between them.
const NAME_BYTES_MAX: usize = 128;

/// Options of every verb that talks to a server.
#[derive(Debug, Clone, Args)]
pub struct ServerAccess {
    /// The server's address.
    #[arg(
        long,
        global = true,
        env = "MAINSTAY_SERVER",
        default_value = "http://127.0.0.1:8480",
        value_name = "URL"
    )]
    server: String,
    /// A file with nothing but your token. Without it, the environment variable MAINSTAY_TOKEN is
    /// used.
    #[arg(long, global = true, value_name = "FILE")]
    token_file: Option<PathBuf>,
    /// A file with the certificates of those who vouch for an https server, in PEM: they alone are trusted then. Without it, those
    /// whom this machine trusts.
    #[arg(long, global = true, env = "MAINSTAY_CA", value_name = "FILE")]
    ca: Option<PathBuf>,
}

impl ServerAccess {
    /// Asks the server one question and waits for its answer.
    pub fn ask<T, F>(&self, question: impl FnOnce(Operator) -> F) -> Result<T, Failure>
    where
        F: Future<Output = Result<T, ClientError>>,
    {
        let operator = self.operator(&self.token()?)?.keyed(&drawn());
        Ok(runtime()?.block_on(question(operator))?)
    }

    /// The server's address.
    pub fn server(&self) -> &str {
        &self.server
    }

    /// Whoever has the token, at this server: for what asks more than once.
    pub fn somebody(&self) -> Result<Operator, Failure> {
        self.operator(&self.token()?)
    }

    fn operator(&self, token: &str) -> Result<Operator, Failure> {
        let Some(file) = &self.ca else {
            return Ok(Operator::new(&self.server, token)?);
        };
        let authorities = files::read(file, "certificates", CA_FILE_BYTES_MAX)?;
        Operator::trusting(&self.server, token, &authorities).map_err(at(file))
    }

    fn token(&self) -> Result<String, Failure> {
        let text = match &self.token_file {
            Some(file) => files::read_text(file, "token", TOKEN_FILE_BYTES_MAX)?,
            None => std::env::var(TOKEN_VARIABLE).map_err(|_| no_token())?,
        };
        let token = text.trim();
        let plain = token.bytes().all(|byte| byte.is_ascii_graphic());
        if token.is_empty() || !plain {
            let cure = "give the line that `mainstay person add` printed, and nothing else";
            return Err(Failure::usage(
                "token.malformed",
                "this isn't a token",
                cure,
            ));
        }
        Ok(token.to_owned())
    }
}

/// What the keys of this run's requests begin with; no other run has it.
fn drawn() -> String {
    let mut bytes = [0; 16];
    SystemEntropy.fill(&mut bytes);
    let digits = bytes.iter().map(|byte| format!("{byte:02x}"));
    digits.collect()
}

fn no_token() -> Failure {
    let cure = format!("use --token-file FILE, or set {TOKEN_VARIABLE}");
    Failure::usage("token.missing", "the server wants to know who asks", cure)
}

/// What runs the few things that wait for the network or the disk.
pub fn runtime() -> Result<tokio::runtime::Runtime, Failure> {
    tokio::runtime::Runtime::new().map_err(|error| {
        Failure::usage(
            "system.runtime",
            error.to_string(),
            "free some memory and threads",
        )
    })
}

/// A name that may stand in an address, such as `thermo-v2@1.1.0`. `what` names its kind.
pub fn name<'a>(what: &str, text: &'a str) -> Result<&'a str, Failure> {
    let plain = |c: char| c.is_ascii_alphanumeric() || "._-@+".contains(c);
    // Two dots alone would climb in the address.
    let climbs = matches!(text, "." | "..");
    if (1..=NAME_BYTES_MAX).contains(&text.len()) && text.chars().all(plain) && !climbs {
        return Ok(text);
    }
    let problem = format!("{text:?} can't be the name of a {what}");
    Err(Failure::usage(
        format!("{what}.name"),
        problem,
        format!("list what there is: `mainstay {what} list`"),
    ))
}

/// An artifact's file, to be sent as it is read, once its frame has been found sound.
pub fn artifact(path: &Path) -> Result<Artifact, Failure> {
    let mut file = files::open(path, "artifact")?;
    let frame = ArtifactFile::read(&mut file).map_err(at(path))?;
    let rewound = file.rewind();
    rewound.map_err(|error| files::unreadable(path, "artifact", &error))?;
    Ok(Artifact::new(
        file,
        frame.payload_offset + frame.payload_len,
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_stays_within_its_place_in_an_address() {
        for (text, good) in [
            ("thermo-v2@1.1.0", true),
            ("th-00001", true),
            ("thermo-v2@1.1.0+build.5", true),
            ("", false),
            ("..", false),
            ("a/b", false),
            ("a?b", false),
            ("a b", false),
            ("a%2e", false),
            (&"x".repeat(NAME_BYTES_MAX + 1), false),
        ] {
            assert_eq!(name("release", text).is_ok(), good, "{text:?}");
        }
    }
}
