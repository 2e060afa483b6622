//! Ids: an accepted id is accepted again as it is displayed, and keeps to the contract's limits.

use usher::ids::{IdError, MAX_ID_BYTES, MAX_USER_ID_BYTES, OrganizationId, SessionId, TenantId, UserId};

use super::fuzz;

fn check_user(text: &str) {
    let Ok(id) = UserId::parse(text) else { return };
    let shown = id.as_str();
    assert!((1..=MAX_USER_ID_BYTES).contains(&shown.len()), "{text:?}");
    assert!(!shown.chars().any(|c| c.is_control() || c.is_whitespace()), "{text:?} is {shown:?}");
    // R2: an id stays the same, however often it is written down and read again.
    assert_eq!(UserId::parse(shown).as_ref(), Ok(&id), "{text:?}");
    assert_eq!(UserId::stored(shown).renewed(), None, "{text:?}");
    // Letter case and invisible characters make no difference (R2). The dotless i is left out: its capital is also the
    // capital of another letter.
    if shown.contains('ı') {
        return;
    }
    let invisible: String = shown.chars().flat_map(|letter| ['\u{200b}', letter]).collect();
    for other in [shown.to_uppercase(), invisible].iter().filter(|other| other.len() <= MAX_USER_ID_BYTES) {
        let local = |text: &str| text.split('@').next().unwrap_or_default().to_owned();
        let other = UserId::parse(other).map(|id| local(id.as_str()));
        assert_eq!(other, Ok(local(shown)), "{text:?}");
    }
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
    // Han and Hangul are left out: their letters are all treated alike.
    for letter in ('\0'..'\u{3400}').chain('\u{a000}'..'\u{ac00}').chain('\u{f8ff}'..'\u{20000}') {
        check_user(&format!("{letter}"));
        check_user(&format!("A{letter}\u{301}B"));
        check_user(&format!("{letter}@{letter}a.example"));
    }
    ('\0'..=char::MAX).step_by(61).for_each(|letter| check_user(&format!("A{letter}\u{301}B")));
}
