//! The people of the story, with their keys, and the root that names them.

use jiff::{SignedDuration, Timestamp};
use mainstay_access::{Duty, Email};
use mainstay_artifact::{Member, RootDraft};
use mainstay_keys::{FileSigner, HostPrimitives, Passphrase, SecretKey, file, generate};
use mainstay_plan::Plan;
use mainstay_trust::Role;

use super::error::DemoError;
use super::folder::Folder;
use crate::dice::Dice;

/// The demonstration's keys guard nothing; their passphrase lies beside them.
const PASSPHRASE: &str = "only-a-demonstration";
/// The stream of [`Dice`] that makes keys; devices use their own numbers, counted from 1.
const STREAM: u64 = u64::MAX;
/// Devices sleep through the story's week; a root lasts longer.
const ROOT_LIFETIME: SignedDuration = SignedDuration::from_hours(365 * 24);

/// The people's keys, each by the name of its file.
pub type NamedKeys = Vec<(&'static str, SecretKey)>;

/// Everybody who takes part.
pub struct Cast {
    /// Builds and signs.
    pub engineer: FileSigner,
    /// Approves.
    pub release_manager: FileSigner,
    /// The server's own key, for the short-lived status.
    pub status: SecretKey,
    /// Opens all of these keys.
    pub passphrase: Passphrase,
    /// The signed root.
    pub root: Vec<u8>,
    /// The three duties and who has them, with addresses as in the plan.
    pub people: Vec<(Duty, Email)>,
}

impl Cast {
    /// Makes everybody's key from the seed, lets the custodian sign the root, and keeps both in the folder.
    ///
    /// # Errors
    /// If a key can't be made or kept.
    pub fn assemble(
        folder: &Folder,
        plan: &Plan,
        seed: u64,
        now: Timestamp,
    ) -> Result<Self, DemoError> {
        folder.write("keys/passphrase", PASSPHRASE.as_bytes())?;
        let (cast, keys) = Self::drawn(plan, seed, now)?;
        for (name, key) in &keys {
            let path = folder.path(&format!("keys/{name}.key"));
            file::create(&path, key, &cast.passphrase)?;
        }
        folder.write("root.cbor", &cast.root)?;
        Ok(cast)
    }

    /// Everybody, with the people's keys by their names; nothing is kept.
    ///
    /// # Errors
    /// If a key can't be made, or the root not be signed.
    pub fn drawn(plan: &Plan, seed: u64, now: Timestamp) -> Result<(Self, NamedKeys), DemoError> {
        let mut dice = Dice::new(seed, STREAM);
        let people = people(plan)?;
        let mut keys = Vec::new();
        let mut signer = |holder: &str, name| -> Result<FileSigner, DemoError> {
            let key = generate::from_seed(holder, &dice.seed())?;
            let signer = key.signer()?;
            keys.push((name, key));
            Ok(signer)
        };
        let engineer = signer(people[0].1.as_str(), "engineer")?;
        let release_manager = signer(people[1].1.as_str(), "release-manager")?;
        let operations = signer(people[2].1.as_str(), "operations")?;
        let custodian = signer(&format!("custodian@{}", plan.vendor), "custodian")?;
        let status = generate::from_seed("server", &dice.seed())?;
        let members = [
            (Role::Root, &custodian),
            (Role::Build, &engineer),
            (Role::Release, &release_manager),
            (Role::Operations, &operations),
            (Role::Status, &status.signer()?),
        ];
        let root = sign_root(plan, &members, now)?;
        let cast = Self {
            engineer,
            release_manager,
            status,
            passphrase: Passphrase::from_text(PASSPHRASE)?,
            root,
            people,
        };
        Ok((cast, keys))
    }
}

/// The first person of each duty, in the order of [`Duty::ALL`].
fn people(plan: &Plan) -> Result<Vec<(Duty, Email)>, DemoError> {
    let roles = &plan.roles;
    let first = [&roles.engineers, &roles.release_managers, &roles.operations];
    let named = first.into_iter().zip(Duty::ALL).map(|(members, duty)| {
        let address = members.people.first().map_or("", |email| email.as_str());
        Email::new(address)
            .map(|email| (duty, email))
            .map_err(|error| DemoError::Options {
                what: error.to_string(),
                cure: error.cure(),
            })
    });
    named.collect()
}

fn sign_root(
    plan: &Plan,
    members: &[(Role, &FileSigner)],
    now: Timestamp,
) -> Result<Vec<u8>, DemoError> {
    let issued = crate::simulated_device::unix_ms(now) / 1000;
    let member = |(role, signer): &(Role, &FileSigner)| Member::of(*role, *signer);
    let draft = RootDraft {
        version: 1,
        vendor: plan.vendor.clone(),
        environment: plan.environment.id().to_owned(),
        issued,
        expires: issued + ROOT_LIFETIME.as_secs().unsigned_abs(),
        members: members.iter().map(member).collect(),
        ..RootDraft::default()
    };
    Ok(draft.signed(&[members[0].1], &HostPrimitives)?)
}
