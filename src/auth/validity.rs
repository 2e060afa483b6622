//! Reads the validity period of a certificate. rustls checks it only at the handshake; a connection can outlive its
//! certificate, and the server's own certificate is checked only by its clients.

use rustls::pki_types::CertificateDer;

use crate::ledger::time::WallTime;

const INTEGER: u8 = 0x02;
const UTC_TIME: u8 = 0x17;
const GENERALIZED_TIME: u8 = 0x18;
const SEQUENCE: u8 = 0x30;
/// The version, which old certificates do not have.
const VERSION: u8 = 0xa0;

/// Returns the earliest end of a chain, from which on it is invalid. A certificate whose end cannot be read counts as
/// expired.
pub fn end_of_chain(chain: &[CertificateDer<'_>]) -> WallTime {
    let ends = chain.iter().map(|certificate| not_after(certificate).unwrap_or(WallTime(i64::MIN)));
    ends.min().unwrap_or(WallTime(i64::MIN))
}

fn not_after(certificate: &[u8]) -> Option<WallTime> {
    span(certificate).map(|(_, end)| end)
}

/// Reads `tbsCertificate.validity` (RFC 5280, section 4.1): from the first of the two times to the end of the second of
/// the other one.
pub fn span(certificate: &[u8]) -> Option<(WallTime, WallTime)> {
    let (certificate, _) = element(certificate, SEQUENCE)?;
    let (mut tbs, _) = element(certificate, SEQUENCE)?;
    if tbs.first() == Some(&VERSION) {
        tbs = element(tbs, VERSION)?.1;
    }
    // Serial number, signature algorithm, issuer.
    for tag in [INTEGER, SEQUENCE, SEQUENCE] {
        tbs = element(tbs, tag)?.1;
    }
    let (validity, _) = element(tbs, SEQUENCE)?;
    let (begin, rest) = time(validity)?;
    let (end, _) = time(rest)?;
    Some((WallTime(begin * 1_000), WallTime(end * 1_000 + 999)))
}

/// Reads a time in seconds since 1970; returns the rest, too.
fn time(bytes: &[u8]) -> Option<(i64, &[u8])> {
    let (text, behind) = any_element(bytes)?;
    let seconds = match bytes[0] {
        UTC_TIME => {
            let (year, rest) = number(text, 2)?;
            // RFC 5280, section 4.1.2.5.1.
            seconds(year + if year < 50 { 2_000 } else { 1_900 }, rest)?
        }
        GENERALIZED_TIME => {
            let (year, rest) = number(text, 4)?;
            seconds(year, rest)?
        }
        _ => return None,
    };
    Some((seconds, behind))
}

/// Reads an element with this tag; returns its content, and the rest.
fn element(bytes: &[u8], tag: u8) -> Option<(&[u8], &[u8])> {
    if *bytes.first()? == tag { any_element(bytes) } else { None }
}

fn any_element(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (first, rest) = bytes.get(1..)?.split_first()?;
    let (length, rest) = match usize::from(*first) {
        short @ 0..0x80 => (short, rest),
        long => {
            let (length, rest) = rest.split_at_checked(long - 0x80).filter(|(length, _)| length.len() <= 4)?;
            (length.iter().fold(0, |length, byte| length << 8 | usize::from(*byte)), rest)
        }
    };
    rest.split_at_checked(length)
}

/// Converts `MMDDHHMMSSZ` of a year to seconds since 1970.
fn seconds(year: i64, text: &[u8]) -> Option<i64> {
    let (month, text) = number(text, 2)?;
    let (day, text) = number(text, 2)?;
    let (hour, text) = number(text, 2)?;
    let (minute, text) = number(text, 2)?;
    let (second, text) = number(text, 2)?;
    if text != b"Z" || !(1..=12).contains(&month) || !(1..=31).contains(&day) {
        return None;
    }
    // Days since 1970-01-01, in years that begin in March, so that a leap day is the last one.
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let (era, of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let days = era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + (153 * month + 2) / 5 + day - 1 - 719_468;
    Some(((days * 24 + hour) * 60 + minute) * 60 + second)
}

/// Reads a number of `digits` digits; returns the rest, too.
fn number(text: &[u8], digits: usize) -> Option<(i64, &[u8])> {
    let (number, rest) = text.split_at_checked(digits)?;
    let value = std::str::from_utf8(number).ok().filter(|number| number.bytes().all(|byte| byte.is_ascii_digit()))?;
    Some((value.parse().ok()?, rest))
}

#[cfg(test)]
mod tests {
    use rcgen::{CertificateParams, KeyPair, date_time_ymd};

    use super::*;

    fn certificate(year: i32, month: u8, day: u8) -> CertificateDer<'static> {
        let mut params = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
        params.not_before = date_time_ymd(1998, 7, 1);
        params.not_after = date_time_ymd(year, month, day);
        params.self_signed(&KeyPair::generate().unwrap()).unwrap().into()
    }

    #[test]
    fn the_end_is_that_of_the_certificate() {
        for (year, month, day, seconds) in [
            (1999, 12, 31, 946_598_400),
            (2024, 2, 29, 1_709_164_800),
            (2038, 1, 20, 2_147_558_400),
            // From 2050 on the year has four digits.
            (2050, 1, 1, 2_524_608_000),
            (4096, 3, 1, 67_095_302_400),
        ] {
            let end = not_after(&certificate(year, month, day)).unwrap();
            assert_eq!(end, WallTime(seconds * 1_000 + 999), "{year}-{month}-{day}");
            let begin = WallTime(899_251_200_000);
            assert_eq!(span(&certificate(year, month, day)), Some((begin, end)), "{year}-{month}-{day}");
        }
    }

    #[test]
    fn a_chain_ends_with_its_first_certificate_that_does() {
        let chain = [certificate(2040, 1, 1), certificate(2030, 1, 1), certificate(2035, 1, 1)];
        assert_eq!(end_of_chain(&chain), not_after(&chain[1]).unwrap());
        assert_eq!(end_of_chain(&[]), WallTime(i64::MIN));
        assert_eq!(
            end_of_chain(&[CertificateDer::from(vec![0x30, 3, 0x30, 1])]),
            WallTime(i64::MIN),
            "it cannot be read"
        );
    }

    #[test]
    fn bytes_that_are_no_certificate_have_no_end() {
        let good = certificate(2040, 1, 1);
        for cut in 0..good.len() {
            let mut bytes = good.to_vec();
            bytes.truncate(cut);
            let _ = not_after(&bytes);
            let mut bytes = good.to_vec();
            bytes[cut] ^= 0xff;
            let _ = not_after(&bytes);
        }
        assert_eq!(not_after(&[]), None);
        assert_eq!(not_after(&[0x30, 0x84, 0xff, 0xff, 0xff, 0xff]), None);
    }
}
