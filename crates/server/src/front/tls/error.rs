//! Why a certificate and its key can't be used. Read [`TlsError`].

use std::io;
use std::path::PathBuf;

use jiff::Timestamp;

/// Which file of TLS.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TlsFile {
    /// The server's certificate.
    Certificate,
    /// Its key.
    Key,
    /// The authorities that give certificates to devices.
    DeviceCa,
    /// The secret under which session tickets are sealed.
    TicketKey,
}

/// Why a certificate and its key, the authorities of devices, or the secret for tickets can't be used.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A file can't be read.
    #[error("{} can't be read: {cause}", path.display())]
    Unreadable {
        /// What it is for.
        file: TlsFile,
        /// Which one.
        path: PathBuf,
        /// What the operating system said.
        #[source]
        cause: io::Error,
    },
    /// A file is too large to be what it should be.
    #[error("{} has more than {most} bytes", path.display())]
    TooLarge {
        /// What it is for.
        file: TlsFile,
        /// Which one.
        path: PathBuf,
        /// How many it may have.
        most: u64,
    },
    /// No certificate can be read in the file.
    #[error("{} holds no certificate in PEM that can be read", .0.display())]
    NoCertificate(PathBuf),
    /// No key can be read in the file.
    #[error("{} holds no unencrypted private key in PEM that can be read", .0.display())]
    NoKey(PathBuf),
    /// No authority can be read in the file.
    #[error("{} holds no authorities' certificates in PEM that can all be used", .0.display())]
    NoAuthority(PathBuf),
    /// The file holds no secret for session tickets.
    #[error("{} doesn't hold one line of 64 hexadecimal digits", .0.display())]
    NoTicketKey(PathBuf),
    /// The key is another certificate's.
    #[error("{} isn't the key of the certificate", .0.display())]
    Mismatch(PathBuf),
    /// The certificate isn't good yet.
    #[error("the certificate in {} is good only from {begins} on", path.display())]
    NotYet {
        /// The file.
        path: PathBuf,
        /// From when on.
        begins: Timestamp,
    },
    /// The certificate has ended.
    #[error("the certificate in {} ended at {ended}", path.display())]
    Ended {
        /// The file.
        path: PathBuf,
        /// When.
        ended: Timestamp,
    },
    /// The library doesn't work here.
    #[error("TLS can't be spoken here: {0}")]
    Library(#[source] rustls::Error),
}

impl TlsError {
    /// The setting that names the file.
    pub fn setting(&self) -> &'static str {
        let file = match self {
            Self::Unreadable { file, .. } | Self::TooLarge { file, .. } => *file,
            Self::NoKey(_) | Self::Mismatch(_) => TlsFile::Key,
            Self::NoAuthority(_) => TlsFile::DeviceCa,
            Self::NoTicketKey(_) => TlsFile::TicketKey,
            _ => TlsFile::Certificate,
        };
        match file {
            TlsFile::Certificate => "tls_certificate",
            TlsFile::Key => "tls_key",
            TlsFile::DeviceCa => "device_ca",
            TlsFile::TicketKey => "tls_ticket_key_file",
        }
    }

    /// The stable id.
    pub fn id(&self) -> &'static str {
        match self {
            Self::Unreadable { .. } => "tls.unreadable",
            Self::TooLarge { .. } => "tls.too-large",
            Self::NoCertificate(_) => "tls.no-certificate",
            Self::NoKey(_) => "tls.no-key",
            Self::NoAuthority(_) => "tls.no-authority",
            Self::NoTicketKey(_) => "tls.no-ticket-key",
            Self::Mismatch(_) => "tls.mismatch",
            Self::NotYet { .. } => "tls.not-yet",
            Self::Ended { .. } => "tls.ended",
            Self::Library(_) => "tls.unspoken",
        }
    }

    /// What to do about it.
    pub fn cure(&self) -> &'static str {
        match self {
            Self::Unreadable { .. } => {
                "check the path, and that the user of this server may read the file"
            }
            Self::TooLarge { .. } => "name the file with the certificate, or the key, alone",
            Self::NoCertificate(_) => {
                "name a file with the server's certificate first and those of the authorities between behind it, each from -----BEGIN CERTIFICATE----- on"
            }
            Self::NoKey(_) => {
                "name a file with the certificate's key, as PKCS#8, SEC1 or PKCS#1, without a passphrase"
            }
            Self::NoAuthority(_) => {
                "name a file with the certificates of those who give certificates to devices, each from -----BEGIN CERTIFICATE----- on, and nothing else"
            }
            Self::NoTicketKey(_) => {
                "write what `openssl rand -hex 32` says into it, and nothing else; the same at all servers"
            }
            Self::Mismatch(_) => {
                "bring the certificate and the key that belong together; the server's own certificate stands first in its file"
            }
            Self::NotYet { .. } => {
                "set this machine's clock, or bring a certificate that is good now"
            }
            Self::Ended { .. } => "bring a new certificate; if it is one, set this machine's clock",
            Self::Library(_) => "report it: it is a fault of Mainstay",
        }
    }
}
