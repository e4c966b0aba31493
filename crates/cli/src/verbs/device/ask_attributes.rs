//! `mainstay device ask-attributes`: have a device's other client asked for what it says of itself.

use clap::Args;
use mainstay_fleet::DeviceId;

use crate::failure::Failure;
use crate::operator::ServerAccess;
use crate::output::Output;

/// Which device.
#[derive(Debug, Args)]
pub struct AskAttributes {
    /// Its name.
    id: String,
}

impl AskAttributes {
    /// Does it.
    pub fn run(self, access: &ServerAccess, output: &Output) -> Result<(), Failure> {
        let id = DeviceId::new(&self.id)?;
        let asked = access.ask(|operator| async move { operator.ask_attributes(&id).await })?;
        let text = || {
            format!(
                "{} is asked for its attributes at its next poll, as {}",
                asked.device, asked.controller
            )
        };
        output.say(text, &asked);
        Ok(())
    }
}
