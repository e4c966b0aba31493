//! A device's wall clock, wrong by as much as a story wants: the agent's own binary asks it, where it would ask the kernel.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use crate::bench::Bench;

/// What the stories' server thinks it is.
pub const RIGHT: u64 = 1_796_126_400;
/// Ten years before the stories' server, and ten after it.
pub const BEHIND: u64 = 1_480_593_600;
pub const AHEAD: u64 = 2_111_745_600;
/// A clock that nobody has set: it starts there each time.
pub const NONE: u64 = 0;

impl Bench {
    /// From now on the agent's processes start with a wall clock that says this, in Unix seconds; what runs is set.
    pub fn set_clock(&mut self, unix_s: u64) {
        let beside = self.path("clock.new");
        fs::write(&beside, unix_s.to_string()).unwrap();
        fs::rename(&beside, self.path("clock")).unwrap();
        let clock = self.path("clock").display().to_string();
        self.environment = vec![
            ("LD_PRELOAD", library().display().to_string()),
            ("MAINSTAY_TEST_CLOCK", clock),
            ("TZ", "UTC".to_owned()),
        ];
    }
}

/// The library that is preloaded, built once by the compiler that building the agent takes as well.
fn library() -> &'static Path {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    BUILT.get_or_init(|| {
        let source = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/wall_clock.c");
        let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR"));
        let library = folder.join(format!("wall_clock-{}.so", std::process::id()));
        let words = ["-shared", "-fPIC", "-O1", "-o"];
        let built = Command::new("cc")
            .args(words)
            .arg(&library)
            .arg(source)
            .status();
        let built = built.unwrap_or_else(|error| panic!("cc: {error}"));
        assert!(built.success(), "{source} can't be compiled");
        library
    })
}
