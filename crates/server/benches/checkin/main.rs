//! The program behind `cargo xtask bench checkin`: what an idle poll takes.
//!
//! A server runs on one processor, whoever asks on another, over connections that are kept open; each asks again as soon
//! as it is answered. Beside our server stands a bare one that answers a small JSON text, on the same HTTP library: the
//! ceiling, measured in the same run. Every answer is looked at: one that isn't what an idle device gets ends the bench.
//!
//! | called as | does |
//! |---|---|
//! | `measure` | starts both servers in turn, and prints figures |
//! | `peer NAME ADDRESS PATH PID HEADER...` | asks a server that somebody else started, and prints its figures |
//! | `bare`, `ours FOLDER FINISHED` | such a server, ours with so many finished orders; ends when its standard input does |
//!
//! Read [`measure`] first.

#![expect(
    clippy::disallowed_methods,
    reason = "a bench measures with the clock of the machine"
)]

mod asker;
mod bare;
mod child;
mod cost;
mod figures;
mod history;
mod measure;
mod ours;
mod pace;
mod questions;

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
        ["measure"] => measure::run(),
        ["peer", name, address, path, pid, headers @ ..] => {
            measure::peer(name, address, path, pid, headers)
        }
        ["bare"] => bare::serve(),
        ["ours", folder, finished] => ours::serve(folder.as_ref(), finished.parse()?),
        _ => {
            bail!(
                "say `measure`, `peer NAME ADDRESS PATH PID HEADER...`, `bare` or `ours FOLDER FINISHED`"
            )
        }
    }
}
