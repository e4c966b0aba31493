//! `mainstay server restore`: a data folder made of a backup, or a backup checked.

use std::path::PathBuf;

use clap::Args;
use mainstay_server::backup::{self, Checked, Restored};
use mainstay_server::{Clock as _, SystemClock};
use serde_json::json;

use crate::failure::Failure;
use crate::far::Far;
use crate::operator::runtime;
use crate::output::Output;

/// Which backup, and where its server goes.
#[derive(Debug, Args)]
pub struct Restore {
    /// The backup.
    #[arg(long, value_name = "DIR")]
    from: PathBuf,
    /// The data folder to make. Nothing may be there, or an empty folder.
    #[arg(long, value_name = "DIR", required_unless_present = "look")]
    to: Option<PathBuf>,
    /// Only read all of the backup, and say whether it is whole. Nothing is written.
    #[arg(long, conflicts_with = "to")]
    look: bool,
}

impl Restore {
    /// Does it.
    pub fn run(&self, output: &Output) -> Result<(), Failure> {
        let runtime = runtime()?;
        let mut far = Far::new(output);
        let mut watch = |progress| far.tell(progress);
        let Some(to) = &self.to else {
            let checked = runtime.block_on(backup::check(&self.from, &mut watch));
            drop(far);
            let checked = checked?;
            output.say(
                || format!("{} It is whole, and could be restored.", what(&checked)),
                &json!({ "backup": checked }),
            );
            return Ok(());
        };
        let now = SystemClock.now();
        let restored = runtime.block_on(backup::restore(&self.from, to, now, &mut watch));
        drop(far);
        let restored = restored?;
        output.say(|| told(&restored), &restored);
        Ok(())
    }
}

fn what(checked: &Checked) -> String {
    let Checked {
        made,
        mainstay,
        files,
        bytes,
        ..
    } = checked;
    format!("A backup of {made:.0}, made by Mainstay {mainstay}: {files} files, {bytes} bytes.")
}

fn told(restored: &Restored) -> String {
    let data = restored.to.display();
    let (ended, paused) = (&restored.aftermath.ended, &restored.aftermath.paused);
    let rollouts = match &paused[..] {
        [] => "No rollout was under way.".to_owned(),
        numbers => {
            let numbers: Vec<_> = numbers.iter().map(ToString::to_string).collect();
            format!(
                "Paused, whatever became of them since: rollout(s) {}.",
                numbers.join(", ")
            )
        }
    };
    format!(
        "{}\n{data} is a server's folder of that moment, with its database in it.\n{rollouts}\nEnded: {} session(s), {} setup link(s), \
         {} API token(s), {} join code(s), {} welcome(s). Passwords, and tokens of `person add`, are those of then.\n\
         First make sure that no old server ever runs again. Then start this one where only you reach it, and there: close the accounts \
         that were closed, revoke the devices' certificates that were revoked, take devices from behind gateways that stand there no more, hand in the roots and the revocations that came since, put releases on hold that were held or halted. Only \
         then let devices and people reach it, and `mainstay rollout resume`.\n\
         Next: `mainstay serve --data {data} --listen 127.0.0.1:8480`",
        what(&restored.backup),
        ended.sessions,
        ended.setup_links,
        ended.api_tokens,
        ended.join_codes,
        ended.welcomes,
    )
}
