//! Judging an image: would a boot loader start it, as far as can be known from outside?
//!
//! Every rule is asked and every defect told, not just the first. Where boot loaders differ by how
//! they were built (which TLVs they allow unprotected, which of two counters they take), the strict
//! reading counts: what passes here starts everywhere. Read [`accept`] first.

use std::io::{Read, Seek, SeekFrom};

use mainstay_trust::{Digest, Hasher as _, Primitives, PublicKey};

use super::defect::Defect;
use super::facts::{Facts, Signed, signatures};
use super::header::flag::{self, ENCRYPTED_AES128, ENCRYPTED_AES256, PIC};
use super::read::Image;
use super::signature::Scheme;
use super::spki;
use super::tlv::{Area, Tlv, TlvType};

/// Where an entry belongs, and what is known of it.
struct Rule {
    kind: TlvType,
    area: Area,
    /// Its length; none if it varies.
    len: Option<usize>,
    /// Whether there may be one only.
    once: bool,
}

const fn rule(kind: TlvType, area: Area, len: Option<usize>, once: bool) -> Rule {
    Rule {
        kind,
        area,
        len,
        once,
    }
}

/// What may stand in the unprotected area (`allowed_unprot_tlvs` of `image_validate.c`, less what
/// belongs to encryption), and those protected entries that a boot loader acts upon.
const RULES: &[Rule] = &[
    rule(TlvType::KEYHASH, Area::Unprotected, Some(32), false),
    rule(TlvType::PUBKEY, Area::Unprotected, None, false),
    rule(TlvType::SHA256, Area::Unprotected, Some(32), true),
    rule(TlvType::SHA384, Area::Unprotected, Some(48), true),
    rule(TlvType::SHA512, Area::Unprotected, Some(64), true),
    rule(TlvType::RSA2048_PSS, Area::Unprotected, Some(256), false),
    rule(TlvType::ECDSA_SIG, Area::Unprotected, None, false),
    rule(TlvType::RSA3072_PSS, Area::Unprotected, Some(384), false),
    rule(TlvType::ED25519, Area::Unprotected, Some(64), false),
    rule(TlvType::SIG_PURE, Area::Unprotected, Some(1), true),
    rule(TlvType::SEC_CNT, Area::Protected, Some(4), true),
    rule(TlvType::DEPENDENCY, Area::Protected, Some(12), false),
];

/// Reads an image that fills `source`, and judges it: its parts, its hash, and with a `key` its
/// signature. Gives its facts, or all that is wrong with it (never an empty list).
///
/// Without a key the signature's form is checked and no more: only the boot loader knows its key.
pub fn accept(
    source: &mut (impl Read + Seek),
    key: Option<&PublicKey<'_>>,
    primitives: &impl Primitives,
) -> Result<Facts, Vec<Defect>> {
    let image = Image::read(source).map_err(|defect| vec![defect])?;
    let mut defects = flag_defects(image.header.flags);
    defects.extend(entry_defects(Area::Protected, &image.protected));
    defects.extend(entry_defects(Area::Unprotected, &image.unprotected));
    let judged = Judged {
        image: &image,
        primitives,
    };
    defects.extend(judged.hash(source).err());
    defects.extend(judged.signature(source, key).err());
    match defects.is_empty() {
        true => Ok(Facts::of(&image, primitives)),
        false => Err(defects),
    }
}

fn flag_defects(flags: u32) -> Vec<Defect> {
    let meaningless = flag::unknown(flags) | flags & PIC;
    let encrypted = flags & (ENCRYPTED_AES128 | ENCRYPTED_AES256) != 0;
    let meaningless = (meaningless != 0).then_some(Defect::Flags(meaningless));
    meaningless
        .into_iter()
        .chain(encrypted.then_some(Defect::Encrypted))
        .collect()
}

fn entry_defects(area: Area, entries: &[Tlv]) -> Vec<Defect> {
    let judge = |(i, entry): (usize, &Tlv)| entry_defect(area, entry, &entries[..i]);
    entries.iter().enumerate().filter_map(judge).collect()
}

