//! The library that speaks to a token: found, loaded and started once for each process.
//!
//! A module is never unloaded: several keys may use it, and some modules don't survive being started
//! twice. Loading a module runs its code, so it is named by an absolute path of the user's, or by a
//! name in the folders below, never looked for along a search path.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use cryptoki::context::{CInitializeArgs, CInitializeFlags, Pkcs11};
use cryptoki::error::{Error, RvError};

use super::{TokenError, TokenUri};

/// Where distributions put modules; the first folder that has the name wins.
const FOLDERS: &[&str] = &[
    "/usr/lib/softhsm",
    "/usr/lib/x86_64-linux-gnu/pkcs11",
    "/usr/lib/aarch64-linux-gnu/pkcs11",
    "/usr/lib/x86_64-linux-gnu",
    "/usr/lib/aarch64-linux-gnu",
    "/usr/lib64/pkcs11",
    "/usr/lib64",
    "/usr/lib/pkcs11",
    "/usr/lib",
    "/usr/local/lib/softhsm",
    "/usr/local/lib",
    "/opt/homebrew/lib",
];

static LOADED: Mutex<Vec<(PathBuf, Pkcs11)>> = Mutex::new(Vec::new());

/// The module that the URI names, else `fallback`, ready to use.
pub(super) fn load(uri: &TokenUri, fallback: Option<&Path>) -> Result<Pkcs11, TokenError> {
    let path = path(uri, fallback)?;
    let mut loaded = LOADED.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some((_, module)) = loaded.iter().find(|(known, _)| *known == path) {
        return Ok(module.clone());
    }
    let module = start(&path)?;
    loaded.push((path, module.clone()));
    Ok(module)
}

fn path(uri: &TokenUri, fallback: Option<&Path>) -> Result<PathBuf, TokenError> {
    if let Some(path) = &uri.module_path {
        return Ok(path.clone());
    }
    if let Some(name) = &uri.module_name {
        return named(name).ok_or_else(|| TokenError::ModuleMissing(name.into()));
    }
    // Made absolute here, because a bare name would be looked for along the system's search path.
    let fallback = fallback.ok_or(TokenError::ModuleUnnamed)?;
    std::path::absolute(fallback).map_err(|error| unloadable(fallback, error.to_string()))
}

fn named(name: &str) -> Option<PathBuf> {
    let suffix = std::env::consts::DLL_SUFFIX;
    let names = [format!("{name}{suffix}"), format!("lib{name}{suffix}")];
    let places = FOLDERS
        .iter()
        .flat_map(|folder| names.iter().map(|name| Path::new(folder).join(name)));
    places.into_iter().find(|path| path.is_file())
}

fn start(path: &Path) -> Result<Pkcs11, TokenError> {
    if !path.exists() {
        return Err(TokenError::ModuleMissing(path.to_owned()));
    }
    let failed = |error: Error| unloadable(path, error.to_string());
    let module = Pkcs11::new(path).map_err(failed)?;
    match module.initialize(CInitializeArgs::new(CInitializeFlags::OS_LOCKING_OK)) {
        Ok(()) | Err(Error::Pkcs11(RvError::CryptokiAlreadyInitialized, _)) => Ok(module),
        Err(error) => Err(failed(error)),
    }
}

fn unloadable(path: &Path, why: String) -> TokenError {
    TokenError::ModuleUnloadable {
        path: path.to_owned(),
        why,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(uri: &str, fallback: Option<&Path>, expected: &str) {
        let uri = TokenUri::parse(uri).unwrap();
        let found = load(&uri, fallback).map_or_else(|error| error.id(), |_| "ok");
        assert_eq!(found, expected);
    }

    #[test]
    fn a_module_that_is_none_says_so() {
        let folder = tempfile::tempdir().unwrap();
        let text = folder.path().join("module.so");
        std::fs::write(&text, "no library").unwrap();
        check("pkcs11:", None, "token.module-unnamed");
        check(
            "pkcs11:",
            Some(Path::new("/no/such.so")),
            "token.module-missing",
        );
        check(
            "pkcs11:?module-path=/no/such.so",
            Some(&text),
            "token.module-missing",
        );
        check(
            "pkcs11:?module-name=nosuchmodule",
            Some(&text),
            "token.module-missing",
        );
        check("pkcs11:", Some(&text), "token.module-unloadable");
        check("pkcs11:", Some(folder.path()), "token.module-unloadable");
    }
}
