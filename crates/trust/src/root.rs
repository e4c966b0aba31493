//! The root: which keys exist, who holds them, and which role each may play.
//!
//! A signer's role comes from here and from nowhere else. A device is given its first root when it
//! is made. What makes a root valid is in [`root_rules`](crate::root_rules); its bytes are drawn in
//! `root_wire.rs`. Read [`Root`] first.

use crate::cbor::{self, EncodeError};
use crate::key::{Algorithm, KeyId, PublicKey};
use crate::manifest::Uuid;
use crate::refusal::Refusal;
use heapless::Vec;

/// The content type in a root signature's protected header, and its external data.
pub const ROOT_CONTENT_TYPE: &str = "application/vnd.mainstay.root+cbor";

/// The most keys in one role: more people than share one duty anywhere, and few enough to check on
/// a microcontroller.
pub const ROLE_KEYS_MAX: usize = 8;

/// The most keys in a root: four roles' worth at the full size. Retired and revoked ones count.
pub const KEYS_MAX: usize = 32;

/// The most classes with a policy of their own.
pub const CLASSES_MAX: usize = 16;

/// The most algorithms that one role may demand together.
pub const ALGORITHMS_MAX: usize = 3;

/// The longest holder: an e-mail address of ordinary length.
pub const HOLDER_BYTES_MAX: usize = 64;

/// The longest vendor (a domain name) and environment.
pub const NAME_BYTES_MAX: usize = 64;

/// The largest root payload: 32 keys of some 160 bytes, six roles of some 160, 16 policies of some
/// 25.
pub const ROOT_BYTES_MAX: usize = 7 * 1024;

/// A duty that a key may serve. The number is its place in [`Root::roles`] and on the wire.
#[derive(Copy, Clone, Eq, PartialEq, Ord, PartialOrd, Hash, Debug)]
pub enum Role {
    /// Signs the next root.
    Root,
    /// Signs what was built.
    Build,
    /// Approves what was built.
    Release,
    /// Says when and to whom.
    Operations,
    /// Withdraws keys and releases for good.
    Revocation,
    /// The server's short-lived word.
    Status,
}

impl Role {
    /// Every role, in the order of their numbers.
    pub const ALL: [Role; 6] = [
        Role::Root,
        Role::Build,
        Role::Release,
        Role::Operations,
        Role::Revocation,
        Role::Status,
    ];

    /// The three that no key and no holder may combine.
    pub const SEPARATED: [Role; 3] = [Role::Build, Role::Release, Role::Operations];

    /// The stable name.
    pub const fn id(self) -> &'static str {
        match self {
            Role::Root => "root",
            Role::Build => "build",
            Role::Release => "release",
            Role::Operations => "operations",
            Role::Revocation => "revocation",
            Role::Status => "status",
        }
    }

    /// The role with this number.
    pub fn from_wire(number: u8) -> Option<Role> {
        Role::ALL.get(usize::from(number)).copied()
    }
}

/// What a key may still sign.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub enum KeyState {
    /// Anything of its roles.
    Active,
    /// Only what has a sequence number (of the release, the status, or the root's version) up to
    /// this.
    Retired {
        /// The last number it may sign.
        max_sequence: u64,
    },
    /// Nothing; a block by it refuses the whole document.
    Revoked,
}

/// A listed key.
#[derive(Clone, Eq, PartialEq, Debug)]
pub struct Key<'a> {
    /// Its name, the thumbprint of `public`.
    pub id: KeyId,
    /// The person or service that holds it: 1 to [`HOLDER_BYTES_MAX`] visible ASCII characters
    /// without capitals, so that one person can't appear under two spellings.
    pub holder: &'a str,
    /// The key itself.
    pub public: PublicKey<'a>,
    /// What it may still sign.
    pub state: KeyState,
}

