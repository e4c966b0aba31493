//! A name that a certificate may be for. Read [`DnsName::parse`].

use std::collections::BTreeSet;

use rustls::pki_types::CertificateDer;
use x509_parser::extensions::GeneralName;

/// The longest name, and the longest part of one (RFC 1035, section 2.3.4).
const NAME_BYTES_MAX: usize = 253;
const LABEL_BYTES_MAX: usize = 63;

/// The name of a host, in small letters; no wildcard, which this way of asking gets no certificate for (RFC 8737, section 3), and no address.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct DnsName(String);

impl DnsName {
    /// The name in this text, if it is one.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let name = text.to_ascii_lowercase();
        let is_host = name.len() <= NAME_BYTES_MAX && name.split('.').all(is_label);
        let last = name.rsplit('.').next().unwrap_or_default();
        let is_address = last.bytes().all(|byte| byte.is_ascii_digit());
        (is_host && !is_address).then_some(Self(name))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

fn is_label(label: &str) -> bool {
    let is_sign = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    (1..=LABEL_BYTES_MAX).contains(&label.len())
        && label.bytes().all(is_sign)
        && !label.starts_with('-')
        && !label.ends_with('-')
}

/// Whether a certificate is for these names, and for no others.
pub(super) fn is_for(certificate: &CertificateDer<'_>, names: &[DnsName]) -> bool {
    let Ok((_, parsed)) = x509_parser::parse_x509_certificate(certificate) else {
        return false;
    };
    let Ok(Some(found)) = parsed.subject_alternative_name() else {
        return false;
    };
    let found = found.value.general_names.iter().map(|name| match name {
        GeneralName::DNSName(name) => Some(name.to_ascii_lowercase()),
        _ => None,
    });
    let wanted = names.iter().map(|name| name.0.clone());
    found.collect::<Option<BTreeSet<_>>>() == Some(wanted.collect())
}

#[cfg(test)]
mod tests {
    use rcgen::{CertificateParams, KeyPair};

    use super::*;

    #[test]
    fn a_host_has_a_name_and_nothing_else_has() {
        let long = format!("{}.example", "x".repeat(64));
        let longer = format!("{}example", "x.".repeat(124));
        for (text, expected) in [
            ("updates.example", Some("updates.example")),
            ("Updates.EXAMPLE", Some("updates.example")),
            ("xn--bcher-kva.example", Some("xn--bcher-kva.example")),
            ("ca", Some("ca")),
            ("1.example", Some("1.example")),
            ("*.example", None),
            ("192.0.2.1", None),
            ("2001:db8::1", None),
            ("updates.example.", None),
            (".example", None),
            ("a..example", None),
            ("-a.example", None),
            ("a-.example", None),
            ("a_b.example", None),
            ("b\u{fc}cher.example", None),
            ("https://updates.example", None),
            ("updates.example:443", None),
            ("", None),
            (&*long, None),
            (&*longer, None),
        ] {
            let name = DnsName::parse(text);
            assert_eq!(name.as_ref().map(DnsName::as_str), expected, "{text}");
        }
    }

    #[test]
    fn a_certificate_is_for_all_names_and_no_more() {
        let names = |names: &[&str]| -> Vec<_> {
            names
                .iter()
                .map(|name| DnsName::parse(name).unwrap())
                .collect()
        };
        let made = |names: &[&str]| {
            let names: Vec<_> = names.iter().map(|name| (*name).to_owned()).collect();
            let params = CertificateParams::new(names).unwrap();
            params.self_signed(&KeyPair::generate().unwrap()).unwrap()
        };
        for (of, wanted, expected) in [
            (&["a.example"][..], &["a.example"][..], true),
            (
                &["B.example", "a.example"],
                &["a.example", "b.example"],
                true,
            ),
            (&["a.example"], &["a.example", "b.example"], false),
            (&["a.example", "b.example"], &["a.example"], false),
            (&["a.example", "192.0.2.1"], &["a.example"], false),
            (&[], &["a.example"], false),
        ] {
            assert_eq!(is_for(made(of).der(), &names(wanted)), expected, "{of:?}");
        }
        let none = CertificateDer::from(vec![1, 2, 3]);
        assert!(!is_for(&none, &names(&["a.example"])));
    }
}
