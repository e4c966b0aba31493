//! A server kept as one folder, taken while it serves; and a data folder made of that again.
//!
//! ```text
//! mainstay.sqlite   the database at one moment, whichever kind it was copied from
//! blobs/            the payloads that releases need, by digest
//! root.cbor         the first root
//! status-key        the online key, encrypted, with status-key.pub and status-key.uses; and status-key.next, if a
//!                   rotation was under way
//! device-issuer.uses   when the key was opened with which devices are given certificates, if it was
//! backup.sha256     the digest of backup.json, as `sha256sum -c` reads it
//! backup.json       what is in it: each file's size and digest, each table's rows; written last
//! ```
//!
//! Left out are the lock, which is somebody's who runs, and the mark `moved`: what is out of date isn't kept at all. Nothing here is
//! believed because of where it lies: a backup is read as bytes of strangers, name by name. What a server that was set back must not
//! go on with is in `aftermath.rs`. Read [`make`], then [`check`] and [`restore`].

mod aftermath;
mod checking;
mod error;
mod manifest;
mod name;
mod new_folder;
mod payloads;

mod making;
mod restoring;

pub use aftermath::{Aftermath, PAUSED_BY};
pub use checking::{Checked, check};
pub use error::BackupError;
pub use making::{Made, clear_leftovers, folder_name, make};
pub use restoring::{Restored, restore};
