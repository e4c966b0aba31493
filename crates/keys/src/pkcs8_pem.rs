//! The key file's text: `EncryptedPrivateKeyInfo` in PEM (RFC 5958, section 3; RFC 7468, section
//! 11), sealed by PBES2 with scrypt and AES-256-CBC (RFC 8018, section 6.2; RFC 7914).
//!
//! OpenSSL 3 reads and writes the same. This module sees texts only, never files.

use aws_lc_rs::rand::{SecureRandom as _, SystemRandom};
use pkcs8::der::Decode as _;
use pkcs8::pkcs5::pbes2::{Kdf, Parameters};
use pkcs8::pkcs5::{EncryptionScheme, scrypt};
use pkcs8::{EncryptedPrivateKeyInfoRef, LineEnding, PrivateKeyInfoRef, SecretDocument};
use zeroize::Zeroizing;

use crate::Passphrase;

const LABEL: &str = "ENCRYPTED PRIVATE KEY";
const LABEL_UNENCRYPTED: &[&str] = &["PRIVATE KEY", "EC PRIVATE KEY"];

/// N = 2^14, r = 8, p = 5: one of the settings that the OWASP Password Storage Cheat Sheet lists as "a
/// similar minimal level of defense", in 16 MiB, within OpenSSL's default limit. Its list goes down to
/// 8 MiB (N = 2^13, p = 10), for as much work; but a guesser's machine then needs half of the memory
/// for each guess under way, and memory is what scrypt makes guessing dear with.
const SCRYPT_COST: (u8, u32, u32) = (14, 8, 5);

/// A file may ask for this much memory to be opened, and no more: a hostile one must not exhaust
/// the machine.
const SCRYPT_MEMORY_BYTES_MAX: u64 = 256 * 1024 * 1024;

/// Passes over that memory that a file may ask for.
const SCRYPT_PASSES_MAX: u16 = 16;

/// Rounds of PBKDF2 (which OpenSSL writes by default) that a file may ask for: some seconds.
const PBKDF2_ROUNDS_MAX: u32 = 10_000_000;

/// Why a text could not be opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unsealable {
    NotAKey(&'static str),
    NotEncrypted,
    WrongPassphrase,
}

/// Encrypts an unencrypted PKCS#8 document. None if the library or its random source fails.
pub(crate) fn seal(pkcs8: &[u8], passphrase: &Passphrase) -> Option<Zeroizing<String>> {
    let key = PrivateKeyInfoRef::from_der(pkcs8).ok()?;
    let sealed = key
        .encrypt_with_params(parameters()?, passphrase.as_bytes())
        .ok()?;
    sealed.to_pem(LABEL, LineEnding::LF).ok()
}

/// Decrypts a key file's text to its PKCS#8 document.
pub(crate) fn unseal(text: &str, passphrase: &Passphrase) -> Result<SecretDocument, Unsealable> {
    let document = read(text)?;
    let opened = sealed(&document)?
        .decrypt(passphrase.as_bytes())
        .map_err(|_| Unsealable::WrongPassphrase)?;
    // One wrong passphrase in 256 leaves a padding that looks right; what it leaves is no key.
    match PrivateKeyInfoRef::from_der(opened.as_bytes()) {
        Ok(_) => Ok(opened),
        Err(_) => Err(Unsealable::WrongPassphrase),
    }
}

/// The document of a key file's text, if it is sealed in a way that can be opened at a bearable cost.
/// Nothing is decrypted yet.
pub(crate) fn read(text: &str) -> Result<SecretDocument, Unsealable> {
    let (label, document) =
        SecretDocument::from_pem(text).map_err(|_| Unsealable::NotAKey("it isn't PEM"))?;
    if LABEL_UNENCRYPTED.contains(&label) {
        return Err(Unsealable::NotEncrypted);
    }
    if label != LABEL {
        return Err(Unsealable::NotAKey(
            "it holds something else than a private key",
        ));
    }
    check_cost(&sealed(&document)?.encryption_algorithm)?;
    Ok(document)
}

fn sealed(document: &SecretDocument) -> Result<EncryptedPrivateKeyInfoRef<'_>, Unsealable> {
    EncryptedPrivateKeyInfoRef::from_der(document.as_bytes())
        .map_err(|_| Unsealable::NotAKey("its encryption isn't PBES2, or it is damaged"))
}

fn parameters() -> Option<Parameters> {
    let (log_n, r, p) = SCRYPT_COST;
    let (mut salt, mut iv) = ([0; 16], [0; 16]);
    let random = SystemRandom::new();
    random.fill(&mut salt).ok()?;
    random.fill(&mut iv).ok()?;
    let cost = scrypt::Params::new(log_n, r, p).ok()?;
    Parameters::generate_scrypt_aes256cbc(cost, &salt, iv).ok()
}

