//! A folder that is filled under another name, and gets its own once all of it is on the disk. Read [`NewFolder`].

use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use super::error::{BackupError, unusable};

/// Clears away what commands that were killed left in `shelf`: the unfinished folders of those names that `is_ours` knows, unless somebody
/// fills them now.
///
/// # Errors
/// If the folder can't be read, or a leftover can't be removed.
pub(super) fn clear_leftovers(
    shelf: &Path,
    is_ours: impl Fn(&str) -> bool,
) -> Result<(), BackupError> {
    for entry in fs::read_dir(shelf).map_err(unusable(shelf))? {
        let partial = entry.map_err(unusable(shelf))?.path();
        let name = partial.file_name().and_then(|name| name.to_str());
        let stem = name.and_then(|name| name.strip_suffix(".partial"));
        let is_folder = fs::symlink_metadata(&partial).is_ok_and(|there| there.is_dir());
        if !stem.is_some_and(&is_ours) || !is_folder {
            continue;
        }
        match lock(&partial, &partial) {
            Err(BackupError::InUse(_)) => {}
            locked => {
                let _lock = locked?;
                fs::remove_dir_all(&partial).map_err(unusable(&partial))?;
            }
        }
    }
    Ok(())
}

/// What may be at the place of a new folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// Nothing.
    Free,
    /// Nothing, or a folder with nothing in it.
    FreeOrEmpty,
}

/// A folder on its way: `NAME.partial` beside the place that it is for. What isn't published goes away with this value; what a kill leaves
/// is cleared away by the next command for the same place, or by [`clear_leftovers`]. Only its owner can look into it.
#[derive(Debug)]
pub(super) struct NewFolder {
    partial: PathBuf,
    path: PathBuf,
    place: Place,
    is_published: bool,
    /// Keeps others off, as long as it is open.
    _lock: Option<File>,
}

impl NewFolder {
    /// Begins one that will be at `path`; the folder that it is in must be there: a disk that isn't mounted would otherwise be filled
    /// in another one's place.
    ///
    /// # Errors
    /// [`BackupError::Exists`], [`BackupError::InUse`], or what the disk refuses.
    pub fn begin(path: &Path, place: Place) -> Result<Self, BackupError> {
        expect(path, place)?;
        let partial = path.with_added_extension("partial");
        if path.file_name().is_none() || partial == path {
            // "." has no place beside it under another name.
            return Err(unusable(path)(io::ErrorKind::InvalidInput.into()));
        }
        match private_folders().create(&partial) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => take_over(&partial)?,
            made => made.map_err(unusable(&partial))?,
        }
        let lock = lock(&partial, path)?;
        clear(&partial).map_err(unusable(&partial))?;
        Ok(Self {
            partial,
            path: path.to_owned(),
            place,
            is_published: false,
            _lock: lock,
        })
    }

    /// Where it is for now.
    #[expect(
        clippy::misnamed_getters,
        reason = "until it is published, its path is the other one"
    )]
    pub fn path(&self) -> &Path {
        &self.partial
    }

    /// A new file in it, with the folders above it.
    pub fn create(&self, path: &Path) -> Result<File, BackupError> {
        let folder = path.parent().unwrap_or(&self.partial);
        let made = private_folders().recursive(true).create(folder);
        made.map_err(unusable(folder))?;
        private_file(path).map_err(unusable(path))
    }

    /// Writes a small file in it, to the disk.
    pub fn write(&self, path: &Path, bytes: &[u8]) -> Result<(), BackupError> {
        let mut file = self.create(path)?;
        let written = file.write_all(bytes).and_then(|()| file.sync_all());
        written.map_err(unusable(path))
    }

    /// Gives it its name. Every file in it must be on the disk; that they are in their folders is made certain here.
    ///
    /// # Errors
    /// [`BackupError::Exists`], if somebody was faster, or what the disk refuses.
    pub fn publish(mut self) -> Result<(), BackupError> {
        sync_folders(&self.partial).map_err(unusable(&self.partial))?;
        expect(&self.path, self.place)?;
        if self.place == Place::FreeOrEmpty && self.path.exists() {
            fs::remove_dir(&self.path).map_err(unusable(&self.path))?;
        }
        fs::rename(&self.partial, &self.path).map_err(unusable(&self.path))?;
        self.is_published = true;
        let parent = parent(&self.path);
        sync_folder(&parent).map_err(unusable(&parent))
    }
}

