//! From devices and log-likelihood ratios to places on a grid of [`WIDTH`] by [`HEIGHT`] units. Read
//! [`Scale`].

use serde::Serialize;

use crate::chart::{SprtChart, SprtPoint};

pub(super) const WIDTH: f64 = 400.0;
pub(super) const HEIGHT: f64 = 236.0;
/// The plot's edges; the margin below holds the axis's labels, those above and beside it the marks
/// that stand on an edge.
pub(super) const LEFT: f64 = 10.0;
pub(super) const RIGHT: f64 = 390.0;
pub(super) const TOP: f64 = 10.0;
pub(super) const BOTTOM: f64 = 196.0;
/// Room beyond a bound for its label, as a part of the range between the bounds.
const HEADROOM: f64 = 0.17;
/// A path shorter than this is drawn on an axis this long: two points would look like a trend.
const SCORED_MIN: u32 = 10;
/// At most so many labels on the axis fit a phone's screen.
const TICKS_MAX: u32 = 6;

/// A marked place.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub(super) struct Dot {
    pub(super) x: f64,
    pub(super) y: f64,
}

/// A label of the horizontal axis.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(super) struct Tick {
    pub(super) x: f64,
    pub(super) scored: u32,
}

/// From devices and ratios to places on the grid.
pub(super) struct Scale {
    scored_max: u32,
    low: f64,
    high: f64,
}

impl Scale {
    pub(super) fn of(chart: &SprtChart, points: &[SprtPoint]) -> Self {
        let bounds = [0.0, or_zero(chart.accept_at), or_zero(chart.reject_at)];
        let ratios = points.iter().map(|point| point.ratio);
        let (low, high) = bounds
            .into_iter()
            .chain(ratios)
            .fold((0.0, 0.0), |(low, high): (f64, f64), r| {
                (low.min(r), high.max(r))
            });
        // A flat chart has no range; one unit gives it a place.
        let range = if high > low { high - low } else { 1.0 };
        let room = range * HEADROOM;
        let scored = points.iter().map(|point| point.scored).max();
        Self {
            scored_max: scored.unwrap_or_default().max(SCORED_MIN),
            low: low - room,
            high: high + room,
        }
    }

    fn x(&self, scored: u32) -> f64 {
        let part = f64::from(scored) / f64::from(self.scored_max);
        rounded(LEFT + part * (RIGHT - LEFT))
    }

    pub(super) fn y(&self, ratio: f64) -> f64 {
        let part = (self.high - ratio) / (self.high - self.low);
        rounded(TOP + part * (BOTTOM - TOP))
    }

    pub(super) fn dot(&self, point: &SprtPoint) -> Dot {
        Dot {
            x: self.x(point.scored),
            y: self.y(point.ratio),
        }
    }

    pub(super) fn ticks(&self) -> Vec<Tick> {
        let step = tick_step(self.scored_max);
        let tick = |scored| Tick {
            x: self.x(scored),
            scored,
        };
        (0..=self.scored_max / step)
            .map(|n| tick(n * step))
            .collect()
    }
}

/// The smallest of 1, 2, 5, 10, 20, 50 ... that labels an axis of `scored_max` devices with at most
/// [`TICKS_MAX`] steps.
fn tick_step(scored_max: u32) -> u32 {
    let decades = (0..10).map(|exponent| 10_u32.pow(exponent));
    decades
        .flat_map(|decade| [1, 2, 5].map(|factor| decade.saturating_mul(factor)))
        .find(|step| scored_max / step <= TICKS_MAX)
        .unwrap_or(u32::MAX)
}

fn rounded(units: f64) -> f64 {
    (units * 10.0).round() / 10.0
}

/// `number`, or zero for what is no number.
pub(super) fn or_zero(number: f64) -> f64 {
    if number.is_finite() { number } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn axis_steps_are_round_numbers() {
        for (scored, step) in [
            (10, 2),
            (12, 2),
            (40, 10),
            (400, 100),
            (4_000_000, 1_000_000),
        ] {
            assert_eq!(tick_step(scored), step, "{scored}");
        }
    }
}
