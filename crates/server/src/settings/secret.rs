//! Files that hold a secret: looked at when settings are read ([`judge`]), and read by whoever needs the secret ([`read`]).

use std::fs::{self, File, Metadata};
use std::io::{self, Read as _};
use std::path::Path;

use zeroize::Zeroizing;

use super::finding::{Severity, Wrong};

/// More than this is no secret.
const SECRET_BYTES_MAX: u64 = 4096;

/// The text of a file that holds a secret.
///
/// # Errors
/// Why there is none, as what follows the file's name in a sentence. What it holds isn't in it.
pub(crate) fn read(path: &Path) -> Result<Zeroizing<String>, String> {
    let mut text = Zeroizing::new(String::new());
    let opened = File::open(path);
    match opened.and_then(|file| file.take(SECRET_BYTES_MAX + 1).read_to_string(&mut text)) {
        Err(error) if error.kind() == io::ErrorKind::InvalidData => Err("isn't text".to_owned()),
        Err(error) => Err(format!("can't be read: {error}")),
        Ok(bytes) if bytes as u64 > SECRET_BYTES_MAX => Err("is too long for a secret".to_owned()),
        Ok(_) => Ok(text),
    }
}

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_holds_no_secret_is_told_without_what_it_holds() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("secret");
        let said = |bytes: &[u8]| {
            fs::write(&path, bytes).expect("an own folder");
            read(&path)
        };
        assert_eq!(
            said(b"hunter2\n").map(|text| text.to_string()),
            Ok("hunter2\n".to_owned())
        );
        assert!(said(&[b'x'; 4096]).is_ok());
        assert_eq!(
            said(&[b'x'; 4097]).err(),
            Some("is too long for a secret".to_owned())
        );
        assert_eq!(said(b"hunter2\xff").err(), Some("isn't text".to_owned()));
        let missing = read(&folder.path().join("none")).expect_err("it isn't there");
        assert!(missing.starts_with("can't be read: "), "{missing}");
    }
}
