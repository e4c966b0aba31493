//! What an administrator does on the server's machine, before anyone has a token.
//!
//! These are functions for the command line; no route leads here. Read [`add_person`].

use jiff::Timestamp;
use mainstay_access::{Duty, Email, Person};
use mainstay_keys::{HostPrimitives, Passphrase, SecretKey};
use mainstay_plan::{FleetFacts, Plan};
use mainstay_release::root_facts;
use mainstay_store::{Store, StoreError};
use mainstay_trust::verify;

use crate::data_dir::{Contents, DataDir, DataDirError};
use crate::entropy::Entropy;
use crate::operator::plan::{acceptable, check_duties, day};
use crate::problem::Refused;
use crate::token::Token;

/// Why an administrator's command did nothing.
#[derive(Debug, thiserror::Error)]
pub enum AdminError {
    /// The plan isn't acceptable, or somebody would get two duties.
    #[error("{0}")]
    Refused(Refused),
    /// The folder.
    #[error(transparent)]
    DataDir(#[from] DataDirError),
}

impl AdminError {
    /// The stable id.
    pub fn id(&self) -> &str {
        match self {
            Self::Refused(refused) => refused.id(),
            Self::DataDir(error) => error.id(),
        }
    }

    /// What to do about it.
    pub fn cure(&self) -> &str {
        match self {
            Self::Refused(refused) => refused.cure(),
            Self::DataDir(error) => error.cure(),
        }
    }
}

impl From<Refused> for AdminError {
    fn from(refused: Refused) -> Self {
        Self::Refused(refused)
    }
}

/// What a new server starts with.
pub struct NewServer<'a> {
    /// The signed root, as a file holds it. It names the status key.
    pub root: &'a [u8],
    /// The online key.
    pub status_key: &'a SecretKey,
    /// Under which the online key is kept.
    pub passphrase: &'a Passphrase,
    /// The first plan's text.
    pub plan: &'a str,
    /// Who puts the plan into force.
    pub by: &'a Email,
}

/// Makes the data folder of a new server, whole or not at all.
///
/// # Errors
/// If the plan has errors, the root doesn't verify or doesn't name the key, or something is there.
pub async fn init(folder: &DataDir, new: &NewServer<'_>, now: Timestamp) -> Result<(), AdminError> {
    // One that doesn't verify is refused by name, further down.
    let root = verify::pinned_root(new.root, &HostPrimitives).ok();
    let facts = FleetFacts {
        as_of: Some(day(now)),
        root: root.map(|root| root_facts(root.get())),
        ..FleetFacts::default()
    };
    let plan = acceptable(new.plan, &facts)?;
    let contents = Contents {
        root: new.root,
        status_key: new.status_key,
        passphrase: new.passphrase,
        plan_text: new.plan,
        plan: &plan,
        by: new.by,
        at: now,
    };
    Ok(folder.create(&contents).await?)
}

/// Gives a person their one duty, and returns the token that is shown this once.
///
/// # Errors
/// `access.two-duties` if the plan or an earlier command gave them another duty,
/// `store.already-exists` if they have this one.
pub async fn add_person(
    store: &dyn Store,
    entropy: &dyn Entropy,
    email: Email,
    duty: Duty,
) -> Result<Token, Refused> {
    let person = Person { email, duty };
    let plan = plan_of(store).await?;
    check_duties(&plan, store, Some(person.clone())).await?;
    let token = Token::draw(entropy);
    store.add_person(&person, token.hash()).await?;
    Ok(token)
}

/// The plan in force.
///
/// # Errors
/// `plan.none` if there is none, or if this version can't read it.
pub(crate) async fn plan_of(store: &dyn Store) -> Result<Plan, Refused> {
    let plan = store.active_plan().await?.ok_or_else(Refused::no_plan)?;
    // It was put into force under the rules of its day, which needn't be those of this version.
    let plan = mainstay_plan::parse(&plan.text).map_err(|findings| {
        let count = findings.len();
        StoreError::damaged("plan", format!("{count} findings in the active plan"))
    })?;
    Ok(plan)
}
