//! Checks the form of every request: a POST with a content type of gRPC, and with no more header fields than a call
//! needs. A page in a browser can make other kinds of requests without a preflight.

use http::header::{ALLOW, CONTENT_TYPE, HeaderName};
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode, Version};
use tonic::body::Body;
use tonic::{Code, Status};

use super::forward::PEER_HEADERS;
use crate::status::{self, FieldViolations};

/// Maximum number of header fields of a call. Calls have about ten, behind proxies thirty.
const MAX_FIELDS: usize = 128;
/// Number of header fields that are kept while a call is open; of more, only those that are read later.
const MAX_KEPT_FIELDS: usize = 24;

/// Headers that are read after a call was admitted, or sent on to another node with it.
const READ_LATER: [HeaderName; 8] = [
    CONTENT_TYPE,
    http::header::TE,
    HeaderName::from_static("grpc-timeout"),
    HeaderName::from_static("grpc-encoding"),
    HeaderName::from_static("grpc-accept-encoding"),
    HeaderName::from_static("traceparent"),
    HeaderName::from_static("tracestate"),
    HeaderName::from_static("x-request-id"),
];

/// Protocol of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Protocol {
    Grpc,
    GrpcWeb,
    /// Something else.
    Other,
}

/// Reason for which a request is not a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ShapeError {
    Method,
    ContentType,
    /// gRPC over HTTP/1.1.
    Version,
    Fields(usize),
    /// Bytes of the headers, and the maximum.
    Bytes(usize, usize),
    /// It has a header that only nodes send to each other.
    PeerHeader,
}

/// Reason for which a call is refused before it is carried out.
#[derive(Debug)]
pub(super) enum Refusal {
    Status(Status),
    Shape(ShapeError),
}

/// Returns the protocol of a request, and its error if it has one. `max`: maximum of bytes of all headers. `is_peers`:
/// another node may have sent it, with headers of its own.
pub(super) fn inspect<B>(request: &Request<B>, max: usize, is_peers: bool) -> (Protocol, Option<ShapeError>) {
    let headers = request.headers();
    let protocol = headers.get(CONTENT_TYPE).map_or(Protocol::Other, |value| protocol(value.as_bytes()));
    let shape_error = if request.method() != Method::POST {
        Some(ShapeError::Method)
    } else if protocol == Protocol::Other {
        Some(ShapeError::ContentType)
    } else if protocol == Protocol::Grpc && request.version() != Version::HTTP_2 {
        Some(ShapeError::Version)
    } else if headers.len() > MAX_FIELDS {
        Some(ShapeError::Fields(headers.len()))
    } else {
        let bytes = bytes(request);
        if bytes > max {
            Some(ShapeError::Bytes(bytes, max))
        } else {
            (!is_peers && has_peer_header(headers)).then_some(ShapeError::PeerHeader)
        }
    };
    (protocol, shape_error)
}

/// Size of the headers as HTTP/2 counts it (RFC 9113, section 6.5.2): 32 bytes more for each field.
fn bytes<B>(request: &Request<B>) -> usize {
    let fields = request.headers().iter().map(|(name, value)| name.as_str().len() + value.len() + 32);
    request.uri().path().len() + fields.sum::<usize>()
}

/// A client that could send these headers could choose who it is.
fn has_peer_header(headers: &HeaderMap) -> bool {
    headers.keys().any(|name| name.as_str().starts_with(PEER_HEADERS))
}

fn protocol(content_type: &[u8]) -> Protocol {
    match content_type.strip_prefix(b"application/grpc") {
        Some([] | [b'+' | b';', ..]) => Protocol::Grpc,
        Some(b"-web" | b"-web+proto" | b"-web-text" | b"-web-text+proto") => Protocol::GrpcWeb,
        _ => Protocol::Other,
    }
}

/// Removes the headers that are not read any more, if there are many: they would be held while the call is open.
pub(super) fn forget_unread(headers: &mut HeaderMap) {
    if headers.len() <= MAX_KEPT_FIELDS {
        return;
    }
    *headers = READ_LATER.into_iter().filter_map(|name| Some((name.clone(), headers.remove(name)?))).collect();
}

impl From<Status> for Refusal {
    fn from(status: Status) -> Self {
        Self::Status(status)
    }
}