/// Who may play a role, and how many of them it takes.
///
/// The default is a role that nobody holds.
#[derive(Clone, Eq, PartialEq, Debug, Default)]
pub struct RoleRule {
    /// The keys of the role.
    pub keys: Vec<KeyId, ROLE_KEYS_MAX>,
    /// How many different holders must sign.
    pub threshold: u8,
    /// In each of these algorithms the threshold must be reached.
    pub required_algorithms: Vec<Algorithm, ALGORITHMS_MAX>,
    /// Raised when the keys change because of a compromise; counters start anew with it.
    pub epoch: u32,
}

/// The roles that the releases of one class need.
#[derive(Clone, Eq, PartialEq, Debug)]
pub struct ClassPolicy {
    /// The class id, as in the manifest.
    pub class: Uuid,
    /// Build, release, and possibly more; in rising order.
    pub roles: Vec<Role, 6>,
}

/// The keys and roles of one vendor's environment.
#[derive(Clone, Eq, PartialEq, Debug)]
pub struct Root<'a> {
    /// Rises by one with every root.
    pub version: u32,
    /// The vendor's domain name.
    pub vendor: &'a str,
    /// `production` or `staging`.
    pub environment: &'a str,
    /// When it was made, in Unix seconds.
    pub issued: u64,
    /// From this moment on nothing is installed under it, in Unix seconds; later than `issued`.
    pub expires: u64,
    /// Every key that any role names.
    pub keys: Vec<Key<'a>, KEYS_MAX>,
    /// One rule for each of [`Role::ALL`], in that order.
    pub roles: [RoleRule; 6],
    /// Classes that need other roles than [`DEFAULT_ROLES`], in rising order of their ids.
    pub policy: Vec<ClassPolicy, CLASSES_MAX>,
}

/// What a release needs if the root says nothing else about its class.
pub const DEFAULT_ROLES: &[Role] = &[Role::Build, Role::Release];

impl<'a> Root<'a> {
    /// The listed key of this name.
    pub fn key(&self, id: &KeyId) -> Option<&Key<'a>> {
        self.keys.iter().find(|key| key.id == *id)
    }

    /// The rule of a role.
    pub fn role(&self, role: Role) -> &RoleRule {
        &self.roles[role as usize]
    }

    /// The roles that must have signed a release of this class.
    pub fn required_roles(&self, class_id: &Uuid) -> &[Role] {
        let policy = self.policy.iter().find(|policy| policy.class == *class_id);
        policy.map_or(DEFAULT_ROLES, |policy| &policy.roles)
    }

    /// Reads the payload of a signed root. Whether it is a *valid* root is asked by
    /// [`root_rules::check`](crate::root_rules::check).
    ///
    /// # Errors
    /// Whatever isn't byte for byte what [`encode`](Root::encode) writes is refused.
    pub fn parse(bytes: &'a [u8]) -> Result<Root<'a>, Refusal> {
        let root = crate::root_wire::read(bytes)?;
        root.check_fields()?;
        if cbor::is_encoding_of(&root, bytes) {
            Ok(root)
        } else {
            Err(Refusal::ForeignProfile)
        }
    }

    /// Writes the payload into `buf` and returns its length; [`ROOT_BYTES_MAX`] is always enough.
    ///
    /// # Errors
    /// A small buffer, or values that [`parse`](Root::parse) would refuse.
    pub fn encode(&self, buf: &mut [u8]) -> Result<usize, EncodeError> {
        self.check_fields()?;
        cbor::encode_into(self, buf)
    }

    fn check_fields(&self) -> Result<(), Refusal> {
        let names = [self.vendor, self.environment];
        let plain = names
            .iter()
            .all(|name| cbor::is_plain_text(name, NAME_BYTES_MAX));
        let holders = self.keys.iter().all(|key| is_holder(key.holder));
        let lasts = self.issued < self.expires;
        if plain && holders && lasts {
            Ok(())
        } else {
            Err(Refusal::FieldInvalid)
        }
    }
}

fn is_holder(text: &str) -> bool {
    cbor::is_plain_text(text, HOLDER_BYTES_MAX)
        && !text.bytes().any(|byte| byte.is_ascii_uppercase())
}
