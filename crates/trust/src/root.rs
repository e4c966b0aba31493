//! The root: which keys exist, who holds them, and which role each may play.
//!
//! A signer's role comes from here and from nowhere else. A device is given its first root when it
//! is made. What makes a root valid is in [`root_rules`](crate::root_rules); its bytes are drawn in
//! `root_wire.rs`. Read [`Root`] first.

use crate::cbor;
use crate::key::{Algorithm, KeyId, PublicKey};
use crate::list::List;
use crate::manifest::Uuid;

/// The most keys in one role: more people than share one duty anywhere, and few enough to check on
/// a microcontroller.
pub const ROLE_KEYS_MAX: u32 = 8;

/// The most keys in a root: four roles' worth at the full size. Retired and revoked ones count.
pub const KEYS_MAX: u32 = 32;

/// The most classes with a policy of their own.
pub const CLASSES_MAX: u32 = 16;

/// The most algorithms that one role may demand together.
pub const ALGORITHMS_MAX: u32 = 3;

/// The longest holder: an e-mail address of ordinary length.
pub const HOLDER_BYTES_MAX: usize = 64;

/// The longest vendor (a domain name) and environment.
pub const NAME_BYTES_MAX: usize = 64;

/// The largest root payload. Of P-256 keys the full 32 take some 5 KiB, with six roles and 16
/// policies some 7; the rest is room for eight keys of ML-DSA-65. A device with less memory refuses
/// what it can't hold, and its maker sizes the root accordingly.
pub const ROOT_BYTES_MAX: usize = 24 * 1024;

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

    /// Whether its signature stands on the release itself, and not on a document beside it.
    pub const fn signs_releases(self) -> bool {
        matches!(self, Role::Build | Role::Release)
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
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
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
#[derive(Copy, Clone, Eq, PartialEq, Debug, Default)]
pub struct RoleRule<'a> {
    /// The keys of the role.
    pub keys: List<'a, KeyId>,
    /// How many different holders must sign.
    pub threshold: u8,
    /// In each of these algorithms the threshold must be reached.
    pub required_algorithms: List<'a, Algorithm>,
    /// Raised when the keys change because of a compromise; what the role said before is void, and
    /// its counters start anew.
    pub epoch: u32,
}

impl RoleRule<'_> {
    /// Whether anybody holds the role.
    pub fn is_held(&self) -> bool {
        !self.keys.is_empty()
    }
}

/// The roles that the releases of one class need.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub struct ClassPolicy<'a> {
    /// The class id, as in the manifest.
    pub class: Uuid,
    /// Build, release, and possibly operations, in that order. Build and release sign the envelope;
    /// operations signs a [`Schedule`](crate::Schedule) for it.
    pub roles: List<'a, Role>,
}

/// The keys and roles of one vendor's environment.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
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
    pub keys: List<'a, Key<'a>>,
    /// One rule for each of [`Role::ALL`], in that order.
    pub roles: List<'a, RoleRule<'a>>,
    /// Classes that need other roles than [`DEFAULT_ROLES`], in rising order of their ids.
    pub policy: List<'a, ClassPolicy<'a>>,
}

/// What a release needs if the root says nothing else about its class.
pub const DEFAULT_ROLES: &[Role] = &[Role::Build, Role::Release];

impl<'a> Root<'a> {
    /// The listed key of this name.
    pub fn key(&self, id: &KeyId) -> Option<Key<'a>> {
        self.keys.iter().find(|key| key.id == *id)
    }

    /// The listed key of this name, and its place among the keys.
    pub(crate) fn find(&self, id: &KeyId) -> Option<(usize, Key<'a>)> {
        let mut keys = self.keys.iter().enumerate();
        keys.find(|(_, key)| key.id == *id)
    }

    /// The rule of a role; parsing has made sure that there are six.
    pub fn role(&self, role: Role) -> RoleRule<'a> {
        self.roles.iter().nth(role as usize).unwrap_or_default()
    }

    /// The roles that must stand behind a release of this class.
    pub fn required_roles(&self, class_id: &Uuid) -> List<'a, Role> {
        let policy = self.policy.iter().find(|policy| policy.class == *class_id);
        policy.map_or(List::from(DEFAULT_ROLES), |policy| policy.roles)
    }
}

pub(crate) fn is_holder(text: &str) -> bool {
    cbor::is_plain_text(text, HOLDER_BYTES_MAX)
        && !text.bytes().any(|byte| byte.is_ascii_uppercase())
}
