//! How a device comes by its token: it shows the code that somebody brought to it.
//!
//! What the token hangs on is drawn and kept before the first question, and thrown away once the token is kept: a device that is cut off
//! anywhere in between asks the same again, and gets the same token. The code itself stays where it is; after its use it opens nothing. Read [`Joining::token`].

use std::path::{Path, PathBuf};

use mainstay_protocol::{JOIN_SECRET_BYTES, Join, Joined, read, write};
use ureq::http::StatusCode;

use crate::clock::random;
use crate::config;
use crate::durable;
use crate::fault::Fault;
use crate::link::{LinkError, needed, unfit};
use crate::log::{self, Level};

/// A question has some 300 bytes.
const QUESTION_BYTES_MAX: usize = 2048;
/// The longest code: twice what one has.
const CODE_BYTES_MAX: usize = 160;

/// The largest file with a token, or with what it hangs on.
const JOINED_BYTES_MAX: u64 = 4096;

/// A device without a token, and what it needs to get one.
#[derive(Debug)]
pub(crate) struct Joining {
    settings: config::Join,
    token_file: PathBuf,
}

impl Joining {
    /// How a device joins whose configuration says so, if there is no token in the file yet.
    ///
    /// # Errors
    /// If the file system fails, or there is neither a token nor a code.
    pub fn where_needed(
        settings: Option<&config::Join>,
        token_file: &Path,
    ) -> Result<Option<Self>, Fault> {
        let Some(settings) = settings else {
            return Ok(None);
        };
        if durable::read(token_file, JOINED_BYTES_MAX)?.is_some() {
            // A cut between the two would leave what the token can be made of beside it.
            forget(&settings.secret_file);
            return Ok(None);
        }
        code(&settings.code_file)?;
        Ok(Some(Self {
            settings: settings.clone(),
            token_file: token_file.to_owned(),
        }))
    }

    /// Asks for the token, and keeps it before it is used. `ask` sends a question to the server, and returns the answer.
    ///
    /// # Errors
    /// If there is no answer, or it can't be kept. Asking again is safe.
    pub fn token(
        &self,
        ask: impl FnOnce(&[u8]) -> Result<Vec<u8>, LinkError>,
    ) -> Result<String, LinkError> {
        let code = code(&self.settings.code_file).map_err(not_joined)?;
        let secret = self.secret().map_err(not_joined)?;
        let mut question = [0; QUESTION_BYTES_MAX];
        let join = Join {
            secret,
            code: &code,
            device: &self.settings.device,
            hardware: self.settings.hardware.as_deref(),
            zone: self.settings.zone.as_deref(),
            bootloader: Some(&self.settings.bootloader),
        };
        let length = write(&join, &mut question).map_err(not_joined)?;
        let answer = ask(&question[..length]).map_err(|error| self.refused(error))?;
        let joined: Joined = read(&answer).map_err(|_| LinkError::Wrong)?;
        let token = hexadecimal(&joined.token);
        self.keep(&token).map_err(not_joined)?;
        log::line(Level::Notice, "joined: the server knows this device now");
        Ok(token)
    }

    /// What the token hangs on; drawn once.
    fn secret(&self) -> Result<[u8; JOIN_SECRET_BYTES], Fault> {
        let file = &self.settings.secret_file;
        if let Some(kept) = durable::read(file, JOINED_BYTES_MAX)? {
            let kept = kept.try_into();
            return kept.map_err(|_| unfit(file, "what the agent keeps there; remove it"));
        }
        let drawn: [u8; JOIN_SECRET_BYTES] = random();
        durable::write_secret(file, &drawn)?;
        Ok(drawn)
    }

    /// A server that won't have the code says so to the device until somebody brings another one.
    fn refused(&self, error: LinkError) -> LinkError {
        match error {
            LinkError::Refused(status, None)
                if status.is_client_error() && status != StatusCode::TOO_MANY_REQUESTS =>
            {
                let file = self.settings.code_file.display();
                not_joined(format_args!(
                    "the server answered {status} to the code in {file}: it is wrong, over, used up or for other devices, or the server wants a certificate as well; the server's log says which"
                ))
            }
            error => error,
        }
    }

