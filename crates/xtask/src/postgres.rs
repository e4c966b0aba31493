//! Which PostgreSQL tests and campaigns run on, of those that are installed. Read [`installed`].

use std::fs;
use std::path::{Path, PathBuf};

/// Where Debian's packages have the programs, one folder for each major version.
pub const INSTALLED: &str = "/usr/lib/postgresql";

/// The version that Mainstay is said to work with (`docs/running-the-server.md`): tried wherever it is there, whatever is newer.
pub const PROMISED: u32 = 15;

/// A PostgreSQL that is installed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Postgres {
    /// Its major version, 15.
    pub major: u32,
    /// The folder of `initdb` and `postgres`.
    pub programs: PathBuf,
}

/// The promised version, or else the newest one; none if there is no server.
#[must_use]
pub fn installed() -> Option<Postgres> {
    chosen_in(Path::new(INSTALLED))
}

/// The same, or what to do about it.
///
/// # Panics
/// If there is none: a test that needs one must fail without.
#[must_use]
pub fn needed() -> Postgres {
    installed().unwrap_or_else(|| {
        panic!("PostgreSQL isn't installed in {INSTALLED}, so nothing is known of it here: install Debian's `postgresql`")
    })
}

fn chosen_in(folder: &Path) -> Option<Postgres> {
    let versions = fs::read_dir(folder).into_iter().flatten().flatten();
    let servers = versions.filter_map(|version| {
        let major: u32 = version.file_name().to_str()?.parse().ok()?;
        let programs = version.path().join("bin");
        let is_server = programs.join("postgres").is_file();
        is_server.then_some(Postgres { major, programs })
    });
    servers.max_by_key(|server| (server.major == PROMISED, server.major))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Clients alone come in such folders, too, and other things by other names.
    #[test]
    fn the_promised_version_comes_before_a_newer_one() {
        let cases: [(&str, &[&str], Option<u32>); 4] = [
            ("none", &[], None),
            ("older", &["13", "9"], Some(13)),
            ("newer", &["14", "17", "9"], Some(17)),
            ("promised", &["14", "15", "17"], Some(15)),
        ];
        for (name, servers, expected) in cases {
            let folder = std::env::temp_dir()
                .join(format!("mainstay-installed-{}-{name}", std::process::id()));
            fs::create_dir_all(folder.join("18/bin")).expect("writable");
            for server in ["common", "x15"].iter().chain(servers) {
                let programs = folder.join(server).join("bin");
                fs::create_dir_all(&programs).expect("writable");
                fs::write(programs.join("postgres"), "").expect("writable");
            }
            let found = chosen_in(&folder);
            fs::remove_dir_all(&folder).expect("an own folder");
            let programs = |major: u32| folder.join(major.to_string()).join("bin");
            let expected = expected.map(|major| Postgres {
                major,
                programs: programs(major),
            });
            assert_eq!(found, expected, "{name}");
        }
    }
}
