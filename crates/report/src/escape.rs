//! How values are printed: as text of the language that the template is written in, whatever they
//! hold. Only what this crate itself marked as safe (its stylesheet, what its macros printed) goes
//! out as it is. Read [`print`].

use minijinja::{AutoEscape, Error, Output, State, Value};

/// The escaping of Markdown templates.
const MARKDOWN: &str = "markdown";

/// The escaping that the template named `template` uses.
pub(crate) fn of_template(template: &str) -> AutoEscape {
    match template.ends_with(".md") {
        true => AutoEscape::Custom(MARKDOWN.into()),
        false => AutoEscape::Html,
    }
}

/// Prints `value` into a template's output.
pub(crate) fn print(out: &mut Output, state: &mut State, value: &Value) -> Result<(), Error> {
    let text = value.to_string();
    let printed = match state.auto_escape() {
        _ if value.is_safe() => text,
        AutoEscape::Custom(name) if name == MARKDOWN => markdown(&text),
        _ => html(&text),
    };
    Ok(out.write_str(&printed)?)
}

/// `text` as HTML, between tags or inside an attribute's quotes.
fn html(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            other => escaped.push(other),
        }
    }
    escaped
}

/// `text` with all that Markdown would read as markup escaped (CommonMark 0.31, 2.4), on one line:
/// a line break would end a table row or a heading.
fn markdown(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '\n' | '\r' => escaped.push(' '),
            '<' => escaped.push_str("&lt;"),
            '&' => escaped.push_str("&amp;"),
            '\\' | '`' | '*' | '_' | '[' | ']' | '|' | '#' | '~' | '>' => {
                escaped.push('\\');
                escaped.push(character);
            }
            other => escaped.push(other),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markup_is_printed_as_text() {
        for (text, in_html, in_markdown) in [
            ("1.2.0 halted", "1.2.0 halted", "1.2.0 halted"),
            ("<script>", "&lt;script&gt;", "&lt;script\\>"),
            ("a\" b='c'", "a&quot; b=&#39;c&#39;", "a\" b='c'"),
            ("&lt;", "&amp;lt;", "&amp;lt;"),
            ("a|b\nc", "a|b\nc", "a\\|b c"),
            ("**x** [y](z)", "**x** [y](z)", "\\*\\*x\\*\\* \\[y\\](z)"),
        ] {
            assert_eq!(html(text), in_html);
            assert_eq!(markdown(text), in_markdown);
        }
    }
}
