//! What of a file the system has in memory, read without waiting for a disk. Read [`read`].

use std::fs::File;

/// Reads from `start` on what is in memory, into the beginning of `piece`; how much that was. None if the disk would have to be asked, if
/// nothing is there, or if the system can't tell: then it is read on a thread that may wait. Most of what a fleet downloads at a time is in
/// memory, and handing each piece to another thread costs as much as the piece.
#[cfg(target_os = "linux")]
pub(super) fn read(file: &File, piece: &mut [u8], start: u64) -> Option<usize> {
    use rustix::io::{ReadWriteFlags, preadv2};
    let mut room = [std::io::IoSliceMut::new(piece)];
    let read = preadv2(file, &mut room, start, ReadWriteFlags::NOWAIT);
    read.ok().filter(|read| *read > 0)
}

/// Elsewhere nobody tells.
#[cfg(not(target_os = "linux"))]
pub(super) fn read(_file: &File, _piece: &mut [u8], _start: u64) -> Option<usize> {
    None
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use std::io::Write as _;

    use super::*;

    /// Whatever the file system bears: what is read is what is there, and behind the end is nothing. A piece that was just written is in
    /// memory whole.
    #[test]
    fn what_is_read_is_what_is_there() {
        let mut file = tempfile::tempfile().expect("a temporary file");
        file.write_all(b"0123456789").expect("writable");
        let mut told = 0;
        for (start, room, expected) in [(0, 4, "0123"), (7, 9, "789"), (10, 4, ""), (99, 4, "")] {
            let mut piece = vec![0; room];
            let read = read(&file, &mut piece, start);
            told += usize::from(read.is_some());
            assert!(read.is_none_or(|read| read > 0), "{start}");
            assert!(read.is_none_or(|read| read == expected.len()), "{start}");
            let read = &piece[..read.unwrap_or(0)];
            assert!(expected.as_bytes().starts_with(read), "{start}");
        }
        if told == 0 {
            eprintln!(
                "nothing was shown: the file system of temporary files doesn't tell what is in memory"
            );
        }
    }
}