impl Drop for NewFolder {
    fn drop(&mut self) {
        if !self.is_published {
            // What can't be removed is told by its name, and cleared away by the next command for this place.
            let _ = fs::remove_dir_all(&self.partial);
        }
    }
}

fn expect(path: &Path, place: Place) -> Result<(), BackupError> {
    match fs::symlink_metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(unusable(path)(error)),
        Ok(metadata) if metadata.is_dir() && place == Place::FreeOrEmpty => {
            let mut entries = fs::read_dir(path).map_err(unusable(path))?;
            match entries.next() {
                None => Ok(()),
                Some(_) => Err(BackupError::Exists(path.to_owned())),
            }
        }
        Ok(_) => Err(BackupError::Exists(path.to_owned())),
    }
}

/// A leftover of ours is a folder of ours. What is something else, a link above all, is somebody's, and isn't touched.
fn take_over(partial: &Path) -> Result<(), BackupError> {
    let there = fs::symlink_metadata(partial).map_err(unusable(partial))?;
    if !there.is_dir() {
        return Err(BackupError::Exists(partial.to_owned()));
    }
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        // The operating system lets only the owner do so, and root.
        let own = fs::Permissions::from_mode(0o700);
        fs::set_permissions(partial, own).map_err(unusable(partial))?;
    }
    Ok(())
}

/// A folder can be locked where it can be opened; Windows can't.
fn lock(partial: &Path, path: &Path) -> Result<Option<File>, BackupError> {
    if !cfg!(unix) {
        return Ok(None);
    }
    let folder = File::open(partial).map_err(unusable(partial))?;
    match folder.try_lock() {
        Ok(()) => Ok(Some(folder)),
        Err(TryLockError::WouldBlock) => Err(BackupError::InUse(path.to_owned())),
        Err(TryLockError::Error(cause)) => Err(unusable(partial)(cause)),
    }
}

fn clear(folder: &Path) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        match entry.file_type()?.is_dir() {
            true => fs::remove_dir_all(entry.path())?,
            false => fs::remove_file(entry.path())?,
        }
    }
    Ok(())
}

/// From the leaves to the root: a folder's names are certain only after its own sync.
fn sync_folders(folder: &Path) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            sync_folders(&entry.path())?;
        }
    }
    sync_folder(folder)
}

/// Makes the names in a folder durable. Windows does so by itself, and can't open folders.
fn sync_folder(folder: &Path) -> io::Result<()> {
    if cfg!(unix) {
        return File::open(folder)?.sync_all();
    }
    Ok(())
}

fn parent(path: &Path) -> PathBuf {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent.to_owned(),
        _ => PathBuf::from("."),
    }
}

fn private_folders() -> DirBuilder {
    let mut builder = DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder
}

