//! What a device at the desk is seen to do, one thing a line.

use mainstay_telemetry::DeviceEvent;
use serde::Serialize;

/// One thing that was seen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "seen", rename_all = "kebab-case")]
pub enum Notice {
    /// It came up.
    Started {
        /// Why it runs what it runs: a boot reason's id.
        boot: String,
        /// The version that it runs; none if it runs nothing.
        version: Option<String>,
    },
    /// It asked the server what to do.
    Asked {
        /// Whether an answer came.
        answered: bool,
    },
    /// It fetched a piece of an image.
    Fetched {
        /// Bytes that it had before.
        offset: u32,
        /// Bytes that were left.
        left: u32,
    },
    /// Something happened on it that it will tell the server.
    Happened {
        /// What.
        #[serde(flatten)]
        event: DeviceEvent,
    },
    /// It has no power, or is restarting.
    Down,
}

impl Notice {
    /// As a sentence without a full stop.
    #[must_use]
    pub fn sentence(&self) -> String {
        match self {
            Self::Started { boot, version } => match version {
                Some(version) => format!("started {version} ({boot})"),
                None => format!("started nothing ({boot})"),
            },
            Self::Asked { answered: true } => "asked the server what to do".to_owned(),
            Self::Asked { answered: false } => "asked the server: no answer".to_owned(),
            Self::Fetched { offset, left } => format!("fetched at {offset}, {left} bytes to go"),
            Self::Happened { event } => {
                let release = event.release().map(|release| release.to_string());
                event.phrase(&release.map_or_else(String::new, |name| shortened(&name)))
            }
            Self::Down => "went down".to_owned(),
        }
    }
}

/// Enough of a digest to tell releases apart.
fn shortened(digest: &str) -> String {
    const SHOWN: usize = 12;
    digest.chars().take(SHOWN).collect()
}
