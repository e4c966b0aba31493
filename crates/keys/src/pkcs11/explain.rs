//! What a token's return codes (PKCS#11 3.1, section 5.1) mean for a person.
//!
//! A pure table: SoftHSM2 can't lose its slot in the middle of a signature or lock a PIN, so this is
//! where those answers are tested. Read [`explain`].

use cryptoki::error::{Error, RvError};

use super::TokenError;

/// The error of the token labelled `token`, while it used `mechanism` (or did something else).
pub(super) fn explain(token: &str, mechanism: &str, error: &Error) -> TokenError {
    let token = token.to_owned();
    let Error::Pkcs11(code, _) = error else {
        let why = error.to_string();
        return TokenError::Failed { token, why };
    };
    match code {
        RvError::PinIncorrect | RvError::PinInvalid | RvError::PinLenRange => {
            let last_try = false;
            TokenError::WrongPin { token, last_try }
        }
        RvError::PinLocked => TokenError::PinLocked(token),
        RvError::PinExpired => TokenError::PinExpired(token),
        RvError::UserPinNotInitialized => TokenError::PinUnset(token),
        RvError::TokenNotPresent
        | RvError::TokenNotRecognized
        | RvError::DeviceRemoved
        | RvError::SlotIdInvalid
        | RvError::SessionClosed
        | RvError::SessionHandleInvalid
        | RvError::UserNotLoggedIn
        | RvError::KeyHandleInvalid
        | RvError::ObjectHandleInvalid => TokenError::Removed(token),
        RvError::MechanismInvalid
        | RvError::MechanismParamInvalid
        | RvError::CurveNotSupported
        | RvError::FunctionNotSupported => {
            let mechanism = mechanism.to_owned();
            TokenError::MechanismMissing { token, mechanism }
        }
        RvError::KeyTypeInconsistent | RvError::KeySizeRange => {
            let kind = format!("not for {mechanism}");
            TokenError::KeyType { token, kind }
        }
        RvError::KeyFunctionNotPermitted => TokenError::MayNotSign { token },
        RvError::TokenWriteProtected | RvError::SessionReadOnly => {
            TokenError::WriteProtected(token)
        }
        RvError::DeviceMemory => TokenError::Full(token),
        _ => TokenError::Failed {
            token,
            why: error.to_string(),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use cryptoki::context::Function;

    #[test]
    fn each_code_has_its_own_meaning() {
        for (code, expected) in [
            (RvError::PinIncorrect, "token.wrong-pin"),
            (RvError::PinLenRange, "token.wrong-pin"),
            (RvError::PinLocked, "token.pin-locked"),
            (RvError::PinExpired, "token.pin-expired"),
            (RvError::UserPinNotInitialized, "token.pin-unset"),
            (RvError::DeviceRemoved, "token.removed"),
            (RvError::TokenNotPresent, "token.removed"),
            (RvError::SessionHandleInvalid, "token.removed"),
            (RvError::MechanismInvalid, "token.mechanism-missing"),
            (RvError::CurveNotSupported, "token.mechanism-missing"),
            (RvError::KeyTypeInconsistent, "token.key-type"),
            (RvError::KeyFunctionNotPermitted, "token.may-not-sign"),
            (RvError::TokenWriteProtected, "token.write-protected"),
            (RvError::DeviceMemory, "token.full"),
            (RvError::GeneralError, "token.failed"),
        ] {
            let error = Error::Pkcs11(code, Function::Sign);
            let told = explain("ours", "CKM_ECDSA", &error);
            assert_eq!(told.id(), expected, "{code:?}");
            assert!(told.to_string().contains("ours"), "{told}");
        }
        let told = explain("ours", "", &Error::NullFunctionPointer);
        assert_eq!(told.id(), "token.failed");
    }
}
