//! A PostgreSQL that says nothing any more, as if its machine had vanished: its connections stay, and no answer comes. Read [`freeze`].

use std::fs;
use std::process::Command;

/// Stops all processes of the server with this process number, without ending any.
///
/// # Errors
/// If `/proc` can't be read, or there is no `kill`.
pub fn freeze(server: u32) -> anyhow::Result<()> {
    // The one that starts others first, so that none is missed.
    signal("-STOP", &[server])?;
    signal("-STOP", &children(server)?)
}

/// Lets them go on.
///
/// # Errors
/// As [`freeze`].
pub fn thaw(server: u32) -> anyhow::Result<()> {
    signal("-CONT", &children(server)?)?;
    signal("-CONT", &[server])
}

/// The processes that a process has started, by their parent in `/proc` (proc(5)).
fn children(parent: u32) -> anyhow::Result<Vec<u32>> {
    let (mut children, parent) = (Vec::new(), parent.to_string());
    for entry in fs::read_dir("/proc")?.flatten() {
        let Some(id) = entry
            .file_name()
            .to_str()
            .and_then(|name| name.parse().ok())
        else {
            continue;
        };
        // One that has ended meanwhile has none.
        let about = fs::read_to_string(entry.path().join("stat")).unwrap_or_default();
        // Behind the name, which may hold anything: the state, then the parent.
        let behind = about.rsplit_once(')').map_or("", |(_, behind)| behind);
        if behind.split_whitespace().nth(1) == Some(parent.as_str()) {
            children.push(id);
        }
    }
    Ok(children)
}

fn signal(name: &str, processes: &[u32]) -> anyhow::Result<()> {
    let ids = processes.iter().map(ToString::to_string);
    // One of them may have ended meanwhile: `kill` reaches the others all the same.
    Command::new("kill").arg(name).args(ids).output()?;
    Ok(())
}
