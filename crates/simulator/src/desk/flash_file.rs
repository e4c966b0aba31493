//! The flash of the device at the desk, as a file: killing the process is cutting the power.

use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use mainstay_device::{Flash as _, FlashError, Layout};

use crate::body::Region;

/// Why a flash file can't be used.
#[derive(Debug, thiserror::Error)]
pub enum FlashFileError {
    /// It can't be read or written.
    #[error("{path}: {error}")]
    File {
        /// Which.
        path: PathBuf,
        /// Why not.
        #[source]
        error: io::Error,
    },
    /// It is the flash of another kind of device.
    #[error("{path} has {found} bytes, and the flash of this device {expected}")]
    Size {
        /// Which.
        path: PathBuf,
        /// Its size.
        found: u64,
        /// The layout's.
        expected: u32,
    },
    /// The simulated part didn't take it.
    #[error("the simulated flash: {0}")]
    Flash(#[from] FlashError),
}

/// A region that lies in a file.
#[derive(Debug)]
pub struct FlashFile {
    path: PathBuf,
    /// The flash operations that the file knows of.
    saved: u64,
}

impl FlashFile {
    /// The file at `path`, which need not be there yet.
    pub fn at(path: impl Into<PathBuf>) -> Self {
        Self {
            path: path.into(),
            saved: 0,
        }
    }

    /// The region in the file; none if there is no file.
    ///
    /// # Errors
    /// If the file can't be read, or is no flash of this layout.
    pub fn load(&self, layout: Layout) -> Result<Option<Region>, FlashFileError> {
        let expected = layout.total_bytes();
        match fs::metadata(&self.path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(file_error(&self.path, error)),
            Ok(facts) if facts.len() != u64::from(expected) => {
                return Err(FlashFileError::Size {
                    path: self.path.clone(),
                    found: facts.len(),
                    expected,
                });
            }
            Ok(_) => {}
        }
        let bytes = fs::read(&self.path).map_err(|error| file_error(&self.path, error))?;
        Ok(Some(region(&bytes, layout)?))
    }

    /// Writes the region down, if anything was done to it since the last time.
    ///
    /// # Errors
    /// If the file can't be written; the one that was there stays.
    pub fn save(&mut self, region: &Region) -> Result<(), FlashFileError> {
        let operations = region.flash().operations();
        if operations == self.saved {
            return Ok(());
        }
        let bytes = region.flash().dump();
        let new = self.path.with_extension("new");
        let write = || {
            let mut file = fs::File::create(&new)?;
            file.write_all(&bytes)?;
            file.sync_all()?;
            fs::rename(&new, &self.path)
        };
        write().map_err(|error| file_error(&self.path, error))?;
        self.saved = operations;
        Ok(())
    }
}

fn file_error(path: &Path, error: io::Error) -> FlashFileError {
    FlashFileError::File {
        path: path.to_owned(),
        error,
    }
}

/// An erased part, written with all that isn't erased.
fn region(bytes: &[u8], layout: Layout) -> Result<Region, FlashError> {
    let mut region = Region::simulated(layout);
    let unit = layout.write_bytes();
    let flash = region.flash_mut();
    for (piece, address) in bytes
        .chunks(unit as usize)
        .zip((0..).step_by(unit as usize))
    {
        if piece.iter().any(|byte| *byte != 0xff) {
            flash.write(address, piece)?;
        }
    }
    let flash = region.into_flash();
    Region::open(flash, layout).map_err(|(_, error)| error)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_saved_is_loaded_and_another_size_is_refused() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("th-0001.flash");
        let layout = Layout::new(1024, 8, 5000).expect("good sizes");
        let mut file = FlashFile::at(&path);
        assert!(file.load(layout).expect("none is fine").is_none());
        let mut region = Region::simulated(layout);
        let written = region.flash_mut().write(4096, &[7; 16]);
        written.expect("erased and aligned");
        file.save(&region).expect("a writable folder");
        let loaded = file.load(layout).expect("readable").expect("there");
        assert_eq!(loaded.flash().dump(), region.flash().dump());
        let other = Layout::new(1024, 8, 9000).expect("good sizes");
        let refused = file.load(other);
        assert!(matches!(refused, Err(FlashFileError::Size { .. })));
    }
}
