//! SPIFFE ids in their canonical form (SPIFFE-ID, section 2). Any other form is refused and not normalized: two readers
//! could normalize it in two ways, and a pattern would match what its author never meant.

/// Maximum length of an id, in bytes.
const MAX_ID_BYTES: usize = 2_048;
/// Maximum length of a trust domain, in bytes.
const MAX_TRUST_DOMAIN_BYTES: usize = 255;

const SCHEME: &str = "spiffe:";

/// True if a URI claims to be a SPIFFE id, rightly or not.
pub fn claims_to_be_one(uri: &str) -> bool {
    uri.get(..SCHEME.len()).is_some_and(|scheme| scheme.eq_ignore_ascii_case(SCHEME))
}

/// Validates a SPIFFE id.
///
/// # Errors
/// The part of the specification that it violates.
pub fn validate(id: &str) -> Result<(), &'static str> {
    if id.len() > MAX_ID_BYTES {
        return Err("is a SPIFFE id longer than 2048 bytes");
    }
    let rest = id.strip_prefix("spiffe://").ok_or("is a SPIFFE id that does not begin with spiffe://")?;
    let (trust_domain, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    if trust_domain.is_empty() || trust_domain.len() > MAX_TRUST_DOMAIN_BYTES {
        return Err("is a SPIFFE id whose trust domain is empty or longer than 255 bytes");
    }
    let of_trust_domain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b".-_".contains(&byte);
    if !trust_domain.bytes().all(of_trust_domain) {
        return Err("is a SPIFFE id whose trust domain has other characters than a-z, 0-9, dot, hyphen and underscore");
    }
    match path.strip_prefix('/') {
        None => Ok(()),
        Some(path) => path.split('/').try_for_each(validate_segment),
    }
}

fn validate_segment(segment: &str) -> Result<(), &'static str> {
    match segment {
        "" => Err("is a SPIFFE id with an empty path segment"),
        "." | ".." => Err("is a SPIFFE id with the path segment . or .."),
        _ if segment.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-_".contains(&byte)) => Ok(()),
        _ => Err("is a SPIFFE id whose path has other characters than letters, digits, dot, hyphen and underscore"),
    }
}

/// Validates the URIs of a certificate: with a SPIFFE id it must have no other URI (X509-SVID, section 2).
///
/// # Errors
/// The part of the specification that they violate.
pub fn validate_all(uris: &[&str]) -> Result<(), &'static str> {
    match uris {
        [only] if claims_to_be_one(only) => validate(only),
        several if several.iter().any(|uri| claims_to_be_one(uri)) => Err("has a SPIFFE id and another URI beside it"),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn canonical_ids_are_valid() {
        let longest = format!("spiffe://example.org/{}", "a".repeat(MAX_ID_BYTES - "spiffe://example.org/".len()));
        for id in ["spiffe://example.org", "spiffe://e_x-4.org/Login/eu..1/...", "spiffe://10.0.0.1/a", &longest] {
            assert_eq!(validate_all(&[id]), Ok(()), "{id}");
        }
        assert!(validate(&format!("{longest}a")).is_err());
        let trust_domain = |length| format!("spiffe://{}/a", "a".repeat(length));
        assert!(validate(&trust_domain(255)).is_ok() && validate(&trust_domain(256)).is_err());
    }

    #[test]
    fn any_other_form_is_refused() {
        for id in [
            "spiffe:",
            "spiffe:/example.org/login/eu",
            "spiffe://",
            "spiffe:///login/eu",
            "SPIFFE://example.org/login/eu",
            "Spiffe://example.org/login/eu",
            "spiffe://Example.org/login/eu",
            "spiffe://example.org:8443/login/eu",
            "spiffe://alice@example.org/login/eu",
            "spiffe://ex%61mple.org/login/eu",
            "spiffe://münchen.example/login/eu",
            "spiffe://[::1]/login/eu",
            "spiffe://example.org/",
            "spiffe://example.org/login/",
            "spiffe://example.org//login/eu",
            "spiffe://example.org/login//eu",
            "spiffe://example.org/login/.",
            "spiffe://example.org/login/..",
            "spiffe://example.org/login/../ops",
            "spiffe://example.org/login/./eu",
            "spiffe://example.org/login/%2e%2e/ops",
            "spiffe://example.org/login/%2E",
            "spiffe://example.org/login/eu%2Fus",
            "spiffe://example.org/login/eu?role=ops",
            "spiffe://example.org/login/eu#ops",
            "spiffe://example.org/login/eu;v=1",
            "spiffe://example.org/login\\eu",
            "spiffe://example.org/login/e u",
            "spiffe://example.org/login/eu\u{7}",
            "spiffe://example.org/login/é",
            "spiffe://example.org/login/*",
        ] {
            assert!(validate_all(&[id]).is_err(), "{id}");
        }
    }

    #[test]
    fn a_certificate_has_one_spiffe_id_and_no_other_uri() {
        let id = "spiffe://example.org/login/eu";
        for others in [&[id, id][..], &[id, "https://example.org/"], &["urn:a:b", "SPIFFE://x/"]] {
            assert!(validate_all(others).is_err(), "{others:?}");
        }
        for plain in [&[][..], &["https://example.org/%2e", "urn:a:b"]] {
            assert_eq!(validate_all(plain), Ok(()), "{plain:?}");
        }
    }
}
