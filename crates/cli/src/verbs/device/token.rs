//! `mainstay device token`: another token in place of the one that a device has.

use clap::Args;
use mainstay_api::ReplaceToken;
use mainstay_fleet::DeviceId;

use crate::failure::Failure;
use crate::operator::ServerAccess;
use crate::output::Output;

/// Whose, and why.
#[derive(Debug, Args)]
pub struct Token {
    /// Its name.
    id: String,
    /// Why, in a sentence; it stands in the device's timeline.
    #[arg(long)]
    why: String,
}

impl Token {
    /// Does it.
    pub fn run(self, access: &ServerAccess, output: &Output) -> Result<(), Failure> {
        let id = DeviceId::new(&self.id)?;
        let wish = ReplaceToken { why: self.why };
        let given =
            access.ask(|operator| async move { operator.replace_token(&id, &wish).await })?;
        output.note(|| {
            format!(
                "{} has another token, and the old one opens nothing any more. It is shown this once; give it to the device.",
                given.id
            )
        });
        output.say(|| given.token.clone(), &given);
        Ok(())
    }
}
