//! The test binaries of the workspace, built by cargo and started by us.
//!
//! `cargo test` starts one after the other, and ours wait for processes and clocks more than they work. So cargo only
//! builds them; what runs beside what, `lanes.rs` decides. Read [`TestBinary`] first.

use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Command, Stdio};

use anyhow::{Context as _, ensure};
use cargo_metadata::{Artifact, Message, TargetKind};

use crate::shell;

/// What cargo is told: every test of every crate, with the same features as for everything else in the run.
const BUILD: [&str; 6] = [
    "test",
    "--locked",
    "--workspace",
    "--no-run",
    "--message-format",
    "json-render-diagnostics",
];

/// A program of tests.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TestBinary {
    /// The folder below `crates/`, such as `agent`.
    pub package: String,
    /// `it`, as cargo names it; of a crate's unit tests, `lib` or `bin`.
    pub target: String,
    executable: PathBuf,
    /// The crate's folder.
    folder: PathBuf,
}

impl TestBinary {
    /// Both names.
    pub fn name(&self) -> String {
        format!("{} {}", self.package, self.target)
    }

    /// One of these two names, for tests of what decides by them.
    #[cfg(test)]
    pub fn named(name: &str) -> Self {
        let (package, target) = name.split_once(' ').expect("two names");
        Self {
            package: package.to_owned(),
            target: target.to_owned(),
            executable: "true".into(),
            folder: ".".into(),
        }
    }

    /// A command that starts it as cargo would.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(&self.executable);
        command.args(arguments).current_dir(&self.folder);
        // The rest of what cargo sets stands in our own environment, since cargo started us.
        command.env("CARGO_MANIFEST_DIR", &self.folder);
        command.env("CARGO_MANIFEST_PATH", self.folder.join("Cargo.toml"));
        command.env(judges::FOLDER_VARIABLE, judges::folder());
        command
    }
}

/// Builds all of them, in the order in which cargo would run them.
///
/// # Errors
/// If one can't be built; cargo has said why.
pub fn build() -> anyhow::Result<Vec<TestBinary>> {
    println!("\n$ cargo {}", BUILD.join(" "));
    let mut cargo = shell::command("cargo", &BUILD);
    let mut building = cargo.stdout(Stdio::piped()).spawn().context("cargo")?;
    let said = building.stdout.take().context("its output is piped")?;
    let binaries = read(BufReader::new(said));
    let status = building.wait().context("cargo")?;
    ensure!(status.success(), "the tests can't be built");
    binaries
}

/// The test binaries among all that cargo says that it built, sorted by their names.
fn read(said: impl BufRead) -> anyhow::Result<Vec<TestBinary>> {
    let mut binaries = Vec::new();
    for message in Message::parse_stream(said) {
        if let Message::CompilerArtifact(artifact) = message.context("what cargo built")? {
            binaries.extend(test_binary(artifact));
        }
    }
    binaries.sort_by_key(TestBinary::name);
    Ok(binaries)
}

/// None of programs that tests only start, and of examples, which are built along.
fn test_binary(artifact: Artifact) -> Option<TestBinary> {
    let executable = artifact.executable.filter(|_| artifact.profile.test)?;
    let folder = artifact.manifest_path.parent()?;
    let target = match artifact.target.kind.first()? {
        kind @ (TargetKind::Lib | TargetKind::Bin) => kind.to_string(),
        _ => artifact.target.name,
    };
    Some(TestBinary {
        package: folder.file_name()?.to_owned(),
        target,
        executable: executable.into(),
        folder: folder.into(),
    })
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    /// A line as cargo writes it, of a target of this kind and name.
    fn line(kind: &str, name: &str, test: bool, executable: &str) -> String {
        format!(
            r#"{{"reason":"compiler-artifact","package_id":"path+file:///m/crates/agent#mainstay-agent@0.1.0",
            "manifest_path":"/m/crates/agent/Cargo.toml","target":{{"kind":["{kind}"],"crate_types":["bin"],"name":"{name}",
            "src_path":"/m/crates/agent/x.rs","edition":"2024","doc":false,"doctest":false,"test":true}},
            "profile":{{"opt_level":"0","debuginfo":"line-tables-only","debug_assertions":true,"overflow_checks":true,
            "test":{test}}},"features":[],"filenames":[],"executable":{executable},"fresh":false}}"#
        )
        .replace('\n', "")
    }

    #[test]
    fn what_is_a_test_is_found_among_what_was_built() {
        let said = [
            line("test", "it", true, r#""/m/target/debug/deps/it-1""#),
            line(
                "lib",
                "mainstay_agent",
                true,
                r#""/m/target/debug/deps/mainstay_agent-2""#,
            ),
            line(
                "bin",
                "mainstay-agent",
                true,
                r#""/m/target/debug/deps/mainstay_agent-3""#,
            ),
            line(
                "bin",
                "mainstay-agent",
                false,
                r#""/m/target/debug/mainstay-agent""#,
            ),
            line(
                "example",
                "gallery",
                false,
                r#""/m/target/debug/examples/gallery""#,
            ),
            line("lib", "mainstay_agent", false, "null"),
            "warning: what a build script says".to_owned(),
            r#"{"reason":"build-finished","success":true}"#.to_owned(),
        ];
        let binaries = read(said.join("\n").as_bytes()).expect("all of it can be read");
        let names: Vec<String> = binaries.iter().map(TestBinary::name).collect();
        assert_eq!(names, ["agent bin", "agent it", "agent lib"]);
        let command = binaries[1].command(&["--skip", "storm::"]);
        assert_eq!(command.get_program(), "/m/target/debug/deps/it-1");
        let folder = command.get_current_dir();
        assert_eq!(folder, Some(Path::new("/m/crates/agent")), "as cargo does");
        assert_eq!(command.get_args().count(), 2);
    }
}
