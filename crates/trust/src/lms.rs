//! HSS-LMS with one tree and SHA-256 (RFC 8554; SP 800-208): verification only.
//!
//! Hash-based signatures need nothing but a hash, so this is written over [`Primitives`]: a
//! microcontroller hashes with RustCrypto, a host with its own module. The message is hashed in the
//! pieces in which it comes, and the stack holds a hash and a few nodes. Nothing here is secret, so nothing has
//! to take constant time. Signing isn't here and never will be: see
//! [`Algorithm::HssLms`](crate::Algorithm::HssLms). Read [`verify`] first.
//!
//! A signature (RFC 8554, sections 6.2, 5.4 and 4.5), with the parameters of its key:
//!
//! | bytes | what |
//! |---|---|
//! | 4 | 0: no tree below the first |
//! | 4 | `q`, the leaf |
//! | 4 | LM-OTS type |
//! | 32 | `C`, the randomizer |
//! | 32 p | the chains' values |
//! | 4 | LMS type |
//! | 32 h | the path from the leaf to the root |

use crate::key::{Algorithm, PublicKey};
use crate::primitives::{BadSignature, Hasher, Primitives};

/// Bytes of a hash (`n` and `m` of the RFC).
const NODE: usize = 32;

/// What one hash stands for (RFC 8554, section 7.1): `D_PBLC`, `D_MESG`, `D_LEAF`, `D_INTR`.
const OTS_KEY: [u8; 2] = [0x80, 0x80];
const MESSAGE: [u8; 2] = [0x81, 0x81];
const LEAF: [u8; 2] = [0x82, 0x82];
const INNER: [u8; 2] = [0x83, 0x83];

type Node = [u8; NODE];

/// Checks `signature` by `key` over the concatenation of the parts of `message` (RFC 8554,
/// algorithms 4b, 6a and, for one tree, section 6.3).
///
/// # Errors
/// [`BadSignature`]; also for a key of another algorithm, and for any length but the exact one.
pub fn verify(
    primitives: &impl Primitives,
    key: &PublicKey<'_>,
    message: &[&[u8]],
    signature: &[u8],
) -> Result<(), BadSignature> {
    let tree = Tree::of(key).ok_or(BadSignature)?;
    let signature = Signature::parse(&tree, signature).ok_or(BadSignature)?;
    let leaf_key = one_time_key(primitives, &tree, &signature, message);
    if root_above(primitives, &tree, &signature, &leaf_key) == tree.root {
        Ok(())
    } else {
        Err(BadSignature)
    }
}

/// A public key, taken apart.
struct Tree<'a> {
    types: Types<'a>,
    height: usize,
    chains: Chains,
    id: &'a [u8],
    root: &'a [u8],
}

/// The two type codes, as they stand in the key and must stand in each signature.
struct Types<'a> {
    lms: &'a [u8],
    ots: &'a [u8],
}

/// The shape of a one-time signature (RFC 8554, section 4.1, table 1).
struct Chains {
    /// `w`, the bits that one chain signs.
    bits: usize,
    /// `p`.
    count: usize,
    /// `ls`, the checksum's place in its two bytes.
    shift: u32,
}

impl<'a> Tree<'a> {
    fn of(key: &PublicKey<'a>) -> Option<Tree<'a>> {
        if key.algorithm() != Algorithm::HssLms {
            return None;
        }
        let (types, rest) = key.bytes().get(4..)?.split_at_checked(8)?;
        let (id, root) = rest.split_at_checked(16)?;
        let (lms, ots) = types.split_at(4);
        let height = match lms[3] {
            code @ 5..=9 => 5 * (usize::from(code) - 4),
            _ => return None,
        };
        let chains = match ots[3] {
            2 => Chains::new(2, 133, 6),
            3 => Chains::new(4, 67, 4),
            4 => Chains::new(8, 34, 0),
            _ => return None,
        };
        Some(Tree {
            types: Types { lms, ots },
            height,
            chains,
            id,
            root,
        })
    }
}

impl Chains {
    const fn new(bits: usize, count: usize, shift: u32) -> Chains {
        Chains { bits, count, shift }
    }

    /// The largest digit of a chain, `2^w - 1`.
    fn digit_max(&self) -> u8 {
        u8::MAX >> (8 - self.bits)
    }

