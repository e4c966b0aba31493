//! What lets a server into its homes: read from files, or from the environment, and told nowhere.

use std::path::Path;

use mainstay_store::S3Key;

use super::{HomeError, KEY_FILE, PASSWORD_FILE};
use crate::settings::secret;

/// A database's password.
pub(super) fn password(path: &Path) -> Result<String, HomeError> {
    match &lines(path, PASSWORD_FILE)?[..] {
        [password] => Ok(password.clone()),
        lines => Err(malformed(path, PASSWORD_FILE, lines.len())),
    }
}

/// A bucket's key.
pub(super) fn key(path: &Path) -> Result<S3Key, HomeError> {
    match &lines(path, KEY_FILE)?[..] {
        [id, secret] => Ok(S3Key {
            id: id.clone(),
            secret: secret.clone(),
            token: None,
        }),
        lines => Err(malformed(path, KEY_FILE, lines.len())),
    }
}

const KEY_VARIABLES: [&str; 2] = ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"];

/// What the variables say that other programs of S3 read. An empty one counts as not set. Half a key isn't passed over: whatever else
/// would let us in then is another one's key.
pub(super) fn key_of(
    variable: impl Fn(&str) -> Option<String>,
) -> Result<Option<S3Key>, HomeError> {
    let said = |name| variable(name).filter(|text| !text.is_empty());
    let [id, secret] = KEY_VARIABLES;
    let half = |said, unsaid| Err(HomeError::HalfAKey { said, unsaid });
    match KEY_VARIABLES.map(said) {
        [Some(id), Some(secret)] => Ok(Some(S3Key {
            id,
            secret,
            token: said("AWS_SESSION_TOKEN"),
        })),
        [None, None] => Ok(None),
        [Some(_), None] => half(id, secret),
        [None, Some(_)] => half(secret, id),
    }
}

/// The lines of a file with a secret, without those that are empty.
fn lines(path: &Path, setting: &'static str) -> Result<Vec<String>, HomeError> {
    let text = secret::read(path).map_err(|because| HomeError::Secret {
        setting,
        path: path.to_owned(),
        because,
    })?;
    let lines = text.lines().filter(|line| !line.is_empty());
    Ok(lines.map(str::to_owned).collect())
}

fn malformed(path: &Path, setting: &'static str, lines: usize) -> HomeError {
    let expected = if setting == KEY_FILE { "two" } else { "one" };
    HomeError::Secret {
        setting,
        path: path.to_owned(),
        because: format!("has {lines} lines, and must have {expected}"),
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use mainstay_store::PostgresAddress;

    use super::*;
    use crate::homes::postgres;

    fn written(text: &str) -> (tempfile::TempDir, PathBuf) {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("secret");
        std::fs::write(&path, text).expect("an own folder");
        (folder, path)
    }

    #[test]
    fn secrets_are_read_from_files_of_one_and_two_lines() {
        let address = PostgresAddress::parse("postgres://kim@db/mainstay").expect("an address");
        let (_folder, path) = written("hunter2\n");
        let place = postgres(&address, Some(&path)).expect("one line");
        assert_eq!(place.password.as_deref(), Some("hunter2"));
        let refused = key(&path).expect_err("one line");
        assert_eq!(refused.setting(), "blobs_key_file");
        let told = format!("{refused} {refused:?}");
        assert!(
            told.contains("has 1 lines") && !told.contains("hunter2"),
            "{told}"
        );

        let (_folder, path) = written("AKIDEXAMPLE\r\nnever-shown\r\n");
        let key = key(&path).expect("two lines");
        assert_eq!((&*key.id, &*key.secret), ("AKIDEXAMPLE", "never-shown"));
        let refused = postgres(&address, Some(&path)).expect_err("two lines");
        assert_eq!(
            (refused.id(), refused.setting()),
            ("settings.secret-malformed", PASSWORD_FILE)
        );
        for text in ["", "\n", &"x".repeat(5000)] {
            let (_folder, path) = written(text);
            postgres(&address, Some(&path)).expect_err("no secret");
        }
    }

    /// With one half of a key another one would be used: that of the machine.
    #[test]
    fn half_a_key_is_none() {
        let key = |given: &[(&str, &str)]| {
            key_of(|name| {
                let said = given.iter().find(|(known, _)| *known == name);
                said.map(|(_, text)| (*text).to_owned())
            })
        };
        assert!(key(&[]).expect("another way in").is_none());
        let [id, secret] = KEY_VARIABLES;
        for (said, unsaid) in [(id, secret), (secret, id)] {
            let refused = key(&[(said, "never-shown"), (unsaid, "")]).expect_err("half a key");
            assert_eq!(refused.setting(), KEY_FILE);
            let told = refused.to_string();
            assert_eq!(
                told,
                format!("the variable {said} is set, and {unsaid} isn't")
            );
        }
        let both = [(id, "AKIDEXAMPLE"), (secret, "never-shown")];
        let lasting = key(&both).expect("whole").expect("a key");
        assert_eq!((&*lasting.id, lasting.token), ("AKIDEXAMPLE", None));
        let session = [
            both[0],
            both[1],
            ("AWS_SESSION_TOKEN", "never-shown-either"),
        ];
        let ending = key(&session).expect("whole").expect("a key");
        assert_eq!(ending.token.as_deref(), Some("never-shown-either"));
        assert!(!format!("{ending:?}").contains("never"), "{ending:?}");
    }
}
