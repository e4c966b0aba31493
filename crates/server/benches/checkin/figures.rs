//! What is printed: lines that machines read, as every bench here ends with them, and what they are held against.
//!
//! Read [`Figures`] and [`Goal`].

use std::collections::BTreeMap;

/// What a figure of a whole run should come to. Nothing fails by it: a bench measures.
pub struct Goal {
    figure: &'static str,
    bound: f64,
    is_least: bool,
}

/// A goal that holds from this number on.
pub const fn at_least(figure: &'static str, bound: f64) -> Goal {
    Goal {
        figure,
        bound,
        is_least: true,
    }
}

/// A goal that holds up to this number.
pub const fn at_most(figure: &'static str, bound: f64) -> Goal {
    Goal {
        figure,
        bound,
        is_least: false,
    }
}

/// The figures of a run, by their names.
#[derive(Debug, Default)]
pub struct Figures(BTreeMap<String, f64>);

impl Figures {
    /// Prints one, and keeps it.
    pub fn put(&mut self, name: impl Into<String>, number: f64, unit: &str) {
        let name = name.into();
        println!("figure {name} {number:.3} {unit}");
        self.0.insert(name, number);
    }

    /// Prints what was to be reached, and what was.
    pub fn print_goals(&self, goals: &[Goal]) {
        println!("\ngoals:");
        for goal in goals {
            println!("{}", self.judged(goal));
        }
    }

    fn judged(&self, goal: &Goal) -> String {
        let (name, bound) = (goal.figure, goal.bound);
        let side = if goal.is_least { "at least" } else { "at most" };
        let Some(&number) = self.0.get(name) else {
            return format!("*** {name} {side} {bound}: NOT MEASURED");
        };
        let holds = match goal.is_least {
            true => number >= bound,
            false => number <= bound,
        };
        match holds {
            true => format!("{name} {side} {bound}: {number:.3}, holds"),
            false => format!("*** {name} {side} {bound}: {number:.3}, MISSED"),
        }
    }
}

/// The middle of some numbers.
pub fn middle(mut numbers: Vec<f64>) -> f64 {
    numbers.sort_by(f64::total_cmp);
    numbers[numbers.len() / 2]
}
