//! A folder whose database was copied elsewhere. Read [`DataDir::expect_not_moved`].
//!
//! Without settings a server, and every command of an administrator, looks for its database in the folder. What lies there after a move
//! is the fleet of that day: the same devices, tokens and keys, and none of the holds, halts and revocations since. A server that goes on
//! with it is believed by every device. So whoever copies it leaves the file `moved` beside it, and as long as that is there, nothing
//! opens the database in this folder.
//!
//! A folder that was made of a backup has the file `restored` in it: from it nothing is withheld, but whoever starts a server on it is told.

use std::fs::{self, File};
use std::io::{self, Read as _};
use std::path::PathBuf;

use crate::data_dir::{DataDir, DataDirError, unusable, write_durably};
use crate::homes::HomeError;

/// How much is read of the place that the file names: an address is shorter.
const PLACE_BYTES_MAX: u64 = 1024;

impl DataDir {
    /// Notes that the database in this folder was copied to a place, as it is told.
    ///
    /// # Errors
    /// If the disk refuses.
    pub fn mark_moved(&self, to: &str) -> Result<(), DataDirError> {
        write_durably(&self.moved(), format!("{to}\n").as_bytes())
    }

    /// Takes that back: a database was copied into this folder.
    ///
    /// # Errors
    /// If the disk refuses.
    pub fn unmark_moved(&self) -> Result<(), DataDirError> {
        match fs::remove_file(self.moved()) {
            Err(cause) if !is_absent(&cause) => Err(unusable(&self.moved(), cause)),
            _ => Ok(()),
        }
    }

    /// Asked before the database in this folder is opened.
    ///
    /// # Errors
    /// [`HomeError::Moved`], if it was copied elsewhere.
    pub fn expect_not_moved(&self) -> Result<(), HomeError> {
        let mut said = String::new();
        let read = File::open(self.moved())
            .and_then(|file| file.take(PLACE_BYTES_MAX).read_to_string(&mut said));
        match read {
            Err(error) if is_absent(&error) => Ok(()),
            // That it is there counts, whatever is in it.
            _ => Err(HomeError::Moved {
                to: said
                    .lines()
                    .next()
                    .unwrap_or_default()
                    .escape_debug()
                    .to_string(),
            }),
        }
    }

    /// Where it is noted that this folder was made of a backup, of when and when, in a sentence.
    pub(crate) fn restored_mark(&self) -> PathBuf {
        self.path().join("restored")
    }

    /// Of which backup this folder was made, if it was.
    pub fn restored(&self) -> Option<String> {
        let mut said = String::new();
        let read = File::open(self.restored_mark())
            .and_then(|file| file.take(PLACE_BYTES_MAX).read_to_string(&mut said));
        match read {
            Err(error) if is_absent(&error) => None,
            // That it is there counts, whatever is in it.
            _ => {
                let line = said.lines().next().unwrap_or_default();
                Some(line.escape_debug().to_string())
            }
        }
    }

    fn moved(&self) -> PathBuf {
        self.path().join("moved")
    }
}

/// Whether there is no such file: nothing of the name, or no folder for it to be in.
fn is_absent(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What else is wrong with it is said by whoever opens it.
    #[test]
    fn what_is_no_folder_was_not_moved() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let file = folder.path().join("data");
        fs::write(&file, b"no folder").expect("an own folder");
        let data = DataDir::at(&file);
        data.expect_not_moved().expect("no mark in it");
        data.unmark_moved().expect("nothing to take back");
    }

    #[test]
    fn a_folder_is_marked_until_a_database_comes_back() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let data = DataDir::at(folder.path());
        data.unmark_moved().expect("nothing to take back");
        data.expect_not_moved().expect("nobody copied it");
        data.mark_moved("postgres://db/mainstay")
            .expect("an own folder");
        let refused = data.expect_not_moved().expect_err("it was copied");
        assert_eq!((refused.id(), refused.setting()), ("data.moved", "store"));
        assert!(
            refused.to_string().contains("postgres://db/mainstay"),
            "{refused}"
        );
        data.unmark_moved().expect("an own folder");
        data.expect_not_moved().expect("it is back");
    }

    /// Somebody may have made it by hand, and written anything.
    #[test]
    fn whatever_is_in_the_mark_it_counts() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let data = DataDir::at(folder.path());
        for bytes in [&b""[..], b"\xff\xfe", b"\x1b[2J\n", &[b'x'; 5000]] {
            fs::write(folder.path().join("moved"), bytes).expect("an own folder");
            let refused = data.expect_not_moved().expect_err("it is there");
            let told = refused.to_string();
            assert!(!told.contains('\x1b') && told.len() < 2000, "{told}");
        }
    }
}
