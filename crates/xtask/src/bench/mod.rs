//! Benches: what Mainstay takes, next to other programs in one run, on one machine, on one file where there are such.
//!
//! Nothing is asserted here; numbers are printed as lines `figure NAME NUMBER UNIT`, and what could not be
//! measured is said loudly. Read [`artifact`] first.

mod agent;
mod artifact;
mod checkin;
mod contender;
mod fleet;
mod peers;
mod rollout;
mod rounds;
mod storm;

/// What can be measured.
#[derive(Debug, Clone, Copy, clap::ValueEnum)]
pub enum Bench {
    /// Packing, signing and verifying an image of 64 MiB.
    Artifact,
    /// What the Linux agent takes: its binary, its memory at rest and at most.
    Agent,
    /// One step of a rollout over a million devices, and the preview of a month over a hundred thousand.
    Rollout,
    /// An idle poll, beside a bare HTTP server and a server by others.
    Checkin,
    /// A fleet that comes at once to a server that remembers nobody.
    Storm,
    /// A million devices in a rollout: the server's memory, how long people wait, and what downloads take, beside nginx.
    Fleet,
}

impl Bench {
    /// Measures it; a fleet of so many devices, where that is what it is about.
    ///
    /// # Errors
    /// If something that we bring ourselves can't be built or run.
    pub fn run(self, devices: Option<u32>) -> anyhow::Result<()> {
        match self {
            Self::Artifact => artifact::run(),
            Self::Agent => agent::run(),
            Self::Rollout => rollout::run(),
            Self::Checkin => checkin::run(),
            Self::Storm => storm::run(),
            Self::Fleet => fleet::run(devices),
        }
    }
}

/// One line that machines read.
fn figure(name: &str, number: f64, unit: &str) {
    println!("figure {name} {number:.3} {unit}");
}
