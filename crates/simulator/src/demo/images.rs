//! The images of the story: our own firmware, or any other files.

use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use super::error::DemoError;
use super::folder::file_error;

/// Largest image of a demonstration, 64 MiB: its devices are microcontrollers, whose flash lies in this process's memory.
const IMAGE_BYTES_MAX: u64 = 64 * 1024 * 1024;

/// Versions with their images. How each behaves is declared by its place here.
#[derive(Debug, Clone)]
pub struct Images {
    /// 1.0.0, from the factory.
    pub factory: Vec<u8>,
    /// 1.1.0, which works.
    pub good: Vec<u8>,
    /// 1.2.0, which fails after minutes.
    pub bad: Vec<u8>,
}

/// The version from the factory.
pub const FACTORY_VERSION: &str = "1.0.0";
/// The version that works.
pub const GOOD_VERSION: &str = "1.1.0";
/// The version that doesn't.
pub const BAD_VERSION: &str = "1.2.0";
/// After so many seconds of running, 1.2.0's self-test fails: what the real one does on an emulated
/// processor (`crates/xtask/tests/firmware_in_qemu.rs`).
pub const BAD_FAILS_AFTER_S: u64 = 240;

impl Default for Images {
    fn default() -> Self {
        Self {
            factory: include_bytes!("../../../../fixtures/good/firmware/mainstay-demo-1.0.0.bin")
                .to_vec(),
            good: include_bytes!("../../../../fixtures/good/firmware/mainstay-demo-1.1.0.bin")
                .to_vec(),
            bad: include_bytes!("../../../../fixtures/good/firmware/mainstay-demo-1.2.0.bin")
                .to_vec(),
        }
    }
}

impl Images {
    /// Takes other files as the good and the bad image.
    ///
    /// # Errors
    /// If a file is missing, empty, too large, or the same as another image: behaviour is declared by
    /// digest, so two roles can't share one image.
    pub fn choose(good: Option<&Path>, bad: Option<&Path>) -> Result<Self, DemoError> {
        let mut images = Self::default();
        if let Some(path) = good {
            images.good = read(path)?;
        }
        if let Some(path) = bad {
            images.bad = read(path)?;
        }
        let Self { factory, good, bad } = &images;
        if good == bad || factory == good || factory == bad {
            return Err(DemoError::Options {
                what: "two of the three images are the same".to_owned(),
                cure: "give different files with --image-good and --image-bad",
            });
        }
        Ok(images)
    }

    /// The size of the largest.
    #[must_use]
    pub fn bytes_max(&self) -> usize {
        self.factory.len().max(self.good.len()).max(self.bad.len())
    }
}

fn read(path: &Path) -> Result<Vec<u8>, DemoError> {
    let mut bytes = Vec::new();
    let file = File::open(path).map_err(|cause| file_error(path, cause))?;
    let read = file.take(IMAGE_BYTES_MAX + 1).read_to_end(&mut bytes);
    read.map_err(|cause| file_error(path, cause))?;
    let what = match bytes.len() as u64 {
        0 => format!("{} is empty", path.display()),
        1..=IMAGE_BYTES_MAX => return Ok(bytes),
        _ => format!("{} has more than {IMAGE_BYTES_MAX} bytes", path.display()),
    };
    Err(DemoError::Options {
        what,
        cure: "give a firmware image of 1 byte to 64 MiB",
    })
}
