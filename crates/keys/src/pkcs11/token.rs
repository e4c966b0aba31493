//! One token: found by its URI, looked at without a PIN, opened with one. Read [`Token`].

use std::path::Path;

use cryptoki::context::Pkcs11;
use cryptoki::error::{Error, RvError};
use cryptoki::mechanism::MechanismType;
use cryptoki::session::{Session, UserType};
use cryptoki::slot::{Slot, TokenInfo};

use super::explain::explain;
use super::objects::{self, PublicObject};
use super::session::OpenToken;
use super::{Pin, TokenError, TokenUri, module};

/// A token that is there.
#[derive(Debug, Clone)]
pub struct Token {
    module: Pkcs11,
    slot: Slot,
    info: TokenInfo,
}

impl Token {
    /// The one token that fits `uri`, spoken to by the module that the URI names, else by
    /// `module`.
    ///
    /// # Errors
    /// If the module can't be used, or not exactly one token fits.
    pub fn find(uri: &TokenUri, module: Option<&Path>) -> Result<Self, TokenError> {
        let module = module::load(uri, module)?;
        let all = all(&module).map_err(|error| explain("", "", &error))?;
        let fits = |token: &&Self| token.fits(uri);
        let found: Vec<&Self> = all.iter().filter(fits).collect();
        let wanted = || uri.to_string();
        match found[..] {
            [token] => Ok(token.clone()),
            [] => Err(TokenError::Missing {
                wanted: wanted(),
                present: all.iter().map(|token| token.label().to_owned()).collect(),
            }),
            _ => Err(TokenError::Ambiguous {
                wanted: wanted(),
                count: found.len(),
            }),
        }
    }

    /// The name that its owner gave it.
    pub fn label(&self) -> &str {
        self.info.label()
    }

    /// Its maker's number for it.
    pub fn serial(&self) -> &str {
        self.info.serial_number()
    }

    /// Whether a PIN must be handed over; if not, the token needs none or has a keypad of its own.
    pub fn wants_pin(&self) -> bool {
        self.info.login_required() && !self.info.protected_authentication_path()
    }

    /// Whether the next wrong PIN locks it.
    pub fn last_try(&self) -> bool {
        self.info.user_pin_final_try()
    }

    /// The public keys that it shows to anybody.
    ///
    /// # Errors
    /// If the token fails.
    pub fn public_objects(&self) -> Result<Vec<PublicObject>, TokenError> {
        let session = self.session(false)?;
        objects::public_objects(&session).map_err(|error| self.explain("", &error))
    }

    /// Opens it, for signing or (`to_write`) for making a key. The PIN may be left out where
    /// [`wants_pin`](Self::wants_pin) says that none is needed.
    ///
    /// # Errors
    /// If the PIN is wrong, locked or unset, or the token fails.
    pub fn open(self, pin: Option<&Pin>, to_write: bool) -> Result<OpenToken, TokenError> {
        if self.info.user_pin_locked() {
            return Err(TokenError::PinLocked(self.label().to_owned()));
        }
        if self.info.login_required() && !self.info.user_pin_initialized() {
            return Err(TokenError::PinUnset(self.label().to_owned()));
        }
        if to_write && self.info.write_protected() {
            return Err(TokenError::WriteProtected(self.label().to_owned()));
        }
        let session = self.session(to_write)?;
        if self.info.login_required() {
            self.log_in(&session, pin)?;
        }
        Ok(OpenToken::new(self, session))
    }

    /// Checks that it has a mechanism, which is named in the error.
    pub(super) fn check_mechanism(
        &self,
        mechanism: MechanismType,
        name: &str,
    ) -> Result<(), TokenError> {
        let listed = self.module.get_mechanism_list(self.slot);
        match listed
            .map_err(|error| self.explain(name, &error))?
            .contains(&mechanism)
        {
            true => Ok(()),
            false => Err(TokenError::MechanismMissing {
                token: self.label().to_owned(),
                mechanism: name.to_owned(),
            }),
        }
    }

    /// What the token's answer means, while it used `mechanism` (or did something else).
    pub(super) fn explain(&self, mechanism: &str, error: &Error) -> TokenError {
        explain(self.label(), mechanism, error)
    }

    fn session(&self, to_write: bool) -> Result<Session, TokenError> {
        let opened = match to_write {
            true => self.module.open_rw_session(self.slot),
            false => self.module.open_ro_session(self.slot),
        };
        opened.map_err(|error| self.explain("", &error))
    }

    fn log_in(&self, session: &Session, pin: Option<&Pin>) -> Result<(), TokenError> {
        let pin = pin.map(Pin::to_auth);
        match session.login(UserType::User, pin.as_ref()) {
            // Another key of the same token was opened by this process before.
            Ok(()) | Err(Error::Pkcs11(RvError::UserAlreadyLoggedIn, _)) => Ok(()),
            Err(error) => Err(self.after_refused_pin(self.explain("", &error))),
        }
    }

    /// After a wrong PIN the token's own flags say how near it is to being locked.
    fn after_refused_pin(&self, error: TokenError) -> TokenError {
        let TokenError::WrongPin { token, .. } = error else {
            return error;
        };
        let info = self.module.get_token_info(self.slot);
        match info {
            Ok(info) if info.user_pin_locked() => TokenError::PinLocked(token),
            info => TokenError::WrongPin {
                token,
                last_try: info.is_ok_and(|info| info.user_pin_final_try()),
            },
        }
    }

    fn fits(&self, uri: &TokenUri) -> bool {
        let same = |wanted: &Option<String>, has: &str| wanted.as_ref().is_none_or(|w| w == has);
        same(&uri.token, self.info.label())
            && same(&uri.manufacturer, self.info.manufacturer_id())
            && same(&uri.model, self.info.model())
            && same(&uri.serial, self.info.serial_number())
            && uri.slot_id.is_none_or(|number| number == self.slot.id())
    }
}

/// Every token that was set up; slots with a blank one don't count.
fn all(module: &Pkcs11) -> Result<Vec<Token>, Error> {
    let mut tokens = Vec::new();
    for slot in module.get_slots_with_token()? {
        let info = module.get_token_info(slot)?;
        if info.token_initialized() {
            let module = module.clone();
            tokens.push(Token { module, slot, info });
        }
    }
    Ok(tokens)
}
