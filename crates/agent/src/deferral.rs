//! The file by which the user puts a restart off, and for how long it has been there.
//!
//! That is counted by the agent's own clock from when it first saw the file: the file's date may be of a clock that
//! nobody had set yet, or of one that was ahead. A file that was there before the agent is as old as its date says,
//! as long as that can be. Whoever writes to it again puts off anew.

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::PathBuf;

/// No date is believed by which a file is older than this, the longest that a restart may be put off: it is of a clock
/// that was set since, such as one that begins with 1970 at each start.
const AGE_S_MAX: u64 = 365 * 24 * 3600;

/// A file by which the user puts a restart off.
#[derive(Debug)]
pub struct Deferral {
    file: PathBuf,
    seen: Option<Seen>,
}

#[derive(Debug)]
struct Seen {
    /// Its date, in seconds and nanoseconds: another one makes it another file.
    changed: (i64, i64),
    /// When it was first seen, by the agent's clock.
    at_ms: u64,
    /// How old it was then.
    age_s: u64,
}

impl Deferral {
    /// This file, which need not be there.
    #[must_use]
    pub fn by(file: PathBuf) -> Self {
        Self { file, seen: None }
    }

    /// For how long it has been there, in seconds; none if it isn't. To be asked often: what was never asked about
    /// before is as old as its date. `now_ms` is of the agent's clock, which never leaps, `wall_ms` of the wall's.
    pub fn age_s(&mut self, now_ms: u64, wall_ms: u64) -> Option<u64> {
        let found = fs::metadata(&self.file).ok();
        let changed = found.map(|found| (found.mtime(), found.mtime_nsec()));
        self.seen = match (changed, self.seen.take()) {
            (Some(changed), Some(seen)) if seen.changed == changed => Some(seen),
            (Some(changed), _) => Some(Seen {
                changed,
                at_ms: now_ms,
                age_s: believed_age_s(changed.0, wall_ms),
            }),
            (None, _) => None,
        };
        let seen = self.seen.as_ref()?;
        Some(seen.age_s + now_ms.saturating_sub(seen.at_ms) / 1000)
    }
}

/// The age that a date says; none where that can't be.
fn believed_age_s(changed_s: i64, wall_ms: u64) -> u64 {
    let changed_s = u64::try_from(changed_s).ok();
    let age_s = changed_s.and_then(|changed_s| (wall_ms / 1000).checked_sub(changed_s));
    age_s.filter(|age_s| *age_s <= AGE_S_MAX).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use std::fs::File;
    use std::time::{Duration, UNIX_EPOCH};

    use super::*;

    const HOUR_MS: u64 = 3_600_000;
    /// The 1st of December 2026.
    const NOW_MS: u64 = 1_796_083_200_000;

    /// A deferral by a file of this date, in Unix milliseconds.
    fn dated(date_ms: u64) -> (tempfile::TempDir, Deferral) {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("defer");
        touch(&path, date_ms);
        (folder, Deferral::by(path))
    }

    fn touch(path: &std::path::Path, date_ms: u64) {
        let file = File::create(path).expect("makes");
        let date = UNIX_EPOCH + Duration::from_millis(date_ms);
        file.set_modified(date).expect("is dated");
    }

    fn hours(deferral: &mut Deferral, now_ms: u64, wall_ms: u64) -> Option<u64> {
        deferral.age_s(now_ms, wall_ms).map(|age_s| age_s / 3600)
    }

    #[test]
    fn a_date_is_believed_only_where_it_can_be_true() {
        for (date_ms, expected) in [
            (NOW_MS, 0),
            (NOW_MS - 5 * HOUR_MS, 5),
            (NOW_MS - 8760 * HOUR_MS, 8760),
            (NOW_MS - 8761 * HOUR_MS, 0),
            // Of a clock that began with 1970, and of one that was ten years ahead.
            (HOUR_MS, 0),
            (NOW_MS + 87_600 * HOUR_MS, 0),
        ] {
            let (_folder, mut deferral) = dated(date_ms);
            let first = hours(&mut deferral, NOW_MS, NOW_MS);
            assert_eq!(first, Some(expected), "{date_ms}");
            // And from there on by the agent's clock, wherever the wall's leaps.
            for wall_ms in [0, NOW_MS, 2 * NOW_MS] {
                let later = hours(&mut deferral, NOW_MS + 3 * HOUR_MS, wall_ms);
                assert_eq!(later, Some(expected + 3), "{date_ms}");
            }
        }
    }

    #[test]
    fn a_clock_that_is_set_meanwhile_makes_nothing_older() {
        let (_folder, mut deferral) = dated(60_000);
        assert_eq!(hours(&mut deferral, 60_000, 60_000), Some(0));
        assert_eq!(hours(&mut deferral, 120_000, NOW_MS), Some(0));
        assert_eq!(hours(&mut deferral, 60_000 + HOUR_MS, NOW_MS), Some(1));
    }

    #[test]
    fn whoever_writes_again_puts_off_anew_and_a_file_that_is_gone_puts_off_nothing() {
        let (folder, mut deferral) = dated(NOW_MS);
        let later_ms = NOW_MS + 9 * HOUR_MS;
        assert_eq!(hours(&mut deferral, NOW_MS, NOW_MS), Some(0));
        assert_eq!(hours(&mut deferral, later_ms, later_ms), Some(9));
        touch(&folder.path().join("defer"), later_ms);
        assert_eq!(hours(&mut deferral, later_ms, later_ms), Some(0));
        fs::remove_file(folder.path().join("defer")).expect("is there");
        assert_eq!(hours(&mut deferral, later_ms, later_ms), None);
    }
}
