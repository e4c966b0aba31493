//! The program behind `cargo xtask bench checkin` and `cargo xtask bench fleet`: what an idle poll takes, and a whole fleet in a rollout.
//!
//! A server runs on one processor, whoever asks on another, over connections that are kept open; each asks again as soon
//! as it is answered. Beside our server stand a bare one that answers a small JSON text, on the same HTTP library, which is the
//! ceiling; and a server by others. All are asked in turn, in one run. Every answer is looked at: one that isn't what an idle device
//! gets ends the bench.
//!
//! | called as | does |
//! |---|---|
//! | `measure [PYTHON]` | starts all servers, measures them in turn, and prints figures and goals; gooseBit if its Python is named |
//! | `storm` | lets a fleet come at once to ours, and prints figures and goals |
//! | `peer NAME ADDRESS PATH PID HEADER...` | asks a server that somebody else started, and prints its figures |
//! | `bare`, `ours FOLDER STORE DEVICES FINISHED` | such a server, ours with so many devices and finished orders; ends when its standard input does |
//! | `fleet [DEVICES]` | lets a fleet of a million devices, or so many, live through a rollout, and prints figures and goals |
//! | `fleet-server FOLDER DEVICES BYTES STEP` | the server of that fleet, with a payload of so many bytes and a step each so many seconds; ends when its standard input does |
//! | nothing, as `cargo test` does | both measurements with a small fleet for a moment: that all of it works, and what a crash loses |
//!
//! Read [`measure`] first, then [`whole_fleet`].

#![expect(
    clippy::disallowed_methods,
    reason = "a bench measures with the clock of the machine"
)]

mod asker;
mod bare;
mod child;
#[path = "../../../store/tests/cluster/mod.rs"]
#[expect(dead_code, reason = "tests of locks need more of it")]
mod cluster;
mod contender;
mod cost;
mod crash;
mod figures;
mod fleet;
mod goosebit;
mod history;
mod machine;
mod measure;
mod ours;
mod pace;
#[path = "../../../store/tests/patience/mod.rs"]
mod patience;
mod questions;
mod scale;
mod storm;
mod whole_fleet;

use anyhow::bail;

fn main() -> anyhow::Result<()> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    // `cargo bench` adds a word of its own.
    let words: Vec<&str> = words
        .iter()
        .map(String::as_str)
        .filter(|word| *word != "--bench")
        .collect();
    match words.as_slice() {
        [] => {
            measure::run(&scale::BRIEF, None)?;
            whole_fleet::run(whole_fleet::BRIEF)
        }
        ["measure"] => measure::run(&scale::WHOLE, None),
        ["measure", python] => measure::run(&scale::WHOLE, Some(python.as_ref())),
        ["peer", name, address, path, pid, headers @ ..] => {
            measure::peer(name, address, path, pid, headers)
        }
        ["storm"] => storm::run(),
        ["fleet"] => whole_fleet::run(whole_fleet::WHOLE),
        ["fleet", devices] => whole_fleet::run(whole_fleet::Size {
            devices: devices.parse()?,
            ..whole_fleet::WHOLE
        }),
        ["fleet-server", folder, devices, bytes, step_s] => whole_fleet::house::serve(
            folder.as_ref(),
            devices.parse()?,
            bytes.parse()?,
            std::time::Duration::from_secs(step_s.parse()?),
        ),
        ["bare"] => bare::serve(),
        ["ours", folder, store, devices, finished] => {
            ours::serve(folder.as_ref(), store, devices.parse()?, finished.parse()?)
        }
        _ => bail!("it is called as the first lines of main.rs say"),
    }
}
