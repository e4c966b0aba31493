//! What must outlive an update of the whole system: what the device keeps, and what it is known by. `mainstay-agent check`
//! looks where that lies.

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use crate::config::{Settings, Slots};
use crate::fault::Fault;

/// What lies in the root file system at `system`, where updates replace that.
#[must_use]
pub fn replaced(settings: &Settings, system: &Path) -> Vec<Fault> {
    if matches!(settings.slots, Slots::Directory { .. }) {
        return Vec::new();
    }
    let server = &settings.server;
    let identity = server.identity.iter().flat_map(|(one, two)| [one, two]);
    let files = [&settings.state, &settings.root].into_iter();
    files
        .chain(&server.token_file)
        .chain(identity)
        .chain(server.own.iter().map(|own| &own.file))
        .filter(|path| shares_file_system(path, system))
        .map(|path| lost_with_the_system(path))
        .collect()
}

/// Whether a file, or the folder that it would be made in, lies in the file system of `system`. What can't be looked at
/// is found to be so elsewhere.
fn shares_file_system(path: &Path, system: &Path) -> bool {
    let device = |path: &Path| fs::metadata(path).ok().map(|found| found.dev());
    let found = path.ancestors().find_map(device);
    found.is_some() && found == device(system)
}

fn lost_with_the_system(path: &Path) -> Fault {
    Fault::new(
        "agent.replaced-by-update",
        format!(
            "{} lies in the root file system, which the next update replaces",
            path.display()
        ),
        "Put it on a partition that no update writes to, and name that place in agent.toml.",
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::parse;

    /// Everything in one folder, but the token, which lies where the kernel shows processes: elsewhere for sure.
    fn settings(folder: &Path, slots: &str) -> Settings {
        let at = folder.display();
        let text = format!(
            r#"
[server]
url = "https://updates.example"
token_file = "/proc/version"
[device]
id = "th-0042"
class = "northwind.example/production/thermo-v2/B+C"
bootloader = "1.4.2"
root = "{at}/root.cbor"
state = "{at}/not/yet/made"
[slots]
{slots}
"#
        );
        parse(&text).expect("is good")
    }

    const GRUB: &str = r#"kind = "files"
a = "/dev/a"
b = "/dev/b"
environment = { kind = "grub", file = "/boot/grub/grubenv" }
[restart]
command = ["reboot"]"#;
    const RAUC: &str = r#"kind = "rauc"
spool = "/var/lib/mainstay/spool"
image_bytes_max = 1000
[restart]
command = ["reboot"]"#;
    const DIRECTORY: &str = r#"kind = "directory"
folder = "/srv/app"
image_bytes_max = 1000
apply = { command = ["true"] }"#;

    #[test]
    fn what_an_update_of_the_system_would_replace_is_found() {
        let folder = tempfile::tempdir().expect("a folder");
        for (slots, expected) in [(GRUB, 2), (RAUC, 2), (DIRECTORY, 0)] {
            let settings = settings(folder.path(), slots);
            let found = replaced(&settings, folder.path());
            assert_eq!(found.len(), expected, "{slots}: {found:?}");
            for (fault, name) in found.iter().zip(["not/yet/made", "root.cbor"]) {
                assert_eq!(fault.id, "agent.replaced-by-update");
                assert!(fault.what.contains(name), "{fault}");
            }
            let elsewhere = replaced(&settings, Path::new("/proc"));
            let expected = usize::from(slots != DIRECTORY);
            assert_eq!(elsewhere.len(), expected, "only the token is there");
        }
    }
}
