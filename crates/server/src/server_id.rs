//! The name of a server among those that share its database: its folder's own, kept in the folder. Read [`ServerId`].
//!
//! The machine's name wouldn't do: a container gets another one each time that it is made, and machines of one image have the same.

use std::fs::{self, File};
use std::io::{self, Read as _};
use std::path::Path;

use crate::data_dir::{DataDirError, unusable, write_durably};
use crate::entropy::Entropy;

const FILE: &str = "server-id";
/// The random part, so that no two are the same.
const RANDOM_BYTES: usize = 8;
/// Of a machine's name, which is told for people's sake, so much is taken.
const MACHINE_CHARS_MAX: usize = 40;
/// More than any name has that was made here.
const BYTES_MAX: usize = 100;

/// A server's name: that of the machine on which it was made, and a random number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ServerId(String);

impl ServerId {
    fn draw(machine: &str, entropy: &dyn Entropy) -> Self {
        let mut random = [0; RANDOM_BYTES];
        entropy.fill(&mut random);
        let plain = machine.chars().filter(|sign| is_plain(*sign));
        let machine: String = plain.take(MACHINE_CHARS_MAX).collect();
        Self(format!("{machine}-{}", hex::encode(random)))
    }

    fn parse(text: &str) -> Option<Self> {
        let name = text.trim();
        let is_one = !name.is_empty() && name.len() <= BYTES_MAX && name.chars().all(is_plain);
        is_one.then(|| Self(name.to_owned()))
    }

    /// As people and the database are told it.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

fn is_plain(sign: char) -> bool {
    sign.is_ascii_alphanumeric() || matches!(sign, '-' | '.' | '_')
}

/// The name of the server whose folder this is, which is made if there is none. To be called by whoever has locked the folder.
///
/// # Errors
/// [`DataDirError::Io`] if the file can't be read or written.
pub(crate) fn of(folder: &Path, entropy: &dyn Entropy) -> Result<ServerId, DataDirError> {
    let path = folder.join(FILE);
    let kept = read(&path).map_err(|cause| unusable(&path, cause))?;
    if let Some(id) = ServerId::parse(&kept) {
        return Ok(id);
    }
    // Nothing but a lease goes by it: another name costs the rest of that.
    let id = ServerId::draw(&machine(), entropy);
    let partial = folder.join("server-id.partial");
    write_durably(&partial, format!("{}\n", id.as_str()).as_bytes())?;
    fs::rename(&partial, &path).map_err(|cause| unusable(&path, cause))?;
    Ok(id)
}

/// What the file says, nothing if it isn't there or isn't text.
fn read(path: &Path) -> io::Result<String> {
    let file = match File::open(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(String::new()),
        opened => opened?,
    };
    let mut bytes = Vec::new();
    // One byte more than the longest name with its line's end: a longer file is none.
    file.take(BYTES_MAX as u64 + 2).read_to_end(&mut bytes)?;
    Ok(String::from_utf8(bytes).unwrap_or_default())
}

/// The machine's name, as far as it has one.
fn machine() -> String {
    let kernels = fs::read_to_string("/proc/sys/kernel/hostname").ok();
    let named = || ["HOSTNAME", "COMPUTERNAME"].map(std::env::var).into_iter();
    let machine = kernels.or_else(|| named().find_map(Result::ok));
    machine.unwrap_or_default().trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entropy::SeededEntropy;

    #[test]
    fn a_folder_keeps_its_name_and_no_two_have_the_same() {
        let (here, there) = (tempfile::tempdir(), tempfile::tempdir());
        let (here, there) = (here.expect("a folder"), there.expect("a folder"));
        let of = |folder: &Path, seed| of(folder, &SeededEntropy::new(seed)).expect("writable");
        let name = of(here.path(), 1);
        assert_eq!(of(here.path(), 2), name);
        assert_ne!(of(there.path(), 3), name);
        assert_eq!(fs::read_dir(here.path()).expect("a folder").count(), 1);
    }

    #[test]
    fn what_is_no_name_is_replaced_by_one() {
        let folder = tempfile::tempdir().expect("a folder");
        let (long, longer) = ("a".repeat(BYTES_MAX + 1), "a".repeat(9_999));
        let (long, longer) = (long.as_str(), longer.as_str());
        for hostile in ["", "\n", "a b", "a\"} 1", "\u{fc}", long, longer] {
            fs::write(folder.path().join(FILE), hostile).expect("writable");
            let id = of(folder.path(), &SeededEntropy::new(1)).expect("writable");
            assert_ne!(id.as_str(), hostile.trim());
            let kept = fs::read_to_string(folder.path().join(FILE)).expect("a file");
            assert_eq!(kept, format!("{}\n", id.as_str()));
        }
        fs::write(folder.path().join(FILE), [0xff, 0xfe]).expect("writable");
        assert!(of(folder.path(), &SeededEntropy::new(1)).is_ok());
    }

    #[test]
    fn a_machine_may_be_called_anything() {
        let (long, cut) = ("m".repeat(99), "m".repeat(40) + "-");
        for (machine, expected) in [
            ("db-1.northwind", "db-1.northwind-"),
            ("a \"b\"\n", "ab-"),
            ("", "-"),
            (long.as_str(), cut.as_str()),
        ] {
            let id = ServerId::draw(machine, &SeededEntropy::new(1));
            let random = id.as_str().strip_prefix(expected);
            assert_eq!(random.map(str::len), Some(16), "{id:?}");
            assert_eq!(ServerId::parse(id.as_str()), Some(id));
        }
    }
}
