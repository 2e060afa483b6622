//! A server without credentials, and a browser on the same machine: requests that a foreign web page can send are
//! refused, over gRPC and over plain HTTP; requests of clients and of the machine's own pages are served.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use prost::Message;
use secrecy::ExposeSecret;
use tempfile::TempDir;
use tonic::body::Body;
use tonic::transport::Endpoint;
use tonic::{Code, Status};
use tonic_types::StatusExt;
use tower::{Service, ServiceExt};
use usher::auth::token::Token;
use usher::ids::TokenId;
use usher::proto::v1;
use usher::proto::v1::token_service_client::TokenServiceClient;

use crate::support::program::{Data, Program};

const CREATE_TOKEN: &str = "/usher.v1.TokenService/CreateToken";

fn everything() -> v1::CreateTokenRequest {
    let roles = vec![v1::Role::Operator.into(), v1::Role::Manager.into()];
    v1::CreateTokenRequest { name: "mine".into(), roles, all_tenants: true, ..Default::default() }
}

/// Returns a message with its gRPC frame.
fn framed(message: &impl Message) -> Vec<u8> {
    let bytes = message.encode_to_vec();
    [&[0], &(bytes.len() as u32).to_be_bytes()[..], &bytes].concat()
}

/// Calls CreateToken over HTTP/2 with this authority and these additional headers. Returns the status.
async fn create(api: SocketAddr, authority: &str, more: &[(&'static str, &str)]) -> Status {
    let origin = format!("http://{authority}").parse().expect("an authority");
    let endpoint = Endpoint::from_shared(format!("http://{api}")).expect("an address").origin(origin);
    let mut channel = endpoint.connect().await.expect("a connection");
    let mut request = http::Request::post(format!("http://{authority}{CREATE_TOKEN}"))
        .header("content-type", "application/grpc")
        .header("te", "trailers");
    for (name, value) in more {
        request = request.header(*name, *value);
    }
    let request = request.body(Body::new(Full::new(Bytes::from(framed(&everything()))))).expect("a request");
    let answer = channel.ready().await.expect("a connection").call(request).await.expect("an answer");
    let (head, body) = answer.into_parts();
    let body = body.collect().await.expect("a whole answer");
    let trailers = body.trailers().cloned().unwrap_or_default();
    let status = Status::from_header_map(&head.headers).or_else(|| Status::from_header_map(&trailers));
    status.expect("a status")
}

fn refused(status: &Status, header: &str) {
    let reason = status.get_details_error_info().map(|info| info.reason);
    assert_eq!((status.code(), reason.as_deref()), (Code::PermissionDenied, Some("FOREIGN_REQUEST")), "{status:?}");
    assert!(status.message().contains(header), "no {header} in {status:?}");
}

/// Sends one HTTP/1.1 request. Returns everything that comes back.
fn plain(to: SocketAddr, head: &str, body: &[u8]) -> String {
    let mut socket = TcpStream::connect(to).expect("it accepts");
    let length = body.len();
    let head = format!("{head}\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n");
    socket.write_all(&[head.as_bytes(), body].concat()).expect("it reads");
    let mut answer = Vec::new();
    socket.read_to_end(&mut answer).expect("an answer");
    String::from_utf8_lossy(&answer).into_owned()
}

#[tokio::test]
async fn a_foreign_page_makes_no_token() {
    let folder = TempDir::new().unwrap();
    let program = Program::start(&Data::Folder(folder.path()), &[]);
    let api = program.api;
    let own = format!("localhost:{}", api.port());
    for (authority, more, header) in [
        ("rebound.example:50051", &[][..], ":authority"),
        ("rebound.example", &[], ":authority"),
        ("localhost.rebound.example", &[], ":authority"),
        ("10.0.0.1:50051", &[], ":authority"),
        (&own, &[("host", "rebound.example")], ":authority"),
        (&own, &[("origin", "https://evil.example")], "origin"),
        (&own, &[("origin", "null")], "origin"),
        (&own, &[("origin", "http://localhost:8080")], "origin"),
        (&own, &[("sec-fetch-site", "cross-site")], "sec-fetch-site"),
        (&own, &[("sec-fetch-site", "same-site")], "sec-fetch-site"),
    ] {
        refused(&create(api, authority, more).await, header);
    }
    let list = || async {
        let answer = TokenServiceClient::new(program.channel()).list_tokens(v1::ListTokensRequest::default()).await;
        answer.expect("a list").into_inner().tokens.len()
    };
    assert_eq!(list().await, 0);
    let origin = format!("http://{own}");
    for (authority, more) in
        [(own.as_str(), &[][..]), (own.as_str(), &[("origin", origin.as_str()), ("sec-fetch-site", "same-origin")])]
    {
        assert_eq!(create(api, authority, more).await.code(), Code::Ok, "{authority}: {more:?}");
    }
    assert_eq!(list().await, 2);
}

#[test]
fn what_is_no_call_is_told_so_in_plain_http() {
    let folder = TempDir::new().unwrap();
    let program = Program::start(&Data::Folder(folder.path()), &[]);
    let message = framed(&everything());
    let to = |method: &str, host: &str, kind: &str| {
        format!("{method} {CREATE_TOKEN} HTTP/1.1\r\nhost: {host}\r\ncontent-type: {kind}")
    };
    for (head, first, text) in [
        (to("POST", "localhost", "text/plain"), "HTTP/1.1 415", "content-type"),
        (to("POST", "localhost", "application/x-www-form-urlencoded"), "HTTP/1.1 415", "content-type"),
        (to("POST", "localhost", "multipart/form-data; boundary=a"), "HTTP/1.1 415", "content-type"),
        (to("POST", "localhost", "text/plain;application/grpc"), "HTTP/1.1 415", "content-type"),
        (to("POST", "localhost", "application/grpc"), "HTTP/1.1 400", "HTTP/2"),
        (to("GET", "localhost", "application/grpc-web"), "HTTP/1.1 405", "POST"),
        (to("OPTIONS", "localhost", "application/grpc-web"), "HTTP/1.1 405", "POST"),
        (to("PUT", "localhost", "application/grpc"), "HTTP/1.1 405", "POST"),
    ] {
        let answer = plain(program.api, &head, &message);
        assert!(answer.starts_with(first) && answer.contains(text), "{head}: {answer}");
    }
    // A gRPC-Web call is refused with a gRPC error, not with an HTTP status.
    for (host, more) in [("rebound.example", ""), ("localhost", "\r\norigin: https://evil.example")] {
        let answer = plain(program.api, &format!("{}{more}", to("POST", host, "application/grpc-web")), &message);
        assert!(answer.starts_with("HTTP/1.1 200") && answer.contains("grpc-status: 7"), "{answer}");
    }
    let answer = plain(program.api, &to("POST", "localhost", "application/grpc-web"), &message);
    assert!(answer.contains("grpc-status:0"), "{answer}");
}

#[test]
fn the_operations_port_on_this_machine_has_the_names_of_this_machine() {
    let folder = TempDir::new().unwrap();
    let program = Program::start(&Data::Folder(folder.path()), &[]);
    let get = |more: &str| plain(program.ops, &format!("GET /metrics HTTP/1.1\r\n{more}"), &[]);
    assert!(get("host: localhost").starts_with("HTTP/1.1 200"));
    for (more, header) in [
        ("host: rebound.example", "host"),
        ("host: localhost\r\norigin: https://evil.example", "origin"),
        ("host: localhost\r\nsec-fetch-site: cross-site", "sec-fetch-site"),
    ] {
        let answer = get(more);
        assert!(answer.starts_with("HTTP/1.1 403") && answer.contains(header), "{more}: {answer}");
        assert!(!answer.contains("usher_"), "{answer}");
    }
}

#[tokio::test]
async fn tokens_of_anybody_are_named_once_there_are_credentials() {
    let folder = TempDir::new().unwrap();
    let data = Data::Folder(folder.path());
    let program = Program::start(&data, &[]);
    let mut tokens = TokenServiceClient::new(program.channel());
    let kept = tokens.create_token(everything()).await.expect("a token").into_inner().token.expect("what it is");
    let gone = v1::CreateTokenRequest { name: "gone".into(), ..everything() };
    let gone = tokens.create_token(gone).await.expect("a token").into_inner().token.expect("what it is");
    tokens.revoke_token(v1::RevokeTokenRequest { token_id: gone.token_id.clone() }).await.expect("it is revoked");
    program.terminate();
    let ended = program.ended();
    assert!(ended.status.success() && !ended.errors.contains("made by an anonymous"), "{}", ended.errors);

    let admin = Token::new(TokenId(1), &[9; 32]).text().expose_secret().to_owned();
    let program = Program::launch(&data, &[], &[("USHER_ADMIN_TOKEN", &admin)]).expect("it starts");
    let line = program.says("made by an anonymous caller");
    assert!(line.contains(&kept.token_id) && line.contains("mine") && line.contains("WARN"), "{line}");
    program.terminate();
    let rest = program.ended().errors;
    assert!(!rest.contains(&gone.token_id), "{rest}");
}