impl From<ShapeError> for Refusal {
    fn from(shape_error: ShapeError) -> Self {
        match shape_error {
            ShapeError::Fields(fields) => Self::Status(status::too_many_headers(fields, MAX_FIELDS)),
            ShapeError::Bytes(bytes, max) => Self::Status(status::headers_too_large(bytes, max)),
            ShapeError::PeerHeader => {
                let mut problems = FieldViolations::default();
                problems.add(format!("{PEER_HEADERS}*"), "is a header between servers, which clients must not send");
                Self::Status(problems.into())
            }
            shape_error => Self::Shape(shape_error),
        }
    }
}

impl Refusal {
    /// Code under which the call is counted.
    pub fn code(&self) -> Code {
        match self {
            Refusal::Status(status) => status.code(),
            Refusal::Shape(_) => Code::Unimplemented,
        }
    }

    /// Renders the refusal: a status for clients of gRPC, a plain HTTP response for all others.
    pub fn into_http(self) -> Response<Body> {
        let (code, text) = match self {
            Refusal::Status(status) => return status.into_http(),
            Refusal::Shape(ShapeError::Method) => (StatusCode::METHOD_NOT_ALLOWED, "only POST is allowed\n"),
            Refusal::Shape(ShapeError::Version) => {
                (StatusCode::BAD_REQUEST, "gRPC requires HTTP/2; over HTTP/1.1 use gRPC-Web\n")
            }
            Refusal::Shape(
                ShapeError::ContentType | ShapeError::Fields(_) | ShapeError::Bytes(..) | ShapeError::PeerHeader,
            ) => (
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "the content-type must be application/grpc, application/grpc-web or application/grpc-web-text\n",
            ),
        };
        let mut response = Response::new(Body::new(http_body_util::Full::from(text)));
        *response.status_mut() = code;
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
        if code == StatusCode::METHOD_NOT_ALLOWED {
            headers.insert(ALLOW, HeaderValue::from_static("POST"));
        }
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn content_types_are_those_of_grpc_and_no_others() {
        for (content_type, expected) in [
            ("application/grpc", Protocol::Grpc),
            ("application/grpc+proto", Protocol::Grpc),
            ("application/grpc;charset=utf-8", Protocol::Grpc),
            ("application/grpc-web", Protocol::GrpcWeb),
            ("application/grpc-web-text+proto", Protocol::GrpcWeb),
            ("application/grpc-web+thrift", Protocol::Other),
            ("application/grpcfoo", Protocol::Other),
            ("text/plain;application/grpc", Protocol::Other),
            ("text/plain", Protocol::Other),
            ("", Protocol::Other),
        ] {
            assert_eq!(protocol(content_type.as_bytes()), expected, "{content_type}");
        }
    }

    #[test]
    fn headers_between_nodes_are_refused_from_clients_however_they_are_written() {
        for (name, refused) in [
            ("usher-peer-caller-bin", true),
            ("Usher-Peer-Visited", true),
            ("usher-peer-", true),
            ("usher-peer", false),
            ("x-usher-peer-caller", false),
            ("usher-routing", false),
        ] {
            let mut request = Request::post("/a.B/C").version(Version::HTTP_2).body(()).unwrap();
            request.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/grpc"));
            request.headers_mut().insert(HeaderName::try_from(name).unwrap(), HeaderValue::from_static("x"));
            let expected = refused.then_some(ShapeError::PeerHeader);
            assert_eq!(inspect(&request, 10_000, false), (Protocol::Grpc, expected), "{name}");
            assert_eq!(inspect(&request, 10_000, true), (Protocol::Grpc, None), "{name}");
        }
        let refusal = Refusal::from(ShapeError::PeerHeader);
        assert_eq!(refusal.code(), Code::InvalidArgument);
    }

    #[test]
    fn of_many_headers_only_those_that_are_read_later_are_kept() {
        let read_later = ["grpc-timeout", "te", "traceparent", "x-request-id"];
        let few = |count: usize| -> HeaderMap {
            let fields = (0..count).map(|number| format!("x-{number}")).chain(read_later.map(String::from));
            fields.map(|name| (name.parse().unwrap(), HeaderValue::from_static("1S"))).collect()
        };
        for (count, kept) in [(10, 14), (MAX_KEPT_FIELDS, 4), (500, 4)] {
            let mut headers = few(count);
            forget_unread(&mut headers);
            assert_eq!(headers.len(), kept, "{count}");
            assert!(read_later.iter().all(|name| headers.contains_key(*name)), "{count}: {headers:?}");
            assert!(headers.capacity() < 64, "{}", headers.capacity());
        }
    }
}
