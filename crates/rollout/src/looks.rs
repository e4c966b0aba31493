//! When the pairs of a wave are looked at, and how much each look needs to find something.
//!
//! At most [`LOOKS_MAX`] times: each time that another fifth of the planned pairs is in, and once more when no
//! further pair can come. The boundaries are those of `spending.rs`.
//!
//! **Where alpha goes.** A plan declares one alpha. How it is shared says [`mainstay_plan::HardFailure::shares`]: four fifths are the hard
//! failures', whose test each wave begins afresh; a fifth is that of the soft signals, together. Theirs is divided evenly over signals and
//! over all waves but the last (nobody is held back from that one), and within a wave it is spent look by look. So a release that is
//! exactly as much worse as the plan allows, in every signal and on every device, is halted for it in at most a fifth of alpha of all rollouts
//! (C. Bonferroni: chances of single errors add up to no less than the chance of any). The question about silence costs a look and not a
//! release; it has an alpha of its own, as large as the plan's, divided over the waves.
//!
//! That a signal is *not* worse is said at the last look only, at the whole alpha. To go on wrongly, a release must pass
//! in the very signal that it spoils, in every wave: nothing adds up there (R. Berger, "Multiparameter hypothesis
//! testing and acceptance sampling", 1982). Read [`Looks`].

use serde::{Deserialize, Serialize};

use crate::normal;
use crate::rules::Rules;
use crate::spending;

/// The pairs are looked at so many times: more would each find less, and a person hears of a clear case soon enough.
pub const LOOKS_MAX: u32 = 5;

/// Below so many pairs nothing is concluded. Ten that all point one way come by chance once in a thousand, which is less than the
/// share of 5 % that each of three signals in three waves gets.
pub const PAIRS_MIN: u32 = 10;

/// The looks that were taken at one comparison.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Looks {
    /// How many pairs were in at each; rising.
    pub pairs: Vec<u32>,
    /// Whether the last look was taken.
    pub ended: bool,
}

impl Looks {
    /// Takes a look if one is due: `pairs` are in, and no other can come if `all` are. Whether it did.
    pub(crate) fn take(&mut self, pairs: u32, planned: u32, all: bool) -> bool {
        let is_last = all || pairs >= planned;
        let last = self.pairs.last().copied().unwrap_or(0);
        let is_due = pairs >= PAIRS_MIN && pairs >= last + planned.div_ceil(LOOKS_MAX).max(1);
        if self.ended || !(is_due || is_last) {
            return false;
        }
        self.ended = is_last;
        // A last look at what was looked at before is the same look, with all that is left of alpha.
        if pairs > last {
            self.pairs.push(pairs);
        }
        true
    }

    /// The one-sided level of the newest look, if all looks together keep `alpha`.
    pub(crate) fn level(&self, alpha: f64, planned: u32) -> f64 {
        let share = |pairs: &u32| f64::from(*pairs) / f64::from(planned.max(1));
        let looks: Vec<f64> = self.pairs.iter().map(share).collect();
        let boundaries = spending::boundaries(alpha, &looks, self.ended);
        boundaries.last().map_or(0.0, |z| normal::tail(*z))
    }
}

/// The plan's alpha as a fraction.
pub(crate) fn alpha(rules: &Rules) -> f64 {
    f64::from(rules.install.alpha) / 100.0
}

/// In so many waves somebody is held back.
fn compared_waves(rules: &Rules) -> f64 {
    rules.waves.len().saturating_sub(1).max(1) as f64
}

/// What each such wave has for its question about silence.
pub(crate) fn alpha_of_silence(rules: &Rules) -> f64 {
    alpha(rules) / compared_waves(rules)
}

/// The share of alpha that each soft signal has in such a wave.
pub(crate) fn alpha_of_signal(rules: &Rules) -> f64 {
    rules.shares().soft / 100.0 / (compared_waves(rules) * rules.soft.len().max(1) as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Looks at each number of pairs from none to `end`, which are all; where it looked.
    fn looked(planned: u32, end: u32) -> Vec<u32> {
        let mut looks = Looks::default();
        let took = |pairs: &u32| looks.take(*pairs, planned, *pairs == end);
        (0..=end).filter(took).collect()
    }

    #[test]
    fn a_look_is_due_with_each_fifth_and_at_the_end() {
        assert_eq!(looked(100, 100), [20, 40, 60, 80, 100]);
        assert_eq!(looked(100, 70), [20, 40, 60, 70]);
        assert_eq!(looked(36, 40), [10, 18, 26, 34, 36]);
        assert_eq!(looked(100, 0), [0], "none can come");
    }

    #[test]
    fn what_comes_at_once_is_one_look() {
        let mut looks = Looks::default();
        assert!(looks.take(75, 100, false) && !looks.take(80, 100, false));
        assert!(looks.take(100, 100, false) && !looks.take(120, 100, true));
        assert_eq!(looks.pairs, [75, 100]);
    }

    #[test]
    fn a_last_look_without_news_is_the_earlier_one_with_all_that_is_left() {
        let mut looks = Looks::default();
        looks.take(60, 100, false);
        let early = looks.level(0.025, 100);
        assert!(looks.take(60, 100, true) && looks.pairs == [60]);
        assert!(early < 0.01 && (looks.level(0.025, 100) - 0.025).abs() < 1e-9);
    }

    /// Whatever soft signals and waves a plan has, no more than its alpha is given away.
    #[test]
    fn one_alpha_is_shared() {
        let horizon = jiff::SignedDuration::from_hours(48);
        let soft = mainstay_plan::SignalName::ALL.map(|name| mainstay_plan::SoftSignal {
            name,
            worse_by_at_most: 10,
            horizon,
        });
        let mut rules = crate::testing::rules();
        let waves = rules.waves.clone();
        for (signals, count) in [(0, 3), (1, 3), (3, 3), (3, 2), (3, 1), (0, 1)] {
            rules.soft = soft[..signals].to_vec();
            rules.waves = waves[..count].to_vec();
            let soft = alpha_of_signal(&rules) * signals as f64 * (count - 1) as f64;
            let hard = rules.test().alpha / 100.0;
            let what = format!("{signals} signals, {count} waves: {hard} {soft}");
            assert!((hard + soft - 0.05).abs() < 1e-12, "{what}");
            let is_compared = signals > 0 && count > 1;
            let expected = if is_compared { 0.01 } else { 0.0 };
            assert!((soft - expected).abs() < 1e-12, "{what}");
        }
    }

    /// The tails beyond the published boundaries of five even looks: 4.877, 3.357, 2.680, 2.290, 2.031.
    #[test]
    fn levels_are_the_tails_beyond_the_published_boundaries() {
        let published = [5.4e-7, 3.94e-4, 3.68e-3, 1.101e-2, 2.113e-2];
        let mut looks = Looks::default();
        for (pairs, expected) in [20, 40, 60, 80, 100].into_iter().zip(published) {
            looks.take(pairs, 100, false);
            let level = looks.level(0.025, 100);
            assert!((level / expected - 1.0).abs() < 0.01, "{pairs}: {level}");
        }
    }
}