    fn keep(&self, token: &str) -> Result<(), Fault> {
        durable::write_secret(&self.token_file, token.as_bytes())?;
        forget(&self.settings.secret_file);
        Ok(())
    }
}

/// Throws away what the token hung on. A device that can't goes on all the same: it has its token.
fn forget(secret_file: &Path) {
    if let Err(fault) = durable::remove(secret_file) {
        log::line(Level::Warning, fault.to_string());
    }
}

/// The code that somebody brought.
fn code(file: &Path) -> Result<String, Fault> {
    let text = String::from_utf8(needed(file)?).unwrap_or_default();
    let text = text.trim();
    let is_one = (1..=CODE_BYTES_MAX).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_graphic());
    match is_one {
        true => Ok(text.to_owned()),
        false => Err(unfit(file, "a join code of one line")),
    }
}

fn not_joined(why: impl std::fmt::Display) -> LinkError {
    LinkError::NotJoined(why.to_string())
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt as _;

    use mainstay_protocol::MESSAGE_BYTES_MAX;

    use super::*;

    fn joining(folder: &Path) -> Result<Option<Joining>, Fault> {
        let settings = config::Join {
            code_file: folder.join("code"),
            secret_file: folder.join("join.secret"),
            device: "th-1".to_owned(),
            hardware: Some("C".to_owned()),
            zone: None,
            bootloader: "1.4.2".to_owned(),
        };
        Joining::where_needed(Some(&settings), &folder.join("token"))
    }

    fn answer() -> Vec<u8> {
        let mut buffer = vec![0; MESSAGE_BYTES_MAX];
        let joined = Joined { token: [0xab; 32] };
        let length = write(&joined, &mut buffer).expect("it fits");
        buffer.truncate(length);
        buffer
    }

    /// The secret in a question, as the server reads it.
    fn secret_of(question: &[u8]) -> [u8; JOIN_SECRET_BYTES] {
        let join: Join<'_> = read(question).expect("a message");
        assert_eq!((join.code, join.device), ("mainstay_join_ab", "th-1"));
        join.secret
    }

    #[test]
    fn a_lost_answer_is_asked_for_again_with_the_same_secret() {
        let folder = tempfile::tempdir().expect("a folder");
        let at = folder.path();
        fs::write(at.join("code"), "mainstay_join_ab\n").expect("writes");
        let mut secrets = Vec::new();
        for _ in 0..2 {
            let join = joining(at).expect("readable").expect("it has no token");
            let lost = join.token(|question| {
                secrets.push(secret_of(question));
                Err(LinkError::TooSlow)
            });
            assert!(matches!(lost, Err(LinkError::TooSlow)));
        }
        let join = joining(at).expect("readable").expect("it has no token");
        let token = join.token(|question| {
            secrets.push(secret_of(question));
            Ok(answer())
        });
        assert_eq!(token.expect("it joins"), "ab".repeat(32));
        assert!(secrets.iter().all(|secret| *secret == secrets[0]));
        assert!(joining(at).expect("readable").is_none(), "it has one now");
        let mode = fs::metadata(at.join("token")).expect("there").permissions();
        assert_eq!(mode.mode() & 0o777, 0o600);
        assert!(!at.join("join.secret").exists());
        // It was cut off before it had thrown that away.
        fs::write(at.join("join.secret"), [7; 32]).expect("writes");
        assert!(joining(at).expect("readable").is_none());
        assert!(!at.join("join.secret").exists());
    }

    #[test]
    fn what_is_no_code_and_no_answer_is_told() {
        let folder = tempfile::tempdir().expect("a folder");
        let at = folder.path();
        assert_eq!(joining(at).expect_err("no code").id, "agent.server-file");
        fs::write(at.join("code"), "two words").expect("writes");
        assert_eq!(joining(at).expect_err("no code").id, "agent.server-file");
        fs::write(at.join("code"), "mainstay_join_ab").expect("writes");
        let join = joining(at).expect("readable").expect("it has no token");
        let wrong = join.token(|_| Ok(b"garbage".to_vec()));
        assert!(matches!(wrong, Err(LinkError::Wrong)));
        assert!(!at.join("token").exists());
        let kept = fs::metadata(at.join("join.secret")).expect("there");
        assert_eq!(kept.permissions().mode() & 0o777, 0o600);
    }
}
