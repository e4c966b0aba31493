//! How a canary lies in the order of registration: a draw that prefers anyone shows over many lives.

use mainstay_fleet::Device;
use mainstay_rollout::FleetView;

/// The canary of one rollout, in the order in which the devices that it was drawn from were registered.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CanaryPlaces {
    /// The mean place of its members, from 0 (the first) to 1 (the last).
    pub mean: f64,
    /// The variance that this mean has if the draw is random, never less.
    pub variance: f64,
}

impl CanaryPlaces {
    /// Those of a rollout that has just started; none if its canary is everyone.
    pub fn of(fleet: &FleetView, registered: &[Device]) -> Option<Self> {
        let enrolled = |device: &&Device| fleet.devices.iter().find(|view| view.id == device.id);
        let waves: Vec<usize> = registered
            .iter()
            .filter_map(|device| Some(enrolled(&device)?.wave))
            .collect();
        let places: Vec<f64> = (0..waves.len())
            .filter(|place| waves[*place] == 0)
            .map(|place| (place as f64 + 0.5) / waves.len() as f64)
            .collect();
        if places.is_empty() || places.len() == waves.len() {
            return None;
        }
        let members = places.len() as f64;
        Some(Self {
            mean: places.iter().sum::<f64>() / members,
            // Of numbers drawn evenly; drawing without putting back makes it smaller.
            variance: 1.0 / 12.0 / members,
        })
    }
}

/// How far the canaries of many lives lie from the middle, in standard deviations of a random draw.
pub fn deviation(canaries: &[CanaryPlaces]) -> f64 {
    let off: f64 = canaries.iter().map(|canary| canary.mean - 0.5).sum();
    let variance: f64 = canaries.iter().map(|canary| canary.variance).sum();
    match variance > 0.0 {
        true => off / variance.sqrt(),
        false => 0.0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_ones_every_time_are_far_off_and_the_middle_is_not() {
        let canaries = |mean| {
            vec![
                CanaryPlaces {
                    mean,
                    variance: 1.0 / 60.0
                };
                100
            ]
        };
        assert!(deviation(&canaries(0.2)) < -20.0);
        assert!(deviation(&canaries(0.5)).abs() < 1e-9);
        assert!(deviation(&[]).abs() < 1e-9);
    }
}
