//! The table of settings as the documentation shows it. Read [`table`].

use super::table::{Need, SETTINGS, Setting};

/// Between these the page's table stands.
const BEGIN: &str = "<!-- settings: made by `cargo xtask settings` -->\n";
const END: &str = "<!-- settings end -->\n";

/// The page with its table made anew; none if it lacks the marks.
pub fn with_table(page: &str) -> Option<String> {
    let (before, rest) = page.split_once(BEGIN)?;
    let (_, after) = rest.split_once(END)?;
    Some(format!("{before}{BEGIN}{}{END}{after}", table()))
}

/// The table in Markdown, a row for each setting.
pub fn table() -> String {
    let head = "| in the file | variable | flag | default | what it is |\n|---|---|---|---|---|\n";
    SETTINGS
        .iter()
        .map(row)
        .fold(head.to_owned(), |page, row| page + &row)
}

fn row(setting: &Setting) -> String {
    let older = setting
        .older
        .map(|name| format!(", else `{name}`"))
        .unwrap_or_default();
    let default = match setting.need {
        Need::Required => "must be set".to_owned(),
        Need::Optional => "not set".to_owned(),
        Need::Default(text) => format!("`{text}`"),
    };
    let Setting {
        name,
        variable,
        flag,
        what,
        ..
    } = setting;
    format!("| `{name}` | `{variable}`{older} | `--{flag}` | {default} | {what} |\n")
}
