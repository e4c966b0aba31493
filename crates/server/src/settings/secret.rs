//! Files that hold a secret: looked at, and never read here. Read [`judge`].

use std::fs::{self, Metadata};
use std::io;
use std::path::Path;

use super::finding::{Severity, Wrong};

/// What is wrong with a file that holds a secret: that it isn't one, that others may change it, or that others may read it. The
/// last is only warned of, since some container hosts hand out secrets in no other way. A name that leads to nothing isn't repeated: it
/// may be the secret itself, pasted into the wrong place.
pub(super) fn judge(path: &Path) -> Result<(), (Severity, &'static str, Wrong)> {
    let metadata = fs::metadata(path).map_err(|error| {
        let what = match error.kind() {
            io::ErrorKind::NotFound => "names a file that isn't there".to_owned(),
            _ => format!("names a file that can't be looked at: {error}"),
        };
        let cure = "write the path of a file that holds the secret, never the secret, and check that this user may read it";
        let wrong = Wrong::new(what, cure);
        (Severity::Error, "settings.secret-missing", wrong)
    })?;
    if !metadata.is_file() {
        let what = format!("names {}, which isn't a file", path.display());
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
