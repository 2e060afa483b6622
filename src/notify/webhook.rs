//! Webhooks, signed as Standard Webhooks specifies: the receiver can verify the sender and the time, and detect
//! repetitions.

use std::fmt;
use std::time::{Duration, UNIX_EPOCH};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::header::RETRY_AFTER;
use http::uri::Uri;
use http::{HeaderMap, Request, StatusCode};
use http_body_util::Full;
use ring::hmac;
use secrecy::{ExposeSecret, SecretString};

use super::Message;
use super::event::{CONTENT_TYPE, event};
use crate::https::{self, NotSent};
use crate::ledger::notification::Attempt;
use crate::spans::PostSpan;

/// URL of the webhook: `https`, or `http` to this machine.
#[derive(Clone, PartialEq, Eq)]
pub struct WebhookUrl(Uri);

impl WebhookUrl {
    /// # Errors
    /// The mistake, without the text, because some URLs have a secret in the path.
    pub fn parse(text: &str) -> Result<Self, String> {
        https::address(text).map(Self).map_err(|why| {
            let error_text = match why {
                NotSent::Form => "it is not a URL such as https://hooks.example.com/usher",
                NotSent::Password => "must not contain a user or password: events are signed",
                NotSent::Plain => "must be https:// unless it is on this machine: events name users",
            };
            error_text.into()
        })
    }
}

/// Without path and query, because some URLs have a secret there.
impl fmt::Display for WebhookUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&https::shown(&self.0))
    }
}

impl fmt::Debug for WebhookUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Keys that sign events: one, or during a rotation the old one and the new one.
#[derive(Clone)]
pub struct SigningKeys(Vec<hmac::Key>);

impl fmt::Debug for SigningKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} signing keys", self.0.len())
    }
}

impl SigningKeys {
    /// Parses secrets such as `whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw`, separated by white space.
    ///
    /// # Errors
    /// The mistake in one of them, without the text.
    pub fn parse(text: &SecretString) -> Result<Self, String> {
        /// Bounds of a key in bytes, and of the number of keys.
        const MIN_KEY_BYTES: usize = 24;
        const MAX_KEY_BYTES: usize = 64;
        const MAX_KEYS: usize = 4;
        let form = "a secret is whsec_ and the base64 of 24 to 64 bytes";
        let read = |secret: &str| {
            let bytes = STANDARD.decode(secret.strip_prefix("whsec_")?).ok()?;
            (MIN_KEY_BYTES..=MAX_KEY_BYTES).contains(&bytes.len()).then(|| hmac::Key::new(hmac::HMAC_SHA256, &bytes))
        };
        let keys: Option<Vec<_>> = text.expose_secret().split_whitespace().map(read).collect();
        match keys {
            Some(keys) if (1..=MAX_KEYS).contains(&keys.len()) => Ok(Self(keys)),
            Some(_) => Err(format!("{form}; there must be one, and at most {MAX_KEYS}")),
            None => Err(form.into()),
        }
    }

    /// The header `webhook-signature`: one signature for each key.
    fn sign(&self, id: &str, unix_seconds: i64, body: &str) -> String {
        let signed = format!("{id}.{unix_seconds}.{body}");
        let one = |key: &hmac::Key| format!("v1,{}", STANDARD.encode(hmac::sign(key, signed.as_bytes())));
        self.0.iter().map(one).collect::<Vec<_>>().join(" ")
    }
}

/// Sender of events to a webhook.
pub struct Webhook {
    url: WebhookUrl,
    keys: SigningKeys,
    client: https::Client,
}

impl fmt::Debug for Webhook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Webhook").field("url", &self.url.to_string()).field("keys", &self.keys).finish_non_exhaustive()
    }
}

impl Webhook {
    /// A sender that signs each event with all `keys`.
    #[must_use]
    pub fn new(url: WebhookUrl, keys: SigningKeys) -> Self {
        Self { url, keys, client: https::client() }
    }

    /// Sends an event. Of the answer, only the status and `Retry-After` count: the body is not read, and a redirection
    /// is a failure.
    pub(super) async fn send(&self, message: &Message, unix_seconds: i64) -> Attempt {
        let body = event(message);
        let span = PostSpan::begin(self.url.0.host().unwrap_or_default());
        let mut request = Request::post(&self.url.0)
            .header(http::header::CONTENT_TYPE, CONTENT_TYPE)
            .header(http::header::USER_AGENT, https::USER_AGENT)
            .header("webhook-id", &message.id)
            .header("webhook-timestamp", unix_seconds)
            .header("webhook-signature", self.keys.sign(&message.id, unix_seconds, &body));
        for (name, value) in span.iter().flat_map(PostSpan::headers) {
            request = request.header(name, value);
        }
        let request = match request.body(Full::new(Bytes::from(body))) {
            Ok(request) => request,
            Err(error) => return Attempt::Refused(error.to_string().into()),
        };
        let answer = self.client.request(request).await;
        if let Some(span) = span {
            span.end(answer.as_ref().ok().map(|response| response.status().as_u16()));
        }
        match answer {
            Ok(response) if response.status().is_success() => Attempt::Answered,
            // Standard Webhooks: the receiver wants no more events.
            Ok(response) if response.status() == StatusCode::GONE => {
                Attempt::Refused(self.error_text(response.status()))
            }
            Ok(response) => {
                let why = self.error_text(response.status());
                match retry_after(response.headers(), unix_seconds) {
                    Some(pause) => Attempt::Later(why, pause),
                    None => Attempt::Failed(why),
                }
            }
            Err(error) => Attempt::Failed(format!("{}: {}", self.url, https::whole(&error)).into()),
        }
    }

