//! The table of the server's settings in the documentation.

use crate::shell;

/// The test that compares the page with the code, and what makes it write the page instead.
const TEST: &str = "settings::tests::the_page_has_this_table";
const REMAKE: &str = "MAINSTAY_REMAKE_PAGE";

/// Remakes the table of `docs/running-the-server.md`.
///
/// # Errors
/// If the server can't be built, or the page lacks its marks.
pub fn run() -> anyhow::Result<()> {
    let words = ["test", "--locked", "-pmainstay-server", "--lib", TEST];
    shell::finish(shell::command("cargo", &words).env(REMAKE, "1"))
}
