//! The story on a terminal: a bar for each wave, a sentence for everything else.

use std::collections::BTreeMap;

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use mainstay_simulator::demo::{Audience, Event};

use super::sentences::sentence;

/// Bars for the waves, in the order in which they opened.
pub struct Bars {
    all: MultiProgress,
    waves: BTreeMap<(String, String), ProgressBar>,
    waiting: ProgressBar,
}

impl Default for Bars {
    fn default() -> Self {
        let all = MultiProgress::new();
        let waiting = all.add(ProgressBar::new_spinner().with_message("switching on the fleet"));
        waiting.enable_steady_tick(std::time::Duration::from_millis(120));
        Self {
            all,
            waves: BTreeMap::new(),
            waiting,
        }
    }
}

impl Audience for Bars {
    fn hear(&mut self, event: &Event) {
        match event {
            Event::Wave {
                version,
                wave,
                members,
                updated,
                failed,
                under_way,
                at,
            } => {
                let bar = self.bar(version, wave, *members);
                bar.set_position((updated + failed) as u64);
                bar.set_message(told(*updated, *failed, *under_way));
                self.waiting.set_message(format!(
                    "the story's time is {}",
                    at.strftime("%a %H:%M UTC")
                ));
            }
            Event::Summary(_) | Event::AttackSummary(_) => {
                self.waves.values().for_each(ProgressBar::abandon);
                self.waiting.finish_and_clear();
                self.say(event);
            }
            other => self.say(other),
        }
    }
}

impl Bars {
    fn bar(&mut self, version: &str, wave: &str, members: usize) -> ProgressBar {
        let key = (version.to_owned(), wave.to_owned());
        let (all, waiting) = (&self.all, &self.waiting);
        let new = || {
            let bar = all.insert_before(waiting, ProgressBar::new(members as u64));
            bar.set_style(style());
            bar.set_prefix(format!("{version:<8} {wave:<8}"));
            bar
        };
        self.waves.entry(key).or_insert_with(new).clone()
    }

    /// Prints a sentence above the bars. A terminal that can't be written to has nobody to tell it to.
    fn say(&self, event: &Event) {
        let _ = self.all.println(sentence(event));
    }
}

fn style() -> ProgressStyle {
    ProgressStyle::with_template("{prefix} {bar:28} {pos:>4}/{len:<4} {msg}")
        .expect("the template is well-formed")
}

fn told(updated: usize, failed: usize, under_way: usize) -> String {
    let mut parts = vec![format!("{updated} updated")];
    parts.extend((failed > 0).then(|| format!("{failed} failed")));
    parts.extend((under_way > 0).then(|| format!("{under_way} under way")));
    parts.join(", ")
}
