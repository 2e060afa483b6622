//! The vendor's folder: an HTTPS URL under which a tenant's newest license is `{instance}/{tenant}.lic`.

use std::fmt;
use std::time::Duration;

use bytes::Bytes;
use http::header::USER_AGENT;
use http::uri::{PathAndQuery, Uri};
use http::{Request, StatusCode};
use http_body_util::{BodyExt, Full, Limited};
use tokio::sync::Semaphore;

use crate::https::{self, NotSent};
use crate::ids::{InstanceId, TenantId};
use crate::license::LICENSE;

/// Longest time of a fetch, including the wait for others that are in progress: less than the default deadline of a
/// call, ten seconds.
const FETCH_TIMEOUT: Duration = Duration::from_secs(8);
/// Fetches in progress at once, for all callers.
const MAX_CONCURRENT_FETCHES: usize = 8;

/// URL of the folder: `https`, or `http` to this machine.
#[derive(Clone, PartialEq, Eq)]
pub struct FolderUrl(Uri);

impl FolderUrl {
    /// # Errors
    /// The mistake, without the text, which may contain a secret.
    pub fn parse(text: &str) -> Result<Self, String> {
        https::address(text).map(Self).map_err(|why| {
            let message = match why {
                NotSent::Form => "it is not a URL such as https://licenses.vendor.example/usher",
                NotSent::Password => "must not contain a user or password",
                NotSent::Plain => "must be https:// unless it is on this machine",
            };
            message.into()
        })
    }

    /// URL of a tenant's license. Any id becomes exactly one segment of the path. A query stays in place, because some
    /// file stores sign their URLs in it.
    fn file(&self, instance: InstanceId, tenant: &TenantId) -> Option<Uri> {
        let mut parts = self.0.clone().into_parts();
        let folder = self.0.path().trim_end_matches('/');
        let query = self.0.query().map(|query| format!("?{query}")).unwrap_or_default();
        let path = format!("{folder}/{instance}/{}.lic{query}", encoded(tenant.as_str()));
        parts.path_and_query = Some(path.parse::<PathAndQuery>().ok()?);
        Uri::from_parts(parts).ok()
    }
}

/// Without path and query, which may contain a secret.
impl fmt::Display for FolderUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&https::shown(&self.0))
    }
}

impl fmt::Debug for FolderUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Percent-encodes all but the unreserved characters (RFC 3986). The suffix `.lic` keeps the name from being `.` or
/// `..`.
fn encoded(name: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    let one = |byte: u8| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") };
    name.bytes().map(one).collect()
}

/// Result of a fetch.
#[derive(Debug, PartialEq, Eq)]
pub enum Fetched {
    /// A document, not verified yet.
    Document(String),
    /// The vendor answered that there is no license, or no newer one.
    Nothing,
    /// No usable answer, and the reason.
    Failed(String),
}

/// Client of the vendor's folder.
pub struct Folder {
    url: FolderUrl,
    client: https::Client,
    permits: Semaphore,
}

impl fmt::Debug for Folder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.url, f)
    }
}

impl Folder {
    /// A client that makes at most 8 requests at once.
    #[must_use]
    pub fn new(url: FolderUrl) -> Self {
        Self { url, client: https::client(), permits: Semaphore::new(MAX_CONCURRENT_FETCHES) }
    }

    #[must_use]
    pub fn url(&self) -> &FolderUrl {
        &self.url
    }

    /// Fetches a tenant's license, within [`FETCH_TIMEOUT`]. A redirection counts as a failure, because it could direct
    /// this server anywhere.
    pub async fn fetch(&self, instance: InstanceId, tenant: &TenantId) -> Fetched {
        let result = tokio::time::timeout(FETCH_TIMEOUT, self.request(instance, tenant)).await;
        let result = result.unwrap_or_else(|_| Err(format!("no answer within {FETCH_TIMEOUT:?}")));
        result.unwrap_or_else(|why| Fetched::Failed(format!("{}: {why}", self.url)))
    }