    fn error_text(&self, status: StatusCode) -> Box<str> {
        format!("{} answered {status}", self.url).into()
    }
}

/// Time after which the receiver may be called again: in seconds, or until a date (RFC 9110, 10.2.3).
fn retry_after(headers: &HeaderMap, unix_seconds: i64) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = text.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let until = httpdate::parse_http_date(text).ok()?.duration_since(UNIX_EPOCH).ok()?;
    Some(until.saturating_sub(Duration::from_secs(u64::try_from(unix_seconds).ok()?)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_receiver_says_in_seconds_or_by_a_date_when_it_can_be_asked_again() {
        let said = |text: &str| {
            let headers = HeaderMap::from_iter([(RETRY_AFTER, text.parse().unwrap())]);
            retry_after(&headers, 1_800_000_000).map(|pause| pause.as_secs())
        };
        for (text, seconds) in [
            ("120", Some(120)),
            (" 0 ", Some(0)),
            ("Fri, 15 Jan 2027 08:10:00 GMT", Some(600)),
            ("Fri, 15 Jan 2027 07:00:00 GMT", Some(0)),
            ("Friday, 15-Jan-27 08:10:00 GMT", Some(600)),
            ("", None),
            ("-1", None),
            ("1.5", None),
            ("soon", None),
        ] {
            assert_eq!(said(text), seconds, "{text}");
        }
        assert_eq!(retry_after(&HeaderMap::new(), 0), None);
    }

    #[test]
    fn a_url_is_https_or_of_this_machine() {
        for (text, shown) in [
            ("https://hooks.example.com/usher?token=x", "https://hooks.example.com/…"),
            ("http://127.0.0.1:8080/", "http://127.0.0.1:8080/…"),
            ("http://localhost/x", "http://localhost/…"),
            ("http://[::1]:80/x", "http://[::1]:80/…"),
        ] {
            assert_eq!(WebhookUrl::parse(text).unwrap().to_string(), shown);
        }
        for text in ["", "/x", "hooks.example.com", "ftp://hooks.example.com", "https://", "https:///x"] {
            assert!(WebhookUrl::parse(text).unwrap_err().contains("it is not a URL such as https://"), "{text}");
        }
        assert!(WebhookUrl::parse("http://hooks.example.com/").unwrap_err().contains("must be https://"));
        let error_text = WebhookUrl::parse("https://a:hunter2@hooks.example.com/").unwrap_err();
        assert!(error_text.contains("signed") && !error_text.contains("hunter2"), "{error_text}");
    }

    /// The example of the specification.
    #[test]
    fn the_signature_is_that_of_standard_webhooks() {
        let keys = SigningKeys::parse(&"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw".into()).unwrap();
        let signature = keys.sign("msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, r#"{"test": 2432232314}"#);
        assert_eq!(signature, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }

    #[test]
    fn while_a_secret_is_changed_both_sign() {
        let old = format!("whsec_{}", STANDARD.encode([1; 24]));
        let new = format!("whsec_{}", STANDARD.encode([2; 64]));
        let both = SigningKeys::parse(&format!("{old}\n{new}\n").into()).unwrap();
        let one = |secret: String| SigningKeys::parse(&secret.into()).unwrap().sign("a", 1, "b");
        assert_eq!(both.sign("a", 1, "b"), format!("{} {}", one(old), one(new)));
    }

    #[test]
    fn what_is_no_secret_is_refused_and_not_shown() {
        let short = format!("whsec_{}", STANDARD.encode([1; 23]));
        let five = format!("whsec_{} ", STANDARD.encode([1; 24])).repeat(5);
        for text in ["", " ", "hunter2", "whsec_hunter2", &short, &five] {
            let error_text = SigningKeys::parse(&text.into()).unwrap_err();
            assert!(error_text.contains("whsec_ and the base64") && !error_text.contains("hunter2"), "{error_text}");
        }
        let keys = SigningKeys::parse(&format!("whsec_{}", STANDARD.encode([1; 24])).into()).unwrap();
        assert_eq!(format!("{keys:?}"), "1 signing keys");
    }
}
