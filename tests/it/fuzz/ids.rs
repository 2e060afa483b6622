//! Ids: what is accepted is accepted again as it is printed, and is what the contract allows.

use usher::ids::{IdError, MAX_ID_BYTES, MAX_USER_ID_BYTES, OrganizationId, SessionId, TenantId, UserId};

use super::fuzz;

fn check_user(text: &str) {
    let Ok(id) = UserId::parse(text) else { return };
    let shown = id.as_str();
    assert!((1..=MAX_USER_ID_BYTES).contains(&shown.len()), "{text:?}");
    assert!(!shown.chars().any(|c| c.is_control() || c.is_whitespace()), "{text:?} is {shown:?}");
    // R2: one person has one id, however often it is written down and read again.
    assert_eq!(UserId::parse(shown).as_ref(), Ok(&id), "{text:?}");
}

fn check_id(text: &str) {
    let Ok(id) = TenantId::parse(text) else { return };
    assert_eq!(id.as_str(), text);
    assert!((1..=MAX_ID_BYTES).contains(&text.len()) && !text.chars().any(char::is_control), "{text:?}");
    assert_eq!(TenantId::parse(&id.to_string()), Ok(id));
    assert!(OrganizationId::parse(text).is_ok());
}

fn check_session(text: &str) {
    match SessionId::parse(text) {
        Ok(id) => assert_eq!(SessionId::parse(&id.to_string()), Ok(id), "{text:?}"),
        Err(error) => assert!([IdError::Empty, IdError::NotASession].contains(&error), "{text:?}"),
    }
}

#[test]
fn ids_of_all_kinds() {
    fuzz("ids", 1, |bytes| {
        let text = String::from_utf8_lossy(bytes);
        check_user(&text);
        check_id(&text);
        check_session(&text);
    });
}

#[test]
fn user_ids_of_every_letter_that_there_is() {
    for letter in '\0'..=char::MAX {
        check_user(&format!("{letter}"));
        check_user(&format!("A{letter}\u{301}B"));
    }
}
