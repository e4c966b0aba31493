//! `mainstay-agent check`: whether all that the configuration names can be used, and outlives an update. Changes nothing
//! that runs, and takes nothing from an agent that is at work: it holds no lock.

use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _};
use std::path::{Path, PathBuf};

use mainstay_keys::HostPrimitives;
use mainstay_trust::verify;

use crate::agent::config;
use crate::come_up;
use crate::config::{Environment, Settings, Slots};
use crate::fault::Fault;
use crate::link::{Limits, Link};
use crate::outlives;

/// Everything that can't be used, or won't be there any more after an update.
#[must_use]
pub fn findings(settings: &Settings) -> Vec<Fault> {
    [root(settings), slots(settings), link(settings)]
        .into_iter()
        .filter_map(Result::err)
        .chain(protected(settings))
        .chain(outlives::replaced(settings, Path::new("/")))
        .collect()
}

/// Block devices that the agent must write to, and that the kernel protects, such as the boot partitions of an eMMC.
fn protected(settings: &Settings) -> Vec<Fault> {
    let Slots::Files {
        places,
        environment,
        ..
    } = &settings.slots
    else {
        return Vec::new();
    };
    let areas = match environment {
        Environment::UBoot(areas, _) => &areas[..],
        Environment::Grub(_) => &[],
    };
    let areas = areas.iter().map(|area| &area.file);
    let is_protected = |path: &&PathBuf| is_read_only(path).unwrap_or(false);
    places
        .iter()
        .chain(areas)
        .filter(is_protected)
        .map(|path| {
            Fault::new(
                "agent.storage-read-only",
                format!("the kernel protects {} from being written to", path.display()),
                "Let the system lift that at each start: blockdev --setrw, or 0 into force_ro of an eMMC's boot partition in /sys/block.",
            )
        })
        .collect()
}

/// Whether the kernel refuses writes to this block device (its `ro` in sysfs); none for what is no block device.
fn is_read_only(path: &Path) -> Option<bool> {
    let found = std::fs::metadata(path).ok()?;
    if !found.file_type().is_block_device() {
        return None;
    }
    let (major, minor) = (
        rustix::fs::major(found.rdev()),
        rustix::fs::minor(found.rdev()),
    );
    let says = std::fs::read_to_string(format!("/sys/dev/block/{major}:{minor}/ro")).ok()?;
    Some(says.trim() == "1")
}

fn root(settings: &Settings) -> Result<(), Fault> {
    let root = config(settings)?.root;
    match verify::pinned_root(&root, &HostPrimitives) {
        Ok(_) => Ok(()),
        Err(refusal) => Err(Fault::new(refusal.id(), refusal.cause(), refusal.cure())),
    }
}

fn slots(settings: &Settings) -> Result<(), Fault> {
    come_up::open(settings)?.switch().origin(None).map(|_| ())
}

fn link(settings: &Settings) -> Result<(), Fault> {
    Link::new(
        &settings.server,
        Limits::of(&settings.server),
        settings.trusts_clock,
    )
    .map(|_| ())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lock::Lock;
    use crate::{config, factory};

    fn settings(at: &Path) -> Settings {
        let at = at.display();
        let text = format!(
            r#"
[server]
url = "https://updates.example/"
token_file = "{at}/token"
[device]
id = "th-0042"
class = "northwind.example/production/thermo-v2/B+C"
bootloader = "1.4.2"
root = "{at}/root.cbor"
state = "{at}/state"
run = "{at}/run"
[slots]
kind = "directory"
folder = "{at}/app"
image_bytes_max = 1000
apply = {{ command = ["/bin/true"] }}
"#
        );
        config::parse(&text).expect("is good")
    }

    #[test]
    fn nobody_takes_from_an_agent_what_it_is_at_work_on() {
        let folder = tempfile::tempdir().expect("a folder");
        let settings = settings(folder.path());
        let lock = Lock::take(&settings.state).expect("the agent's");
        let at_work_on = folder.path().join("app/b.new");
        std::fs::create_dir_all(&at_work_on).expect("makes");
        let _ = findings(&settings);
        assert!(at_work_on.exists(), "check takes it away");
        let adopted = factory::adopt(&settings, &folder.path().join("any"));
        assert_eq!(adopted.expect_err("another one runs").id, "agent.running");
        assert!(at_work_on.exists(), "the factory takes it away");
        drop(lock);
        let adopted = factory::adopt(&settings, &folder.path().join("any"));
        assert_ne!(adopted.expect_err("is nowhere").id, "agent.running");
        assert!(!at_work_on.exists(), "whoever is alone tidies");
    }
}