    async fn request(&self, instance: InstanceId, tenant: &TenantId) -> Result<Fetched, String> {
        let uri = self.url.file(instance, tenant).ok_or("there is no such URL")?;
        let _permit = self.permits.acquire().await.map_err(|error| error.to_string())?;
        let request = Request::get(uri).header(USER_AGENT, https::USER_AGENT);
        let request = request.body(Full::new(Bytes::new())).map_err(|error| error.to_string())?;
        let response = self.client.request(request).await.map_err(|error| https::whole(&error))?;
        match response.status() {
            StatusCode::OK => {}
            StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED | StatusCode::NOT_FOUND | StatusCode::GONE => {
                return Ok(Fetched::Nothing);
            }
            status if status.is_redirection() => {
                return Err(format!("it answered {status}, and redirections are not followed"));
            }
            status => return Err(format!("it answered {status}")),
        }
        let body = Limited::new(response.into_body(), LICENSE.max_bytes()).collect().await;
        let body = body.map_err(|error| match error.is::<http_body_util::LengthLimitError>() {
            true => format!("it is larger than {} bytes", LICENSE.max_bytes()),
            false => https::whole(&*error),
        })?;
        // A body that is not text is no license: verification refuses it.
        Ok(Fetched::Document(String::from_utf8_lossy(&body.to_bytes()).into_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_https_or_of_this_machine_and_shows_no_secret() {
        for (text, shown) in [
            ("https://licenses.vendor.example", "https://licenses.vendor.example/…"),
            ("https://licenses.vendor.example/secret/?sig=x", "https://licenses.vendor.example/…"),
            ("http://127.0.0.1:8080/x", "http://127.0.0.1:8080/…"),
        ] {
            let url = FolderUrl::parse(text).unwrap();
            assert_eq!((url.to_string().as_str(), format!("{url:?}").as_str()), (shown, shown));
        }
        for text in ["", "/x", "licenses.vendor.example", "ftp://vendor.example", "file:///srv/licenses", "https://"] {
            assert!(FolderUrl::parse(text).unwrap_err().contains("it is not a URL such as https://"), "{text}");
        }
        assert!(FolderUrl::parse("http://vendor.example/").unwrap_err().contains("must be https://"));
        let message = FolderUrl::parse("https://a:hunter2@vendor.example/").unwrap_err();
        assert!(!message.contains("hunter2"), "{message}");
    }

    #[test]
    fn a_tenants_license_is_one_file_whatever_the_tenant_is_called() {
        const INSTANCE: &str = "00000000-0000-0000-0000-000000000001";
        let instance = InstanceId(uuid::Uuid::from_u128(1));
        for (folder, tenant, file) in [
            ("https://v.example", "acme", "https://v.example/I/acme.lic"),
            ("https://v.example/", "acme", "https://v.example/I/acme.lic"),
            ("https://v.example/a/b", "acme", "https://v.example/a/b/I/acme.lic"),
            ("https://v.example/a/b//", "Acme_1~2", "https://v.example/a/b/I/Acme_1~2.lic"),
            ("https://v.example/a?sig=x%2Fy", "acme", "https://v.example/a/I/acme.lic?sig=x%2Fy"),
            ("https://v.example", "../bolt", "https://v.example/I/..%2Fbolt.lic"),
            ("https://v.example", "..", "https://v.example/I/...lic"),
            ("https://v.example", "a b?c#d%2e", "https://v.example/I/a%20b%3Fc%23d%252e.lic"),
            ("https://v.example", "süd\\1", "https://v.example/I/s%C3%BCd%5C1.lic"),
            ("http://[::1]:8080/x", "a:b@c", "http://[::1]:8080/x/I/a%3Ab%40c.lic"),
        ] {
            let url = FolderUrl::parse(folder).unwrap();
            let found = url.file(instance, &TenantId::stored(tenant)).unwrap().to_string();
            assert_eq!(found, file.replace("/I/", &format!("/{INSTANCE}/")), "{folder} {tenant}");
        }
    }
}
