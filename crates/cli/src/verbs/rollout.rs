//! `mainstay rollout`: preview, start, watch, pause, resume, halt, withdraw, and answer.

mod preview;

use clap::{ArgAction, Args, Subcommand};
use mainstay_api::{RolloutView, WaveView};

use crate::failure::Failure;
use crate::operator::{self, ServerAccess};
use crate::output::Output;

/// Preview, start, watch, pause and halt rollouts.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  mainstay rollout list --token-file kim.token")]
pub struct Rollout {
    #[command(flatten)]
    access: ServerAccess,
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// See how the rollout of a release would go if it started now: nothing is changed, and it needs no approval.
    Preview(preview::Ahead),
    /// Draw the waves of an approved release, and start. Over more than 5000 devices that goes on behind you. For operations.
    #[command(
        after_help = "Example:\n  mainstay rollout start thermo-v2@1.1.0 --token-file kim.token"
    )]
    Start {
        /// The release, as `release list` names it.
        release: String,
    },
    /// List all rollouts.
    #[command(after_help = "Example:\n  mainstay rollout list --token-file kim.token")]
    List,
    /// Show one rollout, wave by wave.
    #[command(after_help = "Example:\n  mainstay rollout show 1 --token-file kim.token")]
    Show {
        /// Its number.
        id: i64,
    },
    /// Pull the brake, whatever your duty. A halted rollout never goes on.
    #[command(
        after_help = "Example:\n  mainstay rollout halt 1 --why \"customers report cold rooms\" --token-file sam.token"
    )]
    Halt {
        /// Its number.
        id: i64,
        /// Why, in a sentence; it stands in the incident.
        #[arg(long)]
        why: String,
    },
    /// Let a rollout stand still, whatever your duty: nobody new gets the release and no wave opens, until it is resumed. Devices that
    /// have begun end what they began.
    #[command(
        after_help = "Example:\n  mainstay rollout pause 1 --why \"the support line is down\" --token-file sam.token"
    )]
    Pause {
        /// Its number.
        id: i64,
        /// Why, in a sentence; whoever asks about the rollout is told.
        #[arg(long)]
        why: String,
    },
    /// Let a paused rollout go on. For operations.
    #[command(after_help = "Example:\n  mainstay rollout resume 1 --token-file kim.token")]
    Resume {
        /// Its number.
        id: i64,
    },
    /// Take a rollout back of which no wave has opened: its class is free again, and the release can be started another time. For
    /// operations.
    #[command(
        after_help = "Example:\n  mainstay rollout withdraw 1 --why \"the hotfix goes first\" --token-file kim.token"
    )]
    Withdraw {
        /// Its number.
        id: i64,
        /// Why, in a sentence; whoever asks about the rollout is told.
        #[arg(long)]
        why: String,
    },
    /// Answer what a rollout asks, such as whether to go on without enough evidence. For operations.
    #[command(
        after_help = "Example:\n  mainstay rollout answer 1 --go-on true --why \"the canary ran for a week\" --token-file kim.token"
    )]
    Answer {
        /// Its number.
        id: i64,
        /// `true` opens the next wave; `false` halts the rollout.
        #[arg(long, action = ArgAction::Set, value_name = "true|false")]
        go_on: bool,
        /// Why, in a sentence; it stands beside the answer, or in the incident if it halts.
        #[arg(long)]
        why: Option<String>,
    },
}

impl Rollout {
    /// Does it.
    pub fn run(self, output: &Output) -> Result<(), Failure> {
        let access = &self.access;
        let rollout = match self.what {
            What::List => return list(access, output),
            What::Preview(ahead) => return ahead.run(access, output),
            What::Start { release } => {
                let release = operator::name("release", &release)?;
                access.ask(|operator| async move { operator.roll_out(release).await })?
            }
            What::Show { id } => {
                access.ask(|operator| async move { operator.rollout(id).await })?
            }
            What::Halt { id, why } => {
                access.ask(|operator| async move { operator.halt(id, &why).await })?
            }
            What::Pause { id, why } => {
                access.ask(|operator| async move { operator.pause(id, &why).await })?
            }
            What::Resume { id } => {
                access.ask(|operator| async move { operator.resume(id).await })?
            }
            What::Withdraw { id, why } => {
                access.ask(|operator| async move { operator.withdraw(id, &why).await })?
            }
            What::Answer { id, go_on, why } => {
                access.ask(|operator| async move { operator.answer(id, go_on, why).await })?
            }
        };
        output.say(|| text(&rollout), &rollout);
        Ok(())
    }
}

fn list(access: &ServerAccess, output: &Output) -> Result<(), Failure> {
    let rollouts = access.ask(|operator| async move { operator.rollouts().await })?;
    output.list(&rollouts, "no rollout was started yet", head);
    Ok(())
}

fn head(rollout: &RolloutView) -> String {
    let RolloutView {
        id,
        release,
        phase,
        started_at,
        ..
    } = rollout;
    let because = rollout
        .halted_because
        .as_ref()
        .or(rollout.withdrawn_because.as_ref())
        .or(rollout.paused_because.as_ref())
        .map_or_else(String::new, |why| format!(": {why}"));
    let paused = match rollout.paused_because {
        Some(_) => ", paused",
        None => "",
    };
    format!("rollout {id} of {release} is {phase}{paused}{because}  (started {started_at})")
}

fn text(rollout: &RolloutView) -> String {
    let mut lines = vec![head(rollout)];
    if rollout.phase == "starting" {
        let id = rollout.id;
        lines.push(format!(
            "  its devices are being drawn; `mainstay rollout show {id}` says when it has begun, or why it couldn't"
        ));
    }
    lines.extend(rollout.waves.iter().map(wave));
    if rollout.halted_because.is_some() {
        let RolloutView {
            returned,
            still_on_it,
            ..
        } = rollout;
        lines.push(format!(
            "  {returned} devices have returned, {still_on_it} still run it"
        ));
    }
    if rollout.unreached > 0 {
        lines.push(format!(
            "  {} devices never picked it up",
            rollout.unreached
        ));
    }
    if rollout.unverified > 0 {
        lines.push(format!(
            "  {} devices installed it by their client's word, and haven't said that they run it",
            rollout.unverified
        ));
    }
    if let Some(at) = rollout.counted_at {
        lines.push(format!("  its devices were counted at {at}"));
    }
    lines.join("\n")
}

fn wave(wave: &WaveView) -> String {
    let WaveView {
        name,
        members,
        updated,
        failed,
        under_way,
        verdict,
        ..
    } = wave;
    match wave.opened_at {
        None => format!("  {name:<8} {members} devices, not open yet"),
        Some(_) => format!(
            "  {name:<8} {updated} of {members} updated, {failed} failed, {under_way} under way; \
             evidence says {verdict}"
        ),
    }
}
