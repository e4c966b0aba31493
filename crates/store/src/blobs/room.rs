//! Room on the disk for a blob, asked for before it comes. Read [`reserve`].

use std::fs::File;
use std::io;

/// So much of a disk no upload takes: what a fleet reports in a day or two lies on the same disk, as a rule, and must be kept whatever people upload.
#[cfg(target_os = "linux")]
const KEPT_FREE_BYTES: u64 = 64 * 1024 * 1024;

/// Asks the file system for room for `bytes` in an empty file, which stays empty. Nobody else gets that room, so uploads that come at once
/// don't fill the disk together. A file system that can't promise must have it just now.
///
/// # Errors
/// [`io::ErrorKind::StorageFull`] if there is not so much room, or too little would be left for what must be kept.
#[cfg(target_os = "linux")]
pub(super) fn reserve(file: &File, bytes: u64) -> io::Result<()> {
    use rustix::fs::{FallocateFlags, fallocate, fstatvfs};
    use rustix::io::{Errno, retry_on_intr};
    if bytes == 0 {
        return Ok(());
    }
    let reserved = retry_on_intr(|| fallocate(file, FallocateFlags::KEEP_SIZE, 0, bytes));
    let is_promised = match reserved {
        Ok(()) => true,
        // A file that the file system could never hold has no room on it either.
        Err(Errno::FBIG) => return Err(io::ErrorKind::StorageFull.into()),
        Err(Errno::OPNOTSUPP | Errno::NOSYS | Errno::INVAL) => false,
        Err(error) => return Err(error.into()),
    };
    let left = fstatvfs(file)?;
    match left.f_bavail.saturating_mul(left.f_frsize) < needed(bytes, is_promised) {
        true => Err(io::ErrorKind::StorageFull.into()),
        false => Ok(()),
    }
}

/// What must be free beside what the file system has promised: the blob as well, if it has promised nothing.
#[cfg(target_os = "linux")]
fn needed(bytes: u64, is_promised: bool) -> u64 {
    match is_promised {
        true => KEPT_FREE_BYTES,
        false => KEPT_FREE_BYTES.saturating_add(bytes),
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
    fn what_isnt_promised_must_fit_just_now() {
        let (kept, gib) = (KEPT_FREE_BYTES, 1 << 30);
        for (bytes, is_promised, expected) in [
            (1, true, kept),
            (2 * gib, true, kept),
            (1, false, kept + 1),
            (2 * gib, false, kept + 2 * gib),
            (u64::MAX, false, u64::MAX),
        ] {
            assert_eq!(needed(bytes, is_promised), expected, "{bytes}");
        }
    }

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
