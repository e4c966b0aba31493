//! Where a setting was said. Read [`Source`].

use std::fmt::{self, Display};
use std::path::PathBuf;

use serde::Serialize;

/// Where a setting was said.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Source {
    /// Nowhere.
    Default,
    /// In the file of settings.
    File {
        /// Which one.
        path: PathBuf,
        /// The line, from 1; none if it is about the file as a whole.
        line: Option<usize>,
    },
    /// In the environment.
    Variable {
        /// The variable.
        name: String,
    },
    /// On the command line.
    Flag {
        /// The flag, with its dashes.
        name: String,
    },
}

impl Display for Source {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => out.write_str("default"),
            Self::File { path, line: None } => write!(out, "{}", path.display()),
            Self::File {
                path,
                line: Some(line),
            } => {
                write!(out, "{} line {line}", path.display())
            }
            Self::Variable { name } => write!(out, "variable {name}"),
            Self::Flag { name } => write!(out, "flag {name}"),
        }
    }
}
