//! `mainstay demo`: the whole story in one command.

mod bars;
mod sentences;

use std::path::PathBuf;

use clap::Args;
use mainstay_simulator::demo::{
    Attack, Audience, DemoError, Event, Images, Options, attack, story,
};

use crate::failure::Failure;
use crate::output::Output;

/// See a good release reach a fleet and a bad one stopped, on this machine, in about a minute.
///
/// A real server starts on loopback, and simulated devices poll it over HTTP with the real device code. 1.1.0
/// reaches the whole fleet; 1.2.0 has a fault that shows after four minutes of running, dies in its
/// canary, and the devices that had it return to 1.1.0. Exit code 1 if the story ends unsafely.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  mainstay demo\n  mainstay demo --devices 1000 --seed 42 --keep-serving\n  mainstay demo --attack tampered"
)]
pub struct Demo {
    /// How many devices, 60 to 10000.
    #[arg(long, default_value_t = 500)]
    devices: u32,
    /// Decides everything that is left to chance; the same seed ends the same.
    #[arg(long, default_value_t = 7)]
    seed: u64,
    /// Where plan, artifacts, database and report go. A folder of an earlier demo is replaced.
    #[arg(long, default_value = "demo")]
    folder: PathBuf,
    /// Another file as the image of the good release.
    #[arg(long, value_name = "FILE")]
    image_good: Option<PathBuf>,
    /// Another file as the image of the bad release.
    #[arg(long, value_name = "FILE")]
    image_bad: Option<PathBuf>,
    /// Leave the dashboard up at the end, until Ctrl-C.
    #[arg(long, conflicts_with = "attack")]
    keep_serving: bool,
    /// The port to listen on; 0 for any. [default: 8480 with --keep-serving, else any]
    #[arg(long)]
    port: Option<u16>,
    /// Instead: let a conquered server offer a forged release to every device. One of unsigned,
    /// unapproved, wrong-class, downgrade, tampered.
    #[arg(long, value_name = "KIND")]
    attack: Option<Attack>,
}

/// The dashboard's usual port.
const DASHBOARD_PORT: u16 = 8480;

impl Demo {
    /// Does it.
    pub fn run(self, output: &Output) -> Result<(), Failure> {
        let images = Images::choose(self.image_good.as_deref(), self.image_bad.as_deref())?;
        let any_or_usual = if self.keep_serving { DASHBOARD_PORT } else { 0 };
        let options = Options {
            devices: self.devices,
            seed: self.seed,
            folder: self.folder.clone(),
            images,
            port: self.port.unwrap_or(any_or_usual),
        };
        let runtime = tokio::runtime::Runtime::new().map_err(|error| {
            Failure::usage(
                "demo.runtime",
                error.to_string(),
                "free some memory and threads",
            )
        })?;
        let mut audience = audience(output);
        let safe = match self.attack {
            Some(kind) => runtime
                .block_on(attack::show(&options, kind, &mut *audience))?
                .is_safe(),
            None => {
                let linger = self.keep_serving.then(interrupted);
                runtime
                    .block_on(story::tell(&options, &mut *audience, linger))?
                    .is_safe()
            }
        };
        drop(audience);
        if safe { Ok(()) } else { Err(unsafe_end()) }
    }
}

/// Who listens: a machine, a person at a terminal, or a file.
fn audience(output: &Output) -> Box<dyn Audience> {
    if output.is_json() {
        Box::new(Lines)
    } else if console::Term::stdout().is_term() {
        Box::new(bars::Bars::default())
    } else {
        Box::new(sentences::Sentences)
    }
}

fn unsafe_end() -> Failure {
    let what = "the story didn't end as it must; its summary says how";
    Failure::refusal(
        "demo.unsafe",
        what,
        "run it again with the same --seed, and report it",
    )
}

async fn interrupted() {
    if tokio::signal::ctrl_c().await.is_err() {
        // Without the signal nobody could end the server but by killing it: go on serving.
        std::future::pending::<()>().await;
    }
}

/// One JSON value a line.
struct Lines;

impl Audience for Lines {
    fn hear(&mut self, event: &Event) {
        Output::new(true).say(String::new, event);
    }
}

impl From<DemoError> for Failure {
    fn from(error: DemoError) -> Self {
        match error.is_usage() {
            true => Self::usage(error.id(), error.to_string(), error.cure()),
            false => Self::refusal(error.id(), error.to_string(), error.cure()),
        }
    }
}
