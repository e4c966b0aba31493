//! Room on the disk for a blob, asked for before it comes. Read [`reserve`].

use std::fs::File;
use std::io;

/// So much of a disk no upload takes: what a fleet reports in a day or two lies on the same disk, as a rule, and must be kept whatever people upload.
#[cfg(target_os = "linux")]
const KEPT_FREE_BYTES: u64 = 64 * 1024 * 1024;

/// Asks the file system for room for `bytes` in an empty file, which stays empty. Nobody else gets that room, so uploads that come at once
/// don't fill the disk together. File systems that can't promise are believed.
///
/// # Errors
/// [`io::ErrorKind::StorageFull`] if there is not so much room, or too little would be left for what must be kept.
#[cfg(target_os = "linux")]
pub(super) fn reserve(file: &File, bytes: u64) -> io::Result<()> {
    use rustix::fs::{FallocateFlags, fallocate, fstatvfs};
    use rustix::io::Errno;
    if bytes == 0 {
        return Ok(());
    }
    match fallocate(file, FallocateFlags::KEEP_SIZE, 0, bytes) {
        // A file that the file system could never hold has no room on it either.
        Err(Errno::FBIG) => return Err(io::ErrorKind::StorageFull.into()),
        Err(Errno::OPNOTSUPP | Errno::NOSYS | Errno::INVAL) => {}
        outcome => outcome?,
    }
    let left = fstatvfs(file)?;
    match left.f_bavail.saturating_mul(left.f_frsize) < KEPT_FREE_BYTES {
        true => Err(io::ErrorKind::StorageFull.into()),
        false => Ok(()),
    }
}

/// Elsewhere a full disk is heard of at the write.
#[cfg(not(target_os = "linux"))]
pub(super) fn reserve(_file: &File, _bytes: u64) -> io::Result<()> {
    Ok(())
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn room_is_asked_for_and_the_file_stays_empty() {
        let file = tempfile::tempfile().expect("a temporary file");
        for bytes in [0, 1, 3 << 20] {
            reserve(&file, bytes).expect("there is room");
            assert_eq!(file.metadata().expect("it is there").len(), 0);
        }
        for bytes in [1 << 50, 1 << 62] {
            let refused = reserve(&file, bytes).expect_err("no disk is so large");
            assert_eq!(refused.kind(), io::ErrorKind::StorageFull, "{bytes}");
        }
    }
}
