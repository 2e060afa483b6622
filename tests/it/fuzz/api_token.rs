//! API tokens: a valid token parses to itself, and is never displayed with its secret.

use secrecy::ExposeSecret;
use usher::auth::token::Token;

use super::fuzz;

#[test]
fn texts_of_tokens() {
    let mut good = 0;
    fuzz("api-token", 1, |bytes| {
        let text = String::from_utf8_lossy(bytes);
        let Ok(token) = Token::parse(&text) else { return };
        good += 1;
        assert_eq!(token.text().expose_secret(), text);
        assert!(Token::has_token_prefix(&text));
        let secret = text.split('_').nth(2).expect("a secret");
        assert!(!format!("{token:?} {:?}", token.hash()).contains(secret));
    });
    assert!(good >= 2, "the good seeds have gone stale");
}
