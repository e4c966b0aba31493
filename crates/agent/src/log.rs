//! Lines for the journal: a priority in front (`<6>`), as `systemd` reads it from standard error
//! (sd-daemon(3)), and one line for each thing that happened.

use std::fmt::Display;
use std::io::{self, IsTerminal as _, Write as _};

/// How much it matters, by the numbers of syslog(3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Level {
    /// Something failed, and somebody should look.
    Error,
    /// Something failed, and the agent goes on by itself.
    Warning,
    /// A step of an update.
    Notice,
    /// What else it does.
    Info,
}

impl Level {
    /// The number that syslog knows.
    #[must_use]
    pub fn number(self) -> u8 {
        match self {
            Self::Error => 3,
            Self::Warning => 4,
            Self::Notice => 5,
            Self::Info => 6,
        }
    }
}

/// Writes one line. On a terminal the number is left out. A log that can't be written is no reason to stop.
pub fn line(level: Level, text: impl Display) {
    let mut error = io::stderr().lock();
    let text = one_line(&text.to_string());
    let _ = match error.is_terminal() {
        true => writeln!(error, "{text}"),
        false => writeln!(error, "<{}>{text}", level.number()),
    };
}

/// The text with everything replaced that would begin another line, or another priority: what a server
/// or a hook says can't forge entries.
fn one_line(text: &str) -> String {
    let plain = |c: char| if c.is_control() { ' ' } else { c };
    text.chars().map(plain).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_forges_a_second_entry() {
        assert_eq!(one_line("a\n<0>b\u{1b}[m"), "a <0>b [m");
    }
}
