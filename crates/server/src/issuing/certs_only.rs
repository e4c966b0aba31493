//! Certificates as this protocol sends them: a CMS message that signs nothing and only carries them (RFC 5652, section 5; RFC 7030, section 4.1.3), in
//! base64. Read [`body`].

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rustls::pki_types::CertificateDer;
use yasna::models::ObjectIdentifier;
use yasna::{Tag, construct_der};

/// Of a message that is signed, and of plain bytes (RFC 5652, sections 4 and 5.1).
const SIGNED_DATA: &[u64] = &[1, 2, 840, 113_549, 1, 7, 2];
const DATA: &[u64] = &[1, 2, 840, 113_549, 1, 7, 1];

/// Signs in a line: what tools that read base64 line by line take.
const LINE: usize = 64;

/// The body of an answer with these certificates.
pub(super) fn body(certificates: &[CertificateDer<'_>]) -> String {
    let text = STANDARD.encode(message(certificates));
    let mut body = String::with_capacity(text.len() + text.len() / LINE + 1);
    let mut rest = &*text;
    while !rest.is_empty() {
        // Base64 is ASCII, so that any place is one between two signs.
        let (line, more) = rest.split_at(rest.len().min(LINE));
        body.push_str(line);
        body.push('\n');
        rest = more;
    }
    body
}

fn message(certificates: &[CertificateDer<'_>]) -> Vec<u8> {
    construct_der(|writer| {
        writer.write_sequence(|writer| {
            let oid = ObjectIdentifier::from_slice(SIGNED_DATA);
            writer.next().write_oid(&oid);
            let content = |writer: yasna::DERWriter<'_>| signed_data(writer, certificates);
            writer.next().write_tagged(Tag::context(0), content);
        });
    })
}

/// Version, digests, content, certificates, signers: of these only certificates.
fn signed_data(writer: yasna::DERWriter<'_>, certificates: &[CertificateDer<'_>]) {
    writer.write_sequence(|writer| {
        writer.next().write_u8(1);
        writer.next().write_set(|_| {});
        writer.next().write_sequence(|writer| {
            let oid = ObjectIdentifier::from_slice(DATA);
            writer.next().write_oid(&oid);
        });
        let carried = |writer: yasna::DERWriter<'_>| {
            writer.write_set_of(|writer| {
                for certificate in certificates {
                    writer.next().write_der(certificate);
                }
            });
        };
        writer
            .next()
            .write_tagged_implicit(Tag::context(0), carried);
        writer.next().write_set(|_| {});
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two stand-ins for certificates: a SEQUENCE with one number each.
    #[test]
    fn golden_bytes() {
        let (one, other) = ([0x30, 3, 2, 1, 1], [0x30, 3, 2, 1, 2]);
        let certificates = [
            CertificateDer::from(one.to_vec()),
            CertificateDer::from(other.to_vec()),
        ];
        let expected = concat!(
            "302f",
            "06092a864886f70d010702",
            "a022",
            "3020",
            "020101",
            "3100",
            "300b06092a864886f70d010701",
            "a00a30030201013003020102",
            "3100",
        );
        assert_eq!(hex::encode(message(&certificates)), expected);
    }

    #[test]
    fn it_has_lines_that_every_tool_reads() {
        let long = CertificateDer::from([vec![0x30, 0x81, 200], vec![0; 200]].concat());
        let body = body(std::slice::from_ref(&long));
        assert!(body.ends_with('\n'));
        assert!(body.lines().all(|line| (1..=LINE).contains(&line.len())));
        let joined: String = body.lines().collect();
        assert_eq!(STANDARD.decode(joined).unwrap(), message(&[long]));
    }
}
