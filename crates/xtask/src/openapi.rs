//! The OpenAPI document of the operator API in `docs/api`.

use crate::shell;

/// The test that compares the file with the code, and what makes it write the file instead.
const TEST: &str = "openapi::the_file_is_this_document";
const REMAKE: &str = "MAINSTAY_REMAKE_PAGE";

/// Remakes `docs/api/openapi.json`.
///
/// # Errors
/// If the server can't be built.
pub fn run() -> anyhow::Result<()> {
    let words = [
        "test",
        "--locked",
        "-pmainstay-server",
        "--test",
        "it",
        TEST,
    ];
    shell::finish(shell::command("cargo", &words).env(REMAKE, "1"))
}