    /// `coef(bytes, index, w)` (RFC 8554, section 3.1.3).
    fn digit(&self, bytes: &[u8], index: usize) -> u8 {
        let place = index * self.bits;
        (bytes[place / 8] >> (8 - self.bits - place % 8)) & self.digit_max()
    }

    /// The message's hash and behind it its checksum (RFC 8554, section 4.4, algorithm 2): raising
    /// a digit of the one lowers a digit of the other.
    fn with_checksum(&self, hash: &Node) -> [u8; NODE + 2] {
        let lacking = |index| u16::from(self.digit_max() - self.digit(hash, index));
        let sum: u16 = (0..NODE * 8 / self.bits).map(lacking).sum();
        let mut bytes = [0; NODE + 2];
        bytes[..NODE].copy_from_slice(hash);
        bytes[NODE..].copy_from_slice(&(sum << self.shift).to_be_bytes());
        bytes
    }
}

/// A signature, taken apart.
struct Signature<'a> {
    leaf: u32,
    randomizer: &'a [u8],
    values: &'a [u8],
    path: &'a [u8],
}

impl<'a> Signature<'a> {
    /// Only the one length and the types of the key.
    fn parse(tree: &Tree<'_>, bytes: &'a [u8]) -> Option<Signature<'a>> {
        let (head, rest) = bytes.split_at_checked(12)?;
        let (randomizer, rest) = rest.split_at_checked(NODE)?;
        let (values, rest) = rest.split_at_checked(NODE * tree.chains.count)?;
        let (lms, path) = rest.split_at_checked(4)?;
        let leaf = u32::from_be_bytes(head[4..8].try_into().ok()?);
        let sound = head[..4] == [0; 4]
            && leaf >> tree.height == 0
            && head[8..] == *tree.types.ots
            && lms == tree.types.lms
            && path.len() == NODE * tree.height;
        sound.then_some(Signature {
            leaf,
            randomizer,
            values,
            path,
        })
    }
}

/// The one-time key that would have made this signature over `message`, hashed (algorithm 4b).
fn one_time_key(
    primitives: &impl Primitives,
    tree: &Tree<'_>,
    signature: &Signature<'_>,
    message: &[&[u8]],
) -> Node {
    let leaf = signature.leaf.to_be_bytes();
    let mut hasher = begin(primitives, &[tree.id, &leaf, &MESSAGE]);
    hasher.update(signature.randomizer);
    message.iter().for_each(|part| hasher.update(part));
    let digits = tree.chains.with_checksum(&hasher.finish().0);

    let mut key = begin(primitives, &[tree.id, &leaf, &OTS_KEY]);
    for (index, value) in signature.values.chunks_exact(NODE).enumerate() {
        let mut node: Node = value.try_into().expect("a chunk has the size of a node");
        // At most 133 chains: the index fits its two bytes.
        let place = (index as u16).to_be_bytes();
        for step in tree.chains.digit(&digits, index)..tree.chains.digit_max() {
            let hasher = begin(primitives, &[tree.id, &leaf, &place, &[step], &node]);
            node = hasher.finish().0;
        }
        key.update(&node);
    }
    key.finish().0
}

/// The root of the tree whose leaf has this one-time key (algorithm 6a).
fn root_above(
    primitives: &impl Primitives,
    tree: &Tree<'_>,
    signature: &Signature<'_>,
    leaf_key: &Node,
) -> Node {
    let mut number = (1 << tree.height) + signature.leaf;
    let leaf = begin(
        primitives,
        &[tree.id, &number.to_be_bytes(), &LEAF, leaf_key],
    );
    let mut node = leaf.finish().0;
    for sibling in signature.path.chunks_exact(NODE) {
        let (left, right) = match number % 2 {
            0 => (&node[..], sibling),
            _ => (sibling, &node[..]),
        };
        number /= 2;
        let place = number.to_be_bytes();
        let inner = begin(primitives, &[tree.id, &place, &INNER, left, right]);
        node = inner.finish().0;
    }
    node
}

fn begin<P: Primitives>(primitives: &P, pieces: &[&[u8]]) -> P::Hasher {
    let mut hasher = primitives.hasher();
    pieces.iter().for_each(|piece| hasher.update(piece));
    hasher
}