/// Entries without a rule are a vendor's own: harmless where the signature covers them.
fn entry_defect(area: Area, entry: &Tlv, before: &[Tlv]) -> Option<Defect> {
    let kind = entry.kind;
    let Some(rule) = RULES.iter().find(|rule| rule.kind == kind) else {
        return (area == Area::Unprotected).then_some(Defect::Misplaced { kind, area });
    };
    let len = entry.value.len();
    if rule.area != area {
        Some(Defect::Misplaced { kind, area })
    } else if rule.len.is_some_and(|wanted| wanted != len) {
        Some(Defect::Length { kind, len })
    } else if rule.once && before.iter().any(|other| other.kind == kind) {
        Some(Defect::Repeated(kind))
    } else {
        None
    }
}

/// An image under judgement.
struct Judged<'a, P> {
    image: &'a Image,
    primitives: &'a P,
}

impl<P: Primitives> Judged<'_, P> {
    fn hash(&self, source: &mut (impl Read + Seek)) -> Result<(), Defect> {
        let Some(said) = self.find(TlvType::SHA256) else {
            let other = [TlvType::SHA384, TlvType::SHA512];
            let other = other.into_iter().find(|kind| self.find(*kind).is_some());
            return Err(other.map_or(Defect::HashMissing, Defect::HashAlgorithm));
        };
        let is = self.hash_of_bytes(source)?;
        match said.value == is.0 {
            true => Ok(()),
            false => Err(Defect::Hash),
        }
    }

    fn hash_of_bytes(&self, source: &mut (impl Read + Seek)) -> Result<Digest, Defect> {
        let mut hasher = self.primitives.hasher();
        // As in packing: large enough that the hash, not the calls, takes the time.
        let mut piece = vec![0; 64 * 1024];
        let mut left = self.image.header.hashed_bytes();
        source.seek(SeekFrom::Start(0))?;
        while left > 0 {
            let len = usize::try_from(left).map_or(piece.len(), |left| left.min(piece.len()));
            source.read_exact(&mut piece[..len])?;
            hasher.update(&piece[..len]);
            left -= len as u64;
        }
        Ok(hasher.finish())
    }

    fn signature(
        &self,
        source: &mut (impl Read + Seek),
        key: Option<&PublicKey<'_>>,
    ) -> Result<(), Defect> {
        let signatures = signatures(self.image);
        if self.find(TlvType::SIG_PURE).is_some() {
            return Err(Defect::Pure);
        }
        if signatures.is_empty() {
            return Err(Defect::Unsigned);
        }
        match key {
            None => Ok(()),
            Some(key) => self.signature_by(key, &signatures, source),
        }
    }

    fn signature_by(
        &self,
        key: &PublicKey<'_>,
        signatures: &[Signed<'_>],
        source: &mut (impl Read + Seek),
    ) -> Result<(), Defect> {
        let unknown = || Defect::KeyAlgorithm(key.algorithm());
        let scheme = Scheme::of(key.algorithm(), self.primitives).ok_or_else(unknown)?;
        let der = spki::to_der(key).ok_or_else(unknown)?;
        let by_key = |signed: &&Signed<'_>| {
            signed.signature.kind == scheme.tlv() && self.names(signed.key, &der)
        };
        let signed = signatures.iter().find(by_key).ok_or(Defect::OtherKey)?;
        let message = match scheme.signs_bytes() {
            true => self.hashed_bytes(source)?,
            false => self.hash_of_bytes(source)?.0.to_vec(),
        };
        scheme
            .verify(&signed.signature.value, key, &message, self.primitives)
            .map_err(|_| Defect::Signature)
    }

    /// A boot loader with one built-in key asks for no name, so a signature without one may be any's.
    fn names(&self, entry: Option<&Tlv>, der: &[u8]) -> bool {
        entry.is_none_or(|entry| match entry.kind {
            TlvType::PUBKEY => entry.value == der,
            _ => entry.value == self.primitives.digest(der).0,
        })
    }

    /// All bytes that the hash covers; the image's bound bounds them.
    fn hashed_bytes(&self, source: &mut (impl Read + Seek)) -> Result<Vec<u8>, Defect> {
        source.seek(SeekFrom::Start(0))?;
        let mut bytes = Vec::new();
        let hashed = self.image.header.hashed_bytes();
        source.take(hashed).read_to_end(&mut bytes)?;
        Ok(bytes)
    }

    fn find(&self, kind: TlvType) -> Option<&Tlv> {
        let mut entries = self.image.unprotected.iter();
        entries.find(|entry| entry.kind == kind)
    }
}
