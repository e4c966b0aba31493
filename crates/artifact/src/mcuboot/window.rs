//! A part of a stream as a stream of its own: the image inside an artifact file.

use std::io::{self, Read, Seek, SeekFrom};

/// The bytes of `source` from `start` on, `len` of them. Offsets count from `start`.
pub struct Window<'a, R> {
    source: &'a mut R,
    start: u64,
    len: u64,
    /// From `start`; never above `len`.
    position: u64,
}

impl<'a, R: Read + Seek> Window<'a, R> {
    /// Opens a window, at its first byte.
    ///
    /// # Errors
    /// If `source` can't be moved there.
    pub fn new(source: &'a mut R, start: u64, len: u64) -> io::Result<Self> {
        source.seek(SeekFrom::Start(start))?;
        Ok(Self {
            source,
            start,
            len,
            position: 0,
        })
    }
}

impl<R: Read> Read for Window<'_, R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let read = (&mut *self.source)
            .take(self.len - self.position)
            .read(buf)?;
        self.position += read as u64;
        Ok(read)
    }
}

impl<R: Seek> Seek for Window<'_, R> {
    /// Beyond either end is refused: no reader of ours wants to go there.
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let place = match to {
            SeekFrom::Start(place) => Some(place),
            SeekFrom::End(offset) => self.len.checked_add_signed(offset),
            SeekFrom::Current(offset) => self.position.checked_add_signed(offset),
        };
        let inside = place.filter(|place| *place <= self.len);
        let place = inside.ok_or(io::ErrorKind::InvalidInput)?;
        self.source.seek(SeekFrom::Start(self.start + place))?;
        self.position = place;
        Ok(place)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Cursor;

    #[test]
    fn it_shows_its_part_and_no_more() {
        let mut source = Cursor::new(b"..window....".to_vec());
        let mut window = Window::new(&mut source, 2, 6).unwrap();
        let mut text = String::new();
        window.read_to_string(&mut text).unwrap();
        assert_eq!(text, "window");
        assert_eq!(window.seek(SeekFrom::End(-3)).unwrap(), 3);
        assert_eq!(window.seek(SeekFrom::Current(1)).unwrap(), 4);
        let mut rest = Vec::new();
        window.read_to_end(&mut rest).unwrap();
        assert_eq!(rest, b"ow");
    }

    #[test]
    fn nobody_gets_outside() {
        let mut source = Cursor::new(vec![0; 12]);
        let mut window = Window::new(&mut source, 2, 6).unwrap();
        assert_eq!(window.seek(SeekFrom::End(0)).unwrap(), 6);
        for outside in [
            SeekFrom::Start(7),
            SeekFrom::End(1),
            SeekFrom::Current(-7),
            SeekFrom::End(i64::MIN),
        ] {
            assert!(window.seek(outside).is_err(), "{outside:?}");
        }
    }
}
