//! How far a device has come, in one or two words.

use mainstay_report::Tone;
use mainstay_rollout::Progress;

/// The words for a device's progress, and how it stands. They label; they don't explain: why is
/// `rollout::why`'s to say.
pub fn progress_words(progress: &Progress) -> (String, Tone) {
    let (words, tone) = match progress {
        Progress::Waiting => ("waiting", Tone::Plain),
        Progress::Promised { .. } => ("offered", Tone::Busy),
        Progress::Began { .. } => ("installing", Tone::Busy),
        Progress::Refused { refusal, .. } => {
            return (format!("refused: {refusal}"), Tone::Attention);
        }
        Progress::OnTrial { .. } => ("on trial", Tone::Busy),
        Progress::Confirmed { .. } => ("updated", Tone::Good),
        Progress::Failed { cause, .. } => return (format!("failed: {}", cause.id()), Tone::Bad),
        Progress::Returning { .. } => ("going back", Tone::Busy),
        Progress::Returned { .. } => ("went back", Tone::Attention),
        Progress::CannotReturn { .. } => ("can't go back", Tone::Bad),
    };
    (words.to_owned(), tone)
}
