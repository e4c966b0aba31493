//! A fleet that is at a hawkBit server. Read [`FromHawkbit`].

use std::path::PathBuf;

use clap::Args;
use mainstay_api::import::Draft;
use mainstay_api::import::hawkbit::{Attributes, Sources};
use mainstay_client::{Hawkbit, HawkbitError};
use mainstay_fleet::ControllerId;

use super::bar;
use crate::failure::Failure;
use crate::files;
use crate::operator::runtime;
use crate::output::Output;

/// The environment variable that may hold the password.
const PASSWORD_VARIABLE: &str = "MAINSTAY_HAWKBIT_PASSWORD";
/// A password is a line; a file of more than a page is another file.
const PASSWORD_FILE_BYTES_MAX: u64 = 1024;

/// The server, and what is taken from where.
#[derive(Debug, Args)]
pub struct FromHawkbit {
    /// A hawkBit server, whose targets are read by its management API; nothing is changed there.
    #[arg(long, value_name = "URL", requires = "hawkbit_user")]
    hawkbit: Option<String>,
    /// A user of that server who may read targets, and their tokens.
    #[arg(long, value_name = "NAME", requires = "hawkbit")]
    hawkbit_user: Option<String>,
    /// A file with nothing but that user's password. Without it, the environment variable MAINSTAY_HAWKBIT_PASSWORD is used.
    #[arg(long, value_name = "FILE", requires = "hawkbit")]
    hawkbit_password_file: Option<PathBuf>,
    /// Send the password over plain http to another machine.
    #[arg(long, requires = "hawkbit")]
    hawkbit_unencrypted: bool,
    /// Draw new tokens for targets whose token hawkBit doesn't tell this user. Those devices have one, and are let in only when they are given theirs.
    #[arg(long, requires = "hawkbit")]
    hawkbit_untold_tokens: bool,
    /// What is taken from where: hardware=attribute.hw_revision, or name, group or type after the sign; repeat it for each.
    #[arg(long = "from", value_name = "FIELD=SOURCE", requires = "hawkbit")]
    from: Vec<String>,
}

impl FromHawkbit {
    /// Everything that the server says of its targets.
    ///
    /// # Errors
    /// If it can't be asked, or has no targets. Whether their tokens were told: [`check_told`](Self::check_told).
    pub fn drafts(&self, output: &Output) -> Result<Vec<Draft>, Failure> {
        let sources = Sources::parse(&self.from)?;
        let server = self.server()?;
        let drafts = runtime()?.block_on(read(&server, &sources, output))?;
        match drafts.is_empty() {
            true => Err(no_targets()),
            false => Ok(drafts),
        }
    }

    /// # Errors
    /// If hawkBit kept tokens to itself, and that isn't said to be meant: each of its targets has one, and a device that is registered with another
    /// one can't be given it back here.
    pub fn check_told(&self, untold: usize, all: usize) -> Result<(), Failure> {
        if untold == 0 || self.hawkbit_untold_tokens {
            return Ok(());
        }
        let what = format!("{}; nothing was imported", untold_tokens(untold, all));
        let cure = "give the user READ_TARGET_SECURITY_TOKEN; or add --hawkbit-untold-tokens, and bring each of those devices a new token";
        Err(Failure::refusal("hawkbit.untold-tokens", what, cure))
    }

    fn server(&self) -> Result<Hawkbit, Failure> {
        let address = self.hawkbit.as_deref().unwrap_or_default();
        let user = self.hawkbit_user.as_deref().unwrap_or_default();
        let password = self.password()?;
        Ok(Hawkbit::new(
            address,
            user,
            &password,
            self.hawkbit_unencrypted,
        )?)
    }

    fn password(&self) -> Result<String, Failure> {
        let text = match &self.hawkbit_password_file {
            Some(file) => files::read_text(file, "password", PASSWORD_FILE_BYTES_MAX)?,
            None => std::env::var(PASSWORD_VARIABLE).map_err(|_| no_password())?,
        };
        match text.trim_end_matches(['\r', '\n']) {
            "" => Err(no_password()),
            password => Ok(password.to_owned()),
        }
    }
}

/// Of how many targets hawkBit kept the token to itself, for people.
pub fn untold_tokens(untold: usize, all: usize) -> String {
    format!("hawkBit told this user no token of {untold} of {all} targets")
}

/// What is known of all targets, with their attributes where something is taken from them. Only what is taken is held.
async fn read(
    server: &Hawkbit,
    sources: &Sources,
    output: &Output,
) -> Result<Vec<Draft>, HawkbitError> {
    let far = bar(output, "reading targets");
    let targets = server.targets(|read, of| {
        far.set_length(of);
        far.set_position(read as u64);
    });
    let targets = targets.await;
    far.finish_and_clear();
    let targets = targets?;
    let far = bar(output, "their attributes");
    far.set_length(targets.len() as u64);
    let mut all = Vec::with_capacity(targets.len());
    for target in targets {
        // What is no controller id here is found later, with all that is wrong; it isn't made part of an address.
        let id = ControllerId::parse(&target.controller_id).ok();
        let attributes = match id.filter(|_| sources.want_attributes()) {
            Some(id) => server.attributes(&id).await?,
            None => Attributes::new(),
        };
        all.push(sources.draft(&target, &attributes));
        far.inc(1);
    }
    far.finish_and_clear();
    Ok(all)
}

fn no_password() -> Failure {
    let cure = format!("use --hawkbit-password-file FILE, or set {PASSWORD_VARIABLE}");
    Failure::usage("hawkbit.no-password", "hawkBit wants a password", cure)
}

fn no_targets() -> Failure {
    let cure = "check that the user belongs to the tenant that has them";
    Failure::usage(
        "hawkbit.empty",
        "hawkBit has no targets for this user",
        cure,
    )
}
