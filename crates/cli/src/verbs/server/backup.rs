//! `mainstay server backup`: all that a server needs, in one folder.

use std::path::PathBuf;

use clap::Args;
use mainstay_server::backup::{self, Made};
use mainstay_server::{Clock as _, SystemClock};

use crate::failure::Failure;
use crate::far::Far;
use crate::homes::HomeArgs;
use crate::operator::runtime;
use crate::output::Output;

/// Which server, and where its backup goes.
#[derive(Debug, Args)]
pub struct Backup {
    #[command(flatten)]
    homes: HomeArgs,
    /// The folder to make. It must not be there yet; the one that it is in must.
    #[arg(long, value_name = "DIR", required_unless_present = "into")]
    to: Option<PathBuf>,
    /// A folder of backups, which must be there: a new one is made in it, named by the moment. What backups that were killed left in
    /// it is cleared away.
    #[arg(long, value_name = "DIR", conflicts_with = "to")]
    into: Option<PathBuf>,
}

impl Backup {
    /// Does it.
    pub fn run(&self, output: &Output) -> Result<(), Failure> {
        let server = self.homes.folder()?;
        if let Some(into) = &self.into {
            backup::clear_leftovers(into)?;
        }
        let now = SystemClock.now();
        let named = |into: &PathBuf| into.join(backup::folder_name(now));
        let to = self.into.as_ref().map(named).or_else(|| self.to.clone());
        let to = to.expect("one of the two was given");
        let mut far = Far::new(output);
        let mut watch = |progress| far.tell(progress);
        let made = runtime()?.block_on(backup::make(&server, &to, now, &mut watch));
        drop(far);
        let made = made?;
        output.say(|| told(&made), &made);
        Ok(())
    }
}

fn told(made: &Made) -> String {
    let Made {
        to,
        made,
        payloads,
        bytes,
        rows,
        ..
    } = made;
    format!(
        "{} is a backup of {made:.0}: {rows} rows and {payloads} payload(s), {bytes} bytes.\n\
         Keep it where only those may read who may read the server's own folder: it has the hashes of everybody's tokens, and the \
         server's encrypted key.\n\
         Next: `mainstay server restore --from {} --look` reads all of it",
        to.display(),
        to.display()
    )
}
