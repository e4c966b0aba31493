//! `mainstay device quit-order`: wait no more for a client that doesn't answer.

use clap::Args;
use mainstay_fleet::DeviceId;

use crate::failure::Failure;
use crate::operator::ServerAccess;
use crate::output::Output;

/// Which device, and why.
#[derive(Debug, Args)]
pub struct QuitOrder {
    /// Its name.
    id: String,
    /// Why, in a sentence; it stands in the order's log.
    #[arg(long)]
    why: String,
}

impl QuitOrder {
    /// Does it.
    pub fn run(self, access: &ServerAccess, output: &Output) -> Result<(), Failure> {
        let id = DeviceId::new(&self.id)?;
        let why = self.why;
        let quit = access.ask(|operator| async move { operator.quit_order(&id, &why).await })?;
        output.say(
            || {
                format!(
                    "{}: order {} of {} is given up",
                    quit.device, quit.order, quit.version
                )
            },
            &quit,
        );
        Ok(())
    }
}
