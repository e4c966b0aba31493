//! What an agent and a boot loader leave each other: named texts in a place that both can read and write.
//!
//! [`Environment`] is that place: U-Boot's (`uboot.rs`), GRUB's (`grub.rs`), or a fake. What the names mean is
//! said by a [`Scheme`] (`scheme.rs`).

pub mod fake;
pub mod grub;
pub mod scheme;
pub mod uboot;

use std::collections::BTreeMap;

use crate::fault::Fault;

/// Names and their texts.
pub type Variables = BTreeMap<String, String>;

/// A boot loader's environment.
pub trait Environment {
    /// All variables.
    ///
    /// # Errors
    /// If it can't be read, or isn't an environment.
    fn read(&self) -> Result<Variables, Fault>;

    /// Puts these variables in the place of all, for good: a power cut leaves the old or the new ones.
    ///
    /// # Errors
    /// If they don't fit, or it can't be written.
    fn write(&mut self, variables: &Variables) -> Result<(), Fault>;

    /// Changes some variables; writes nothing if nothing changes, since environments lie in parts that wear.
    ///
    /// # Errors
    /// As for both above.
    fn set(&mut self, changes: &[(String, String)]) -> Result<(), Fault> {
        let before = self.read()?;
        let mut after = before.clone();
        after.extend(changes.iter().cloned());
        match after == before {
            true => Ok(()),
            false => self.write(&after),
        }
    }
}

pub use scheme::Scheme;

/// The fault of an environment that isn't one.
fn damaged(place: &std::path::Path, why: &str) -> Fault {
    Fault::new(
        "agent.environment-damaged",
        format!("{} holds no boot environment: {why}", place.display()),
        "Check file, offset and size in agent.toml; if they are right, write the environment anew with the boot loader's own tool.",
    )
}

/// The fault of variables that don't fit.
fn too_small(place: &std::path::Path) -> Fault {
    Fault::new(
        "agent.environment-full",
        format!("the variables don't fit {}", place.display()),
        "Remove variables that nobody uses, or make the environment larger.",
    )
}
