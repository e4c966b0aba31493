//! What other update clients say about an order, understood: from the wire's pair of words to one [`Word`].
//!
//! Of an order to install:
//!
//! | execution | finished | means |
//! |---|---|---|
//! | `proceeding`, `scheduled`, `resumed`, `downloaded` | any | progress |
//! | `download` | any | downloading |
//! | `closed` | `success`, `none` | installed |
//! | `closed` | `failure` | failed |
//! | `canceled` | any | cancelled |
//! | `rejected` | any | rejected |
//!
//! Of an order that the client is asked to leave, where only its answer counts:
//!
//! | execution | finished | means |
//! |---|---|---|
//! | `closed` | `success`, `none` | cancel accepted |
//! | `closed` | `failure` | cancel refused |
//! | `rejected` | any | cancel refused |
//! | any other of the above | any | progress |
//!
//! All clients mean the same by these, so nothing here depends on which it is. `downloaded` with `success` is how a client ends that was only to
//! download: nobody here asks for that, so it is no success. Anything else is an [`UnknownWord`]. Read [`of_order`].

use mainstay_rollout::ReleaseDigest;
use mainstay_rollout::order::log::harmless;
use mainstay_rollout::order::{Told, Word};

use crate::event::DeviceEvent;

/// So many bytes are told of a word that isn't understood.
const UNKNOWN_BYTES_MAX: usize = 64;

/// The failure's id of a client that couldn't install what it was offered; its own words are in the order's log.
pub const CLIENT_FAILED: &str = "client-failed";

/// Two words of a client that mean nothing here.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the client said {0:?}, which means nothing here")]
pub struct UnknownWord(String);

impl UnknownWord {
    /// Stable id of this error.
    #[must_use]
    pub fn id(&self) -> &'static str {
        "ddi.unknown-word"
    }

    /// What to do about it.
    #[must_use]
    pub fn cure(&self) -> &'static str {
        "say execution and finished in words of the protocol"
    }

    /// The beginning of what was said, as `execution/finished`, with control signs written out.
    #[must_use]
    pub fn said(&self) -> &str {
        &self.0
    }
}

/// What feedback on an order to install means.
///
/// # Errors
/// If the words are none of the protocol's.
pub fn of_order(execution: &str, finished: &str) -> Result<Word, UnknownWord> {
    let unknown = || UnknownWord(said(execution, finished));
    let success = match finished {
        "success" | "none" => true,
        "failure" => false,
        _ => return Err(unknown()),
    };
    match execution {
        "proceeding" | "scheduled" | "resumed" | "downloaded" => Ok(Word::Progress),
        "download" => Ok(Word::Downloading),
        "closed" if success => Ok(Word::Installed),
        "closed" => Ok(Word::Failed),
        "canceled" => Ok(Word::Cancelled),
        "rejected" => Ok(Word::Rejected),
        _ => Err(unknown()),
    }
}

/// What feedback on the request to leave an order means.
///
/// # Errors
/// If the words are none of the protocol's.
pub fn of_cancel(execution: &str, finished: &str) -> Result<Word, UnknownWord> {
    Ok(match of_order(execution, finished)? {
        Word::Installed => Word::CancelAccepted,
        Word::Failed | Word::Rejected => Word::CancelRefused,
        _ => Word::Progress,
    })
}

/// The two words as they stand in a log.
#[must_use]
pub fn said(execution: &str, finished: &str) -> String {
    let half = UNKNOWN_BYTES_MAX / 2;
    let (execution, finished) = (harmless(execution, half), harmless(finished, half - 1));
    format!("{execution}/{finished}")
}

/// What a rollout is told, as an event of the device; `release` is the order's. None if it only stopped, as the rollout wanted: of
/// a device that was to go back, whoever knows what it runs makes more of it.
#[must_use]
pub fn event_of(told: Told, release: ReleaseDigest) -> Option<DeviceEvent> {
    match told {
        Told::Began => Some(DeviceEvent::DownloadStarted { release }),
        Told::Installed => Some(DeviceEvent::Installed { release }),
        Told::Refused { refusal } => Some(DeviceEvent::Refused {
            release,
            refusal: refusal.to_owned(),
        }),
        Told::Failed => Some(DeviceEvent::Failed {
            release,
            failure: CLIENT_FAILED.to_owned(),
        }),
        Told::Stopped => None,
        Told::Confirmed => Some(DeviceEvent::Confirmed { release }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_understood_by_the_table() {
        use Word::{
            CancelAccepted, CancelRefused, Cancelled, Downloading, Failed, Installed, Progress,
            Rejected,
        };
        for (execution, finished, order, cancel) in [
            ("proceeding", "none", Progress, Progress),
            ("scheduled", "none", Progress, Progress),
            ("resumed", "none", Progress, Progress),
            ("download", "none", Downloading, Progress),
            ("downloaded", "none", Progress, Progress),
            ("downloaded", "success", Progress, Progress),
            ("closed", "success", Installed, CancelAccepted),
            ("closed", "none", Installed, CancelAccepted),
            ("closed", "failure", Failed, CancelRefused),
            ("canceled", "success", Cancelled, Progress),
            ("rejected", "none", Rejected, CancelRefused),
            ("rejected", "success", Rejected, CancelRefused),
        ] {
            assert_eq!(
                of_order(execution, finished),
                Ok(order),
                "{execution}/{finished}"
            );
            assert_eq!(
                of_cancel(execution, finished),
                Ok(cancel),
                "{execution}/{finished}"
            );
        }
    }

    #[test]
    fn what_is_none_of_the_protocols_words_is_told_in_short() {
        let long = "x".repeat(100_000);
        for (execution, finished, said) in [
            ("Closed", "success", "Closed/success".to_owned()),
            ("closed", "SUCCESS", "closed/SUCCESS".to_owned()),
            ("", "", "/".to_owned()),
            ("closed ", "none\n", "closed /none\\n".to_owned()),
            (
                &long,
                &long,
                format!("{}/{}", "x".repeat(32), "x".repeat(31)),
            ),
        ] {
            for unknown in [
                of_order(execution, finished),
                of_cancel(execution, finished),
            ] {
                let unknown = unknown.expect_err("no word of the protocol");
                assert_eq!(unknown.said(), said);
                assert!(unknown.said().len() <= UNKNOWN_BYTES_MAX);
            }
        }
    }

    #[test]
    fn installed_is_not_confirmed() {
        let release = ReleaseDigest([2; 32]);
        let id = |told| event_of(told, release).map(|event| event.id());
        let refusal = "ddi.cancelled";
        assert_eq!(id(Told::Began), Some("download-started"));
        assert_eq!(id(Told::Installed), Some("installed"));
        assert_eq!(id(Told::Refused { refusal }), Some("refused"));
        assert_eq!(id(Told::Failed), Some("failed"));
        assert_eq!(id(Told::Confirmed), Some("confirmed"));
        assert_eq!(id(Told::Stopped), None);
    }
}
