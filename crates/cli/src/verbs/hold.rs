//! `mainstay hold`: one person stops a release, two let it go.

use clap::{Args, Subcommand};
use mainstay_api::HoldView;
use mainstay_api::hold::RUNNING_NAMED_MAX;

use crate::failure::Failure;
use crate::operator::{self, ServerAccess};
use crate::output::Output;

/// So many devices are named in a sentence; `--json` names all.
const NAMED_MAX: usize = 10;

/// Stop a release now, as one person; let it go again, as two.
#[derive(Debug, Args)]
#[command(
    subcommand_negates_reqs = true,
    after_help = "Examples:\n  mainstay hold thermo-v2@1.1.0 --reason \"two customers smell smoke\" --token-file kim.token\n  mainstay hold list --token-file kim.token\n  mainstay hold release thermo-v2@1.1.0 --token-file sam.token"
)]
pub struct Hold {
    #[command(flatten)]
    access: ServerAccess,
    /// The release, as `release list` names it. Devices refuse it from their next check-in on; those
    /// that run it go on running it.
    #[arg(required = true)]
    release: Option<String>,
    /// Why, in a sentence; colleagues read it wherever the release waits.
    #[arg(long, required = true)]
    reason: Option<String>,
    #[command(subcommand)]
    what: Option<What>,
}

#[derive(Debug, Subcommand)]
enum What {
    /// List what is on hold, by whom, why, and which devices run it.
    #[command(after_help = "Example:\n  mainstay hold list --token-file kim.token")]
    List,
    /// Ask to release a hold; or agree, as somebody else, which ends it.
    #[command(
        after_help = "Example:\n  mainstay hold release thermo-v2@1.1.0 --token-file sam.token"
    )]
    Release {
        /// The release, as `hold list` names it.
        release: String,
    },
}

impl Hold {
    /// Does it.
    pub fn run(self, output: &Output) -> Result<(), Failure> {
        match self.what {
            Some(What::List) => list(&self.access, output),
            Some(What::Release { release }) => let_go(&release, &self.access, output),
            None => {
                let release = self.release.unwrap_or_default();
                let reason = self.reason.unwrap_or_default();
                hold(&release, &reason, &self.access, output)
            }
        }
    }
}

fn hold(
    release: &str,
    reason: &str,
    access: &ServerAccess,
    output: &Output,
) -> Result<(), Failure> {
    let release = operator::name("release", release)?;
    let hold = access.ask(|operator| async move { operator.hold(release, reason).await })?;
    output.say(|| text(&hold), &hold);
    Ok(())
}

fn let_go(release: &str, access: &ServerAccess, output: &Output) -> Result<(), Failure> {
    let release = operator::name("release", release)?;
    let hold = access.ask(|operator| async move { operator.release_hold(release).await })?;
    output.say(|| text(&hold), &hold);
    Ok(())
}

fn list(access: &ServerAccess, output: &Output) -> Result<(), Failure> {
    let holds = access.ask(|operator| async move { operator.holds().await })?;
    output.list(&holds, "nothing is on hold", text);
    Ok(())
}

fn text(hold: &HoldView) -> String {
    let HoldView {
        release,
        by,
        at,
        reason,
        running,
        ..
    } = hold;
    let asked_by = hold.asked_by.as_deref().unwrap_or_default();
    let state = match (hold.state.as_str(), &hold.released_by) {
        ("released", Some(agreed)) => {
            return format!(
                "{release} may be installed again: released by {asked_by} and {agreed}"
            );
        }
        ("release-asked", _) => format!(
            "\n  {asked_by} asks to release it; somebody else must agree: `mainstay hold release {release}`"
        ),
        _ => String::new(),
    };
    format!(
        "{release} is on hold: devices refuse it from their next check-in on\n  \
         by {by} at {}: {reason}{state}\n  {}",
        at.strftime("%Y-%m-%d %H:%M UTC"),
        devices_running(running)
    )
}

/// Which devices run a release all the same, as a clause.
pub fn devices_running(running: &[String]) -> String {
    let named = running.iter().take(NAMED_MAX).cloned();
    let named = named.collect::<Vec<_>>().join(", ");
    match running.len() {
        0 => "no device runs it".to_owned(),
        1 => format!("1 device runs it: {named}"),
        RUNNING_NAMED_MAX.. => {
            format!("{RUNNING_NAMED_MAX} devices or more run it, among them {named}")
        }
        count if count <= NAMED_MAX => format!("{count} devices run it: {named}"),
        count => format!("{count} devices run it, among them {named}; --json names all"),
    }
}
