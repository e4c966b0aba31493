//! A boot loader with an environment: U-Boot or GRUB starts what the variables say, and the kernel's command
//! line says what it started.

use std::path::{Path, PathBuf};

use mainstay_device::Slot;
use mainstay_device::observe::Seen;

use super::{Origin, Switch};
use crate::boot_env::{Environment, Scheme, scheme};
use crate::durable;
use crate::fault::Fault;

/// The longest command line: Linux cuts it at 2 or 4 KiB on all architectures.
const COMMAND_LINE_BYTES_MAX: u64 = 64 * 1024;

/// A boot loader that reads an environment.
pub struct BootLoader {
    /// What it reads.
    pub environment: Box<dyn Environment>,
    /// Which variables it knows.
    pub scheme: Scheme,
    /// The kernel parameter that says which slot was started.
    pub parameter: String,
    /// Where the command line is read.
    pub command_line: PathBuf,
}

impl Switch for BootLoader {
    fn origin(&self, on_trial: Option<Slot>) -> Result<Origin, Fault> {
        let slot = booted(&self.command_line, &self.parameter)?;
        // Asked only where it matters: what runs without a trial is known by a damaged environment, too, and comes up.
        let spent = match on_trial {
            Some(slot) => self.scheme.is_spent(slot, &self.environment.read()?),
            None => false,
        };
        Ok(Origin::Boot(Seen { slot, spent }))
    }

    /// Nothing: an image starts as it lies.
    fn prepare(&mut self, _: Slot, _: &Path, _: u64) -> Result<(), Fault> {
        Ok(())
    }

    fn arm(&mut self, slot: Slot, boots: u8) -> Result<(), Fault> {
        self.environment.set(&self.scheme.arm(slot, boots))
    }

    fn settle(&mut self, slot: Slot) -> Result<(), Fault> {
        let variables = self.environment.read()?;
        self.environment.set(&self.scheme.settle(slot, &variables))
    }

    /// Nothing: it takes a restart of the device.
    fn start(&mut self, _: Slot, _: bool) -> Result<(), Fault> {
        Ok(())
    }

    /// Has the boot loader leave it alone: what will lie there is no image before it is armed.
    fn erase(&mut self, slot: Slot) -> Result<(), Fault> {
        self.environment.set(&self.scheme.exclude(slot))
    }
}

/// The slot that the kernel's command line names; the last one counts, as for the kernel.
fn booted(command_line: &Path, parameter: &str) -> Result<Slot, Fault> {
    let bytes = durable::read(command_line, COMMAND_LINE_BYTES_MAX)?.unwrap_or_default();
    let text = String::from_utf8_lossy(&bytes);
    let slot = text
        .split_whitespace()
        .filter_map(|word| word.strip_prefix(parameter)?.strip_prefix('='))
        .next_back()
        .and_then(scheme::parse);
    slot.ok_or_else(|| {
        Fault::new(
            "agent.slot-unknown",
            format!(
                "{} has no {parameter}=a or {parameter}=b",
                command_line.display()
            ),
            "Let the boot loader's script add it to bootargs, as docs/agent.md shows.",
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::boot_env::fake::FakeEnvironment;

    fn loader(folder: &Path, text: &str) -> BootLoader {
        let command_line = folder.join("cmdline");
        std::fs::write(&command_line, text).expect("writes");
        BootLoader {
            environment: Box::new(FakeEnvironment::default()),
            scheme: Scheme::Order,
            parameter: "mainstay.slot".to_owned(),
            command_line,
        }
    }

    #[test]
    fn the_command_line_says_where_it_came_from() {
        let folder = tempfile::tempdir().expect("a folder");
        for (text, expected) in [
            ("quiet mainstay.slot=b ro\n", Some(Slot::B)),
            ("mainstay.slot=B mainstay.slot=A", Some(Slot::A)),
            ("xmainstay.slot=b", None),
            ("mainstay.slot=c", None),
            ("", None),
        ] {
            let origin = loader(folder.path(), text).origin(None);
            match expected {
                Some(slot) => assert_eq!(origin, Ok(Origin::Boot(Seen { slot, spent: false }))),
                None => assert_eq!(origin.expect_err("is told").id, "agent.slot-unknown"),
            }
        }
    }

    #[test]
    fn used_up_boots_are_seen() {
        let folder = tempfile::tempdir().expect("a folder");
        let mut loader = loader(folder.path(), "mainstay.slot=a");
        loader.arm(Slot::B, 3).expect("arms");
        let spent = |loader: &BootLoader| match loader.origin(Some(Slot::B)) {
            Ok(Origin::Boot(seen)) => seen.spent,
            other => panic!("{other:?}"),
        };
        assert!(!spent(&loader));
        let left = [("BOOT_B_LEFT".to_owned(), "0".to_owned())];
        loader.environment.set(&left).expect("sets");
        assert!(spent(&loader));
    }
}
