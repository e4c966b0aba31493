//! Files that hold a secret: looked at, and never read here. Read [`judge`].

use std::fs::{self, Metadata};
use std::io;
use std::path::Path;

use super::finding::{Severity, Wrong};

/// What is wrong with a file that holds a secret: that it isn't one, that others may change it, or that others may read it. The
/// last is only warned of, since some container hosts hand out secrets in no other way.
pub(super) fn judge(path: &Path) -> Result<(), (Severity, &'static str, Wrong)> {
    let place = path.display();
    let metadata = fs::metadata(path).map_err(|error| {
        let what = match error.kind() {
            io::ErrorKind::NotFound => format!("names {place}, which isn't there"),
            _ => format!("names {place}, which can't be looked at: {error}"),
        };
        let wrong = Wrong::new(what, "check the path, and that this user may read it");
        (Severity::Error, "settings.secret-missing", wrong)
    })?;
    if !metadata.is_file() {
        let what = format!("names {place}, which isn't a file");
        let wrong = Wrong::new(what, "name a file with nothing but the secret");
        return Err((Severity::Error, "settings.secret-missing", wrong));
    }
    open_to_others(path, &metadata)
}

#[cfg(unix)]
fn open_to_others(path: &Path, metadata: &Metadata) -> Result<(), (Severity, &'static str, Wrong)> {
    use std::os::unix::fs::MetadataExt as _;
    let (place, mode) = (path.display(), metadata.mode());
    let cure = format!("chmod o= {place}");
    if mode & 0o002 != 0 {
        let wrong = Wrong::new(format!("names {place}, which everybody may change"), cure);
        return Err((Severity::Error, "settings.secret-open", wrong));
    }
    if mode & 0o004 != 0 {
        let wrong = Wrong::new(format!("names {place}, which everybody may read"), cure);
        return Err((Severity::Warning, "settings.secret-open", wrong));
    }
    Ok(())
}

#[cfg(not(unix))]
fn open_to_others(_path: &Path, _: &Metadata) -> Result<(), (Severity, &'static str, Wrong)> {
    Ok(())
}