fn private_file(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

/// Lets only its owner read a file that others made.
pub(super) fn make_private(path: &Path) -> Result<(), BackupError> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let own = fs::Permissions::from_mode(0o600);
        fs::set_permissions(path, own).map_err(unusable(path))?;
    }
    let synced = File::open(path).and_then(|file| file.sync_all());
    synced.map_err(unusable(path))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_there_whole_or_not_at_all() {
        let house = tempfile::tempdir().expect("a temporary folder");
        let path = house.path().join("new");
        let new = NewFolder::begin(&path, Place::Free).expect("free");
        new.write(&new.path().join("a/b/c"), b"bytes").expect("own");
        let second = NewFolder::begin(&path, Place::Free).expect_err("one at a time");
        assert_eq!(second.id(), "backup.in-use");
        drop(new);
        assert_eq!(fs::read_dir(house.path()).expect("own").count(), 0);

        // As of a command that was killed: it is cleared away, not added to.
        fs::create_dir_all(house.path().join("new.partial/a")).expect("own");
        fs::write(house.path().join("new.partial/old"), b"").expect("own");
        let again = NewFolder::begin(&path, Place::Free).expect("free");
        again.publish().expect("whole");
        assert_eq!(fs::read_dir(&path).expect("it is there").count(), 0);
    }

    #[test]
    fn nothing_is_written_over() {
        let house = tempfile::tempdir().expect("a temporary folder");
        let path = house.path().join("there");
        fs::create_dir(&path).expect("own");
        let refused = |place| NewFolder::begin(&path, place).expect_err("it is there");
        assert_eq!(refused(Place::Free).id(), "backup.exists");
        let empty = NewFolder::begin(&path, Place::FreeOrEmpty).expect("empty");
        fs::write(path.join("file"), b"mine").expect("own");
        let late = empty.publish().expect_err("somebody was faster");
        assert_eq!(late.id(), "backup.exists");
        assert_eq!(refused(Place::FreeOrEmpty).id(), "backup.exists");
        assert_eq!(fs::read(path.join("file")).expect("own"), b"mine");
        assert_eq!(fs::read_dir(house.path()).expect("own").count(), 1);
        let nowhere = NewFolder::begin(&house.path().join("no/where"), Place::Free);
        assert_eq!(nowhere.expect_err("no parent").id(), "backup.unusable");
    }

    #[test]
    fn leftovers_of_our_names_are_cleared_away_and_nothing_else() {
        let house = tempfile::tempdir().expect("a temporary folder");
        for name in ["ours.partial", "theirs.partial", "ours"] {
            fs::create_dir(house.path().join(name)).expect("own");
            fs::write(house.path().join(name).join("file"), b"").expect("own");
        }
        let busy = NewFolder::begin(&house.path().join("ours-too"), Place::Free);
        let busy = busy.expect("free");
        let clear = || clear_leftovers(house.path(), |name| name.starts_with("ours"));
        clear().expect("own");
        let is_there = |name: &str| house.path().join(name).exists();
        assert!(!is_there("ours.partial"));
        for name in ["theirs.partial", "ours"] {
            assert!(is_there(name), "{name}");
        }
        assert_eq!(
            is_there("ours-too.partial"),
            cfg!(unix),
            "somebody fills it"
        );
        drop(busy);
        clear().expect("nothing to do");
    }

    #[cfg(unix)]
    #[test]
    fn a_leftover_is_taken_over_and_a_link_is_not() {
        use std::os::unix::fs::PermissionsExt as _;
        let house = tempfile::tempdir().expect("a temporary folder");
        let (path, partial) = (house.path().join("new"), house.path().join("new.partial"));
        let other = house.path().join("other");
        fs::create_dir(&other).expect("own");
        fs::write(other.join("file"), b"mine").expect("own");
        std::os::unix::fs::symlink(&other, &partial).expect("own");
        let refused = NewFolder::begin(&path, Place::Free).expect_err("it is a link");
        assert_eq!(refused.id(), "backup.exists");
        assert_eq!(fs::read(other.join("file")).expect("untouched"), b"mine");
        fs::remove_file(&partial).expect("own");
        fs::create_dir(&partial).expect("own");
        fs::set_permissions(&partial, fs::Permissions::from_mode(0o777)).expect("own");
        let new = NewFolder::begin(&path, Place::Free).expect("a leftover");
        new.publish().expect("whole");
        let mode = fs::metadata(&path).expect("own").permissions().mode();
        assert_eq!(mode & 0o777, 0o700);
        for nameless in [".", "/", ".."] {
            let refused = NewFolder::begin(Path::new(nameless), Place::FreeOrEmpty);
            assert!(refused.is_err(), "{nameless}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn only_its_owner_looks_into_it() {
        use std::os::unix::fs::PermissionsExt as _;
        let house = tempfile::tempdir().expect("a temporary folder");
        let path = house.path().join("new");
        let new = NewFolder::begin(&path, Place::Free).expect("free");
        new.write(&new.path().join("a/b"), b"bytes").expect("own");
        new.publish().expect("whole");
        for (name, mode) in [("", 0o700), ("a", 0o700), ("a/b", 0o600)] {
            let metadata = fs::metadata(path.join(name)).expect("own");
            assert_eq!(metadata.permissions().mode() & 0o777, mode, "{name}");
        }
    }
}
