//! What it takes to ask for certificates. Read [`AcmeTerms`].

use std::path::PathBuf;

use mainstay_access::Email;

use super::name::DnsName;

/// Whom to ask, for what, and by what else TLS is spoken. Whoever makes one has agreed to the authority's terms of service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AcmeTerms {
    /// The authority's directory, at an address of HTTPS.
    pub directory: String,
    /// The names that the certificate is for: one at least.
    pub names: Vec<DnsName>,
    /// Whom the authority may write to.
    pub contact: Option<Email>,
    /// Who vouches for the authority's own server, if the machine's authorities don't.
    pub ca: Option<PathBuf>,
    /// The data folder, in which what is given lasts.
    pub folder: PathBuf,
    /// The authorities that give certificates to devices; none if devices show tokens alone.
    pub device_ca: Option<PathBuf>,
    /// The secret of all servers that open each other's session tickets.
    pub ticket_key: Option<PathBuf>,
}
