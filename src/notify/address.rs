//! Email addresses in a form that every mail server accepts.

use lettre::Address;

/// True if a text is exactly one email address to which mail can be sent.
#[must_use]
pub fn is_address(text: &str) -> bool {
    address(text).is_ok()
}

/// Parses an address. An international domain is converted to its A-label, `xn--…`: servers without SMTPUTF8 accept
/// only that, and both forms are the same domain.
///
/// # Errors
/// The text is not an address.
pub(super) fn address(text: &str) -> Result<Address, String> {
    let none = |why: &dyn std::fmt::Display| format!("{text:?} is not an email address: {why}");
    let read: Address = text.parse().map_err(|error| none(&error))?;
    if read.domain().is_ascii() {
        return Ok(read);
    }
    let domain = idna::domain_to_ascii(read.domain()).map_err(|error| none(&error))?;
    Address::new(read.user(), domain).map_err(|error| none(&error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_international_domain_is_sent_as_its_a_label() {
        for (text, sent) in [
            ("boss@acme.example", "boss@acme.example"),
            ("Boss+seats@Acme.example", "Boss+seats@Acme.example"),
            ("boss@münchen.example", "boss@xn--mnchen-3ya.example"),
            ("boss@MÜNCHEN.example", "boss@xn--mnchen-3ya.example"),
            ("boss@xn--mnchen-3ya.example", "boss@xn--mnchen-3ya.example"),
            ("räx@münchen.example", "räx@xn--mnchen-3ya.example"),
        ] {
            assert_eq!(address(text).map(|read| read.to_string()).as_deref(), Ok(sent));
        }
    }

    #[test]
    fn what_no_mailer_takes_is_no_address() {
        for text in [
            "",
            "boss",
            "@acme.example",
            "boss@",
            "a@x.example;b@x.example",
            "a@x.example,b@x.example",
            "a..b@x.example",
            ".a@x.example",
            "mailto:boss@acme.example",
            "boss@acme.example.",
            "boss@acme..example",
            "boss@-acme.example",
            "boss@münchen..example",
            "Boss <boss@acme.example>",
            "<boss@acme.example>",
            "boss@acme.example\r\nBcc: all@acme.example",
        ] {
            assert!(!is_address(text), "{text}");
        }
    }
}
