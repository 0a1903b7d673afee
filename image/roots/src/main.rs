//! Prints the CA certificates of the container image: those that Mozilla trusts for servers, as PEM, in the order of
//! the crate that carries them. Its version in Cargo.lock says which.

use std::io::{self, Write};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

/// Characters in a line of PEM: RFC 7468, section 2.
const LINE: usize = 64;

/// A certificate in PEM.
fn pem(der: &[u8]) -> String {
    let mut text = String::from("-----BEGIN CERTIFICATE-----\n");
    for (index, character) in STANDARD.encode(der).chars().enumerate() {
        if index > 0 && index % LINE == 0 {
            text.push('\n');
        }
        text.push(character);
    }
    text + "\n-----END CERTIFICATE-----\n"
}

fn main() -> io::Result<()> {
    let mut out = io::stdout().lock();
    for certificate in webpki_root_certs::TLS_SERVER_ROOT_CERTS {
        out.write_all(pem(certificate).as_bytes())?;
    }
    out.flush()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_certificate_is_printed_in_lines_that_decode_to_its_bytes() {
        let der: Vec<u8> = (0..=255).collect();
        let text = pem(&der);
        let lines: Vec<_> = text.lines().collect();
        let [first, body @ .., last] = lines.as_slice() else { unreachable!() };
        assert_eq!((*first, *last), ("-----BEGIN CERTIFICATE-----", "-----END CERTIFICATE-----"));
        assert!(body.iter().all(|line| line.len() <= LINE), "{text}");
        assert_eq!(STANDARD.decode(body.concat()).ok(), Some(der));
    }
}
