//! Alternating rounds: every contender once a round, in turning order, so that whatever else the
//! machine does weighs on all alike.

use super::contender::Contender;

/// Rounds that are measured; one before them warms the caches and isn't counted.
const ROUNDS: usize = 11;

/// The seconds that each contender took, round by round.
pub struct Rounds {
    names: Vec<&'static str>,
    seconds: Vec<Vec<f64>>,
}

impl Rounds {
    /// Measures all of them.
    ///
    /// # Errors
    /// If a contender's command fails.
    pub fn run(contenders: &[Contender]) -> anyhow::Result<Self> {
        let mut seconds = vec![Vec::with_capacity(ROUNDS); contenders.len()];
        for round in 0..=ROUNDS {
            for turn in 0..contenders.len() {
                let at = (round + turn) % contenders.len();
                let taken = contenders[at].time()?;
                if round > 0 {
                    seconds[at].push(taken.as_secs_f64());
                }
            }
        }
        let names = contenders.iter().map(|contender| contender.name).collect();
        Ok(Self { names, seconds })
    }

    /// The median of the seconds that `name` took.
    pub fn median(&self, name: &str) -> f64 {
        middle(self.of(name).to_vec())
    }

    /// The median of `name` over `base`, each round's two by themselves.
    pub fn ratio(&self, name: &str, base: &str) -> f64 {
        let pairs = self.of(name).iter().zip(self.of(base));
        middle(pairs.map(|(ours, theirs)| ours / theirs).collect())
    }

    fn of(&self, name: &str) -> &[f64] {
        let at = self.names.iter().position(|own| *own == name);
        &self.seconds[at.expect("only contenders are asked for")]
    }
}

fn middle(mut numbers: Vec<f64>) -> f64 {
    numbers.sort_by(f64::total_cmp);
    numbers[numbers.len() / 2]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ratios_are_taken_round_by_round() {
        let rounds = Rounds {
            names: vec!["a", "b"],
            seconds: vec![vec![2.0, 30.0, 4.0], vec![1.0, 10.0, 1.0]],
        };
        assert_eq!(rounds.ratio("a", "b"), 3.0);
        assert_eq!(rounds.median("a"), 4.0);
    }
}
