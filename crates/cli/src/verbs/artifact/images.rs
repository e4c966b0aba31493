//! The firmware image of a release, or its two: what is packed is the one for bank A with that for bank B
//! behind it, read as if it were one file.

use std::fs::File;
use std::io::{self, Chain, Read};
use std::path::Path;

use super::pack::size;
use crate::failure::Failure;
use crate::files;

/// The payload, to be read from its start to its end.
pub struct Images {
    stream: Stream,
    /// All its bytes.
    pub bytes: u64,
}

enum Stream {
    One(File),
    Two(Chain<File, File>),
}

impl Images {
    /// Opens the image, and the one for bank B if there are two.
    pub fn open(first: &Path, second: Option<&Path>) -> Result<Self, Failure> {
        let a = files::open(first, "image")?;
        let a_bytes = size(&a, first)?;
        let Some(second) = second else {
            return Ok(Self {
                stream: Stream::One(a),
                bytes: a_bytes,
            });
        };
        let b = files::open(second, "image")?;
        let b_bytes = size(&b, second)?;
        Ok(Self {
            stream: Stream::Two(a.chain(b)),
            bytes: a_bytes + b_bytes,
        })
    }
}

impl Read for Images {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match &mut self.stream {
            Stream::One(file) => file.read(buffer),
            Stream::Two(files) => files.read(buffer),
        }
    }
}
