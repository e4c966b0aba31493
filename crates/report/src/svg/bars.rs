//! Bars: a wave's devices by outcome, and shares of the fleet.

use serde::Serialize;

use crate::chart::WaveBar;

/// One outcome of a wave. Widths and places are percent of the bar, so that a bar fits any screen.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Segment {
    /// Names the pattern that fills it.
    pub kind: &'static str,
    /// The outcome in words.
    pub label: &'static str,
    /// Devices.
    pub count: u32,
    /// Left edge, percent.
    pub x: f64,
    /// Width, percent.
    pub width: f64,
}

/// A bar's six segments, from left to right, those of no width too.
pub(crate) fn segments(bar: &WaveBar) -> Vec<Segment> {
    let counts = [
        ("updated", "Updated", bar.updated),
        ("on-trial", "On trial", bar.on_trial),
        ("failed", "Failed", bar.failed),
        ("returned", "Taken back", bar.returned),
        ("unreached", "Unreached", bar.unreached),
        ("pending", "Not begun", bar.pending),
    ];
    let counted: u64 = counts.iter().map(|(.., count)| u64::from(*count)).sum();
    // Counts that don't add up to the members still fit the bar.
    let whole = counted.max(u64::from(bar.members));
    let mut x = 0.0;
    counts
        .into_iter()
        .map(|(kind, label, count)| {
            let width = share(u64::from(count), whole);
            let segment = Segment {
                kind,
                label,
                count,
                x: rounded(x),
                width,
            };
            x += width;
            segment
        })
        .collect()
}

/// `part` of `whole` in percent, to two places; 0 of nothing is 0, and no share is above 100.
pub(crate) fn share(part: u64, whole: u64) -> f64 {
    if whole == 0 {
        return 0.0;
    }
    // Counts of devices are far below 2^53, where f64 stops being exact.
    rounded((part as f64 * 100.0 / whole as f64).min(100.0))
}

fn rounded(percent: f64) -> f64 {
    (percent * 100.0).round() / 100.0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(bar: &WaveBar, expected: &[(&str, f64, f64)]) {
        let drawn: Vec<_> = segments(bar)
            .iter()
            .filter(|s| s.count > 0)
            .map(|s| (s.kind, s.x, s.width))
            .collect();
        assert_eq!(drawn, expected);
    }

    #[test]
    fn segments_lie_side_by_side_and_fill_the_bar() {
        let mut bar = WaveBar {
            members: 40,
            updated: 20,
            failed: 5,
            pending: 15,
            ..WaveBar::default()
        };
        let half = ("updated", 0.0, 50.0);
        check(
            &bar,
            &[half, ("failed", 50.0, 12.5), ("pending", 62.5, 37.5)],
        );
        // Members that nobody counted leave the bar's end empty.
        bar.pending = 5;
        check(
            &bar,
            &[half, ("failed", 50.0, 12.5), ("pending", 62.5, 12.5)],
        );
        // More counted than members: the bar is still a bar.
        bar.members = 3;
        bar.pending = 0;
        check(&bar, &[("updated", 0.0, 80.0), ("failed", 80.0, 20.0)]);
        check(&WaveBar::default(), &[]);
    }
}
