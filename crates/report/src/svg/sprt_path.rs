//! The sequential test's path between its two bounds. Read [`drawing`].

use serde::Serialize;

use crate::chart::{SprtChart, SprtPoint};
use crate::svg::scale::{BOTTOM, Dot, HEIGHT, LEFT, RIGHT, Scale, TOP, Tick, WIDTH, or_zero};

/// All that the template draws.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Drawing {
    width: f64,
    height: f64,
    left: f64,
    right: f64,
    top: f64,
    bottom: f64,
    /// Where the bounds lie.
    accept_y: f64,
    reject_y: f64,
    /// Where the ratio is zero: as much evidence for as against.
    zero_y: f64,
    /// The path, as the `points` of a polyline.
    path: String,
    /// The devices that failed.
    failures: Vec<Dot>,
    /// The path's end.
    end: Dot,
    ticks: Vec<Tick>,
}

/// Draws `chart`. Points and bounds that are no numbers are left out.
pub(crate) fn drawing(chart: &SprtChart) -> Drawing {
    let points = finite(chart);
    let scale = Scale::of(chart, &points);
    let path: Vec<String> = points
        .iter()
        .map(|point| scale.dot(point))
        .map(|dot| format!("{},{}", dot.x, dot.y))
        .collect();
    Drawing {
        width: WIDTH,
        height: HEIGHT,
        left: LEFT,
        right: RIGHT,
        top: TOP,
        bottom: BOTTOM,
        accept_y: scale.y(or_zero(chart.accept_at)),
        reject_y: scale.y(or_zero(chart.reject_at)),
        zero_y: scale.y(0.0),
        path: path.join(" "),
        failures: failures(&points).map(|point| scale.dot(point)).collect(),
        end: scale.dot(points.last().unwrap_or(&SprtPoint::default())),
        ticks: scale.ticks(),
    }
}

/// The points where the path turns, with its first and its last: between two of them every device
/// adds the same.
pub(crate) fn turning_points(chart: &SprtChart) -> Vec<SprtPoint> {
    let points = &chart.points;
    let failed = |at: usize| at > 0 && points[at].failures > points[at - 1].failures;
    let turns = |at: usize| {
        let last = at + 1 == points.len();
        at == 0 || last || failed(at) || failed(at + 1)
    };
    let kept = (0..points.len()).filter(|at| turns(*at));
    kept.map(|at| points[at]).collect()
}

fn finite(chart: &SprtChart) -> Vec<SprtPoint> {
    let points = chart.points.iter().copied();
    points.filter(|point| point.ratio.is_finite()).collect()
}

fn failures(points: &[SprtPoint]) -> impl Iterator<Item = &SprtPoint> {
    let pairs = points.windows(2);
    pairs.filter_map(|pair| (pair[1].failures > pair[0].failures).then_some(&pair[1]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chart::SprtVerdict;

    /// A path in which the devices named in `failing` failed.
    fn chart(scored: u32, failing: &[u32]) -> SprtChart {
        let mut points = vec![SprtPoint::default()];
        for scored in 1..=scored {
            let last = points[points.len() - 1];
            let failed = failing.contains(&scored);
            points.push(SprtPoint {
                scored,
                failures: last.failures + u32::from(failed),
                ratio: last.ratio + if failed { 2.48 } else { -0.12 },
            });
        }
        SprtChart {
            points,
            accept_at: -2.25,
            reject_at: 2.89,
            verdict: SprtVerdict::Continue,
            expect_percent: 1.0,
            halt_percent: 12.0,
        }
    }

    #[test]
    fn everything_drawn_lies_inside_the_plot() {
        for chart in [chart(0, &[]), chart(6, &[3, 6]), chart(400, &[40, 41, 42])] {
            let drawing = drawing(&chart);
            for dot in drawing.failures.iter().chain([&drawing.end]) {
                assert!((LEFT..=RIGHT).contains(&dot.x), "{dot:?}");
                assert!((TOP..=BOTTOM).contains(&dot.y), "{dot:?}");
            }
            assert!(drawing.reject_y < drawing.zero_y && drawing.zero_y < drawing.accept_y);
            assert!(drawing.ticks.len() <= 7);
        }
    }

    #[test]
    fn failures_are_marked_where_they_happened() {
        let drawing = drawing(&chart(6, &[3, 6]));
        assert_eq!(drawing.failures.len(), 2);
        assert_eq!(drawing.failures[1], drawing.end);
        assert!(drawing.end.y < drawing.reject_y, "above the halting bound");
        assert_eq!(drawing.path.split(' ').count(), 7);
    }

    #[test]
    fn what_is_no_number_is_not_drawn() {
        let mut chart = chart(2, &[]);
        chart.points[1].ratio = f64::NAN;
        chart.reject_at = f64::INFINITY;
        let drawing = drawing(&chart);
        assert_eq!(drawing.path.split(' ').count(), 2);
        assert!(drawing.reject_y.is_finite());
    }

    #[test]
    fn a_table_needs_only_the_turning_points() {
        let turning = |failing: &[u32]| -> Vec<u32> {
            let points = turning_points(&chart(40, failing));
            points.iter().map(|point| point.scored).collect()
        };
        assert_eq!(turning(&[]), [0, 40]);
        assert_eq!(turning(&[3, 20]), [0, 2, 3, 19, 20, 40]);
        assert_eq!(turning(&[1]), [0, 1, 40]);
        assert_eq!(turning(&[40]), [0, 39, 40]);
    }
}