fn check_cost(scheme: &EncryptionScheme) -> Result<(), Unsealable> {
    let EncryptionScheme::Pbes2(parameters) = scheme else {
        return Err(Unsealable::NotAKey("its encryption isn't PBES2"));
    };
    let affordable = match &parameters.kdf {
        Kdf::Scrypt(cost) => {
            let memory = cost
                .cost_parameter
                .saturating_mul(128 * u64::from(cost.block_size));
            memory <= SCRYPT_MEMORY_BYTES_MAX && cost.parallelization <= SCRYPT_PASSES_MAX
        }
        Kdf::Pbkdf2(cost) => cost.iteration_count <= PBKDF2_ROUNDS_MAX,
        _ => false,
    };
    if affordable {
        return Ok(());
    }
    Err(Unsealable::NotAKey(
        "opening it would take more memory or time than any honest key",
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::generate;
    use pkcs8::der::Encode as _;
    use pkcs8::pkcs5::pbes2::{Pbkdf2Params, ScryptParams};

    fn passphrase() -> Passphrase {
        Passphrase::from_text("correct horse").unwrap()
    }

    #[test]
    fn sealed_and_opened_again() {
        let key = generate::from_seed("ana", &[1; 32]).unwrap();
        let text = seal(key.pkcs8(), &passphrase()).unwrap();
        assert!(text.starts_with("-----BEGIN ENCRYPTED PRIVATE KEY-----\n"));
        assert_eq!(
            unseal(&text, &passphrase()).unwrap().as_bytes(),
            key.pkcs8()
        );
    }

    /// Every cost within the bounds opens, whatever new files are sealed with.
    #[test]
    fn a_file_of_other_parameters_opens() {
        let key = generate::from_seed("ana", &[1; 32]).unwrap();
        let info = PrivateKeyInfoRef::from_der(key.pkcs8()).unwrap();
        for (log_n, r, p) in [(14, 8, 1), (14, 8, 5), (13, 8, 10), (15, 8, 3), (4, 1, 16)] {
            let cost = scrypt::Params::new(log_n, r, p).unwrap();
            let salt = [7; 16];
            let parameters = Parameters::generate_scrypt_aes256cbc(cost, &salt, [9; 16]).unwrap();
            let sealed = info.encrypt_with_params(parameters, passphrase().as_bytes());
            let text = sealed.unwrap().to_pem(LABEL, LineEnding::LF).unwrap();
            let opened = unseal(&text, &passphrase()).unwrap();
            assert_eq!(opened.as_bytes(), key.pkcs8(), "{log_n} {r} {p}");
        }
    }

    /// A file whose parameters are `kdf`, around 48 bytes of nothing.
    fn sealed_with(kdf: Kdf) -> String {
        let encryption = pkcs8::pkcs5::pbes2::EncryptionScheme::Aes256Cbc { iv: [0; 16] };
        let sealed = EncryptedPrivateKeyInfoRef {
            encryption_algorithm: Parameters { kdf, encryption }.into(),
            encrypted_data: pkcs8::der::asn1::OctetStringRef::new(&[0; 48]).unwrap(),
        };
        let document = SecretDocument::try_from(sealed.to_der().unwrap()).unwrap();
        document.to_pem(LABEL, LineEnding::LF).unwrap().to_string()
    }

    #[test]
    fn a_file_can_not_ask_for_the_whole_machine() {
        let scrypt = |cost_parameter, block_size, parallelization| {
            let salt = b"saltsaltsaltsalt".as_slice().try_into().unwrap();
            Kdf::Scrypt(ScryptParams {
                salt,
                cost_parameter,
                block_size,
                parallelization,
                key_length: None,
            })
        };
        let rounds = Pbkdf2Params::hmac_sha256(PBKDF2_ROUNDS_MAX + 1, b"saltsalt").unwrap();
        for kdf in [
            scrypt(1 << 30, 8, 1),
            scrypt(1 << 14, u16::MAX, 1),
            scrypt(1 << 14, 8, u16::MAX),
            Kdf::Pbkdf2(rounds),
        ] {
            let refused = unseal(&sealed_with(kdf), &passphrase()).unwrap_err();
            assert!(matches!(refused, Unsealable::NotAKey(why) if why.contains("memory or time")));
        }
        let cheap = sealed_with(scrypt(2, 1, 1));
        assert_eq!(
            unseal(&cheap, &passphrase()).unwrap_err(),
            Unsealable::WrongPassphrase
        );
    }
}
