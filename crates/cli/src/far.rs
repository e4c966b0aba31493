//! How far long work is, told on a terminal: a bar for the table at hand, or for the bytes of files. Read [`Far`].

use indicatif::{ProgressBar, ProgressStyle};
use mainstay_store::whole::Progress;

use crate::output::Output;

/// A bar on standard error; nothing where that isn't a terminal, or a machine reads.
pub struct Far(ProgressBar);

impl Far {
    /// For one piece of work.
    pub fn new(output: &Output) -> Self {
        let bar = match output.is_json() {
            true => ProgressBar::hidden(),
            false => ProgressBar::no_length(),
        };
        let style = ProgressStyle::with_template("{msg:16} {wide_bar} {pos}/{len}");
        Self(bar.with_style(style.expect("a good template")))
    }

    /// Tells it.
    pub fn tell(&mut self, progress: Progress) {
        self.0.set_message(progress.table);
        self.0.set_length(progress.of);
        self.0.set_position(progress.rows);
    }
}

impl Drop for Far {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}
