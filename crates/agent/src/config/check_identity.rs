//! Checks by what the server is to know the device. Read [`identity`].

use std::path::PathBuf;

use super::check::Findings;
use super::{OwnIdentity, file};

/// The certificate and the key that somebody brings the device, and those that it gets for itself; of the two, one at most.
pub(super) fn identity(
    server: &file::Server,
    device: &file::Device,
    url: &str,
    found: &mut Findings,
) -> (Option<(PathBuf, PathBuf)>, Option<OwnIdentity>) {
    let brought = match (&server.certificate, &server.key) {
        (Some(certificate), Some(key)) => Some((certificate.clone(), key.clone())),
        (None, None) => None,
        _ => {
            found.add(
                "server.certificate",
                "a certificate and its key go together: write both",
            );
            None
        }
    };
    found.unless(
        server.token_file.is_some() || brought.is_some() || server.identity_file.is_some(),
        "server.token_file",
        "the server must know the device: write token_file, or certificate and key",
    );
    let own = server.identity_file.clone().map(|file| OwnIdentity {
        file,
        key_file: device.state.join("identity.key"),
        device: device.id.clone(),
    });
    found.unless(
        own.is_none() || (brought.is_none() && url.starts_with("https://")),
        "server.identity_file",
        "it takes the place of certificate and key, and certificates are for https:// alone",
    );
    // Files are written beside their place first, under a name that ends so (`durable.rs`).
    let is_written_over = own.as_ref().is_some_and(|own| {
        let others = [Some(&own.key_file), server.token_file.as_ref()];
        others.contains(&Some(&own.file)) || own.file.extension().is_some_and(|end| end == "new")
    });
    found.unless(
        !is_written_over,
        "server.identity_file",
        "the agent writes another thing there: give it a name of its own, which doesn't end in .new",
    );
    (brought, own)
}
