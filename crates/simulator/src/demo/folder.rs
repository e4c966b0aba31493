//! The folder that a demonstration leaves: plan, keys, artifacts, the server's data, the report.
//!
//! A folder that an earlier demonstration left is replaced; anything else is left alone.

use std::fs;
use std::path::{Path, PathBuf};

use super::error::DemoError;

/// Marks a folder as made by a demonstration, and so as replaceable by the next one.
const MARK: &str = "made-by-mainstay-demo";

/// The folder of one demonstration.
#[derive(Debug, Clone)]
pub struct Folder(PathBuf);

impl Folder {
    /// Makes the folder anew.
    ///
    /// # Errors
    /// If something is there that no demonstration made, or the disk refuses.
    pub fn create(path: &Path) -> Result<Self, DemoError> {
        let folder = Self(path.to_owned());
        if path.exists() {
            if !folder.path(MARK).is_file() {
                return Err(DemoError::Folder(path.to_owned()));
            }
            fs::remove_dir_all(path).map_err(|cause| file_error(path, cause))?;
        }
        for inner in ["keys", "artifacts"] {
            let inner = folder.path(inner);
            fs::create_dir_all(&inner).map_err(|cause| file_error(&inner, cause))?;
        }
        folder.write(MARK, b"The next demonstration may replace this folder.\n")?;
        Ok(folder)
    }

    /// The path of a file in it.
    pub fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    /// Writes a file and returns its path.
    ///
    /// # Errors
    /// If the disk refuses.
    pub fn write(&self, name: &str, bytes: &[u8]) -> Result<PathBuf, DemoError> {
        let path = self.path(name);
        fs::write(&path, bytes).map_err(|cause| file_error(&path, cause))?;
        Ok(path)
    }
}

/// An error of the operating system, with the file it is about.
pub fn file_error(path: &Path, cause: std::io::Error) -> DemoError {
    DemoError::File {
        path: path.to_owned(),
        cause,
    }
}
