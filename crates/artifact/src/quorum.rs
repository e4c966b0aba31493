//! Who has signed a document of our own, and whose signatures it still lacks.
//!
//! This is for people who collect signatures. It judges each block by itself and decides nothing: only
//! [`verify`](mainstay_trust::verify) says whether a document is signed. Read [`Quorum`] first.

use mainstay_trust::cose::{Block, ToBeSigned};
use mainstay_trust::signed::Signed;
use mainstay_trust::{Algorithm, Document, Key, KeyId, KeyState, Primitives, Refusal, Role, Root};

/// How far one role has come, in one of the algorithms in which it must sign.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Quorum {
    /// Version of the root that demands it.
    pub root_version: u32,
    /// The role.
    pub role: Role,
    /// The algorithm.
    pub algorithm: Algorithm,
    /// How many different people it takes.
    pub threshold: u8,
    /// Who has signed.
    pub signed: Vec<String>,
    /// Who still could.
    pub open: Vec<String>,
}

impl Quorum {
    /// How many people have yet to sign.
    pub fn missing(&self) -> usize {
        usize::from(self.threshold).saturating_sub(self.signed.len())
    }
}

/// One signature block, judged by itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Witness {
    /// The key that it names.
    pub key_id: KeyId,
    /// Who holds that key by the root; none if the root doesn't list it, and the block is passed over.
    pub holder: Option<String>,
    /// Whether the signature holds and the key may still make it; a block of a listed key for which
    /// it doesn't refuses the whole document.
    pub holds: bool,
}

/// How far the role of document `D` has come under `root`: one entry for each algorithm that the root
/// demands of it, none if nobody holds the role.
///
/// # Errors
/// If the bytes aren't a signed document of that kind.
pub fn quorums<'d, D: Document<'d>>(
    signed: &'d [u8],
    root: &Root<'_>,
    primitives: &impl Primitives,
) -> Result<Vec<Quorum>, Refusal> {
    let sequence = D::parse(Signed::parse(signed)?.payload)?.sequence();
    let good: Vec<KeyId> = witnesses::<D>(signed, root, primitives)?
        .into_iter()
        .filter(|witness| witness.holds)
        .map(|witness| witness.key_id)
        .collect();
    let rule = root.role(D::ROLE);
    let members: Vec<_> = rule.keys.iter().filter_map(|id| root.key(&id)).collect();
    let quorum = |algorithm| {
        let of = |key: &&Key<'_>| key.public.algorithm() == algorithm;
        let has_signed = |key: &&Key<'_>| good.contains(&key.id);
        let signed = names(members.iter().filter(of).filter(has_signed));
        let able = members
            .iter()
            .filter(of)
            .filter(|key| may_sign(key, sequence));
        let open = names(able.filter(|key| !signed.iter().any(|name| name == key.holder)));
        Quorum {
            root_version: root.version,
            role: D::ROLE,
            algorithm,
            threshold: rule.threshold,
            signed,
            open,
        }
    };
    Ok(rule.required_algorithms.iter().map(quorum).collect())
}

/// Every block of document `D`, judged by itself under `root`.
///
/// # Errors
/// If the bytes aren't a signed document of that kind.
pub fn witnesses<'d, D: Document<'d>>(
    signed: &'d [u8],
    root: &Root<'_>,
    primitives: &impl Primitives,
) -> Result<Vec<Witness>, Refusal> {
    let document = Signed::parse(signed)?;
    let sequence = D::parse(document.payload)?.sequence();
    let look = |bytes: &[u8]| {
        let block = Block::parse(bytes)?;
        let key = root.key(&block.protected.kid);
        let good = |key: Key<'_>| {
            may_sign(&key, sequence)
                && block.protected.content_type == Some(D::CONTENT_TYPE)
                && holds(&block, &key, document.payload, primitives)
        };
        Ok(Witness {
            key_id: block.protected.kid,
            holder: key.map(|key| key.holder.to_owned()),
            holds: key.is_some_and(good),
        })
    };
    document.blocks.iter().map(look).collect()
}

fn may_sign(key: &Key<'_>, sequence: u64) -> bool {
    match key.state {
        KeyState::Active => true,
        KeyState::Retired { max_sequence } => sequence <= max_sequence,
        KeyState::Revoked => false,
    }
}

fn holds(block: &Block<'_>, key: &Key<'_>, payload: &[u8], primitives: &impl Primitives) -> bool {
    let message = ToBeSigned::new(&block.protected, payload);
    block.protected.algorithm == key.public.algorithm().cose_id()
        && message.is_ok_and(|message| {
            let verified = primitives.verify(&key.public, &message.parts(), block.signature);
            verified.is_ok()
        })
}

/// Each holder once, in the root's order.
fn names<'k, 'a: 'k>(keys: impl Iterator<Item = &'k Key<'a>>) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for key in keys {
        if !names.iter().any(|name| name == key.holder) {
            names.push(key.holder.to_owned());
        }
    }
    names
}
