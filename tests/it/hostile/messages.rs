//! Requests that no client library would send, one at a time: each gets the right answer.

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use prost::Message;
use tonic::body::Body;
use tonic::transport::{Channel, Endpoint};
use tonic::{Code, Status};
use tonic_types::StatusExt;
use tower::{Service, ServiceExt};
use usher::proto::v1::{BatchGrantSeatsRequest, CheckOutRequest, CheckOutResponse};

use super::*;

const CHECK_OUT: &str = "/usher.v1.SeatService/CheckOut";

/// Returns a gRPC frame: a flag, a claimed length, and bytes.
fn framed(flag: u8, length: usize, bytes: &[u8]) -> Vec<u8> {
    [&[flag], &(length as u32).to_be_bytes()[..], bytes].concat()
}

fn message(bytes: &[u8]) -> Vec<u8> {
    framed(0, bytes.len(), bytes)
}

struct Client(Channel);

impl Client {
    async fn to(scene: &Scene) -> Self {
        Self(Endpoint::from_shared(format!("http://{}", scene.program.api)).unwrap().connect().await.unwrap())
    }

    /// Sends arbitrary bytes as the body of a call. Returns the status, and the message if there is one.
    async fn send(&mut self, path: &str, body: Vec<u8>, headers: &[(&str, &str)]) -> (Status, Bytes) {
        let mut request = http::Request::post(format!("http://localhost{path}")).header("te", "trailers");
        if !headers.iter().any(|(name, _)| *name == "content-type") {
            request = request.header("content-type", "application/grpc");
        }
        request = headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
        let request = request.body(Body::new(Full::new(Bytes::from(body)))).unwrap();
        let answer = soon(self.0.ready().await.unwrap().call(request)).await.expect("an answer, whatever was sent");
        let (head, body) = answer.into_parts();
        let body = soon(body.collect()).await.expect("a whole answer");
        let trailers = body.trailers().cloned().unwrap_or_default();
        let status = Status::from_header_map(&head.headers).or_else(|| Status::from_header_map(&trailers));
        (status.expect("a status"), body.to_bytes())
    }

    /// Sends a body and asserts the code of the answer. Every error has a reason.
    async fn check(&mut self, what: &str, path: &str, body: Vec<u8>, expected: Code) {
        let (status, _) = self.send(path, body, &[]).await;
        assert_eq!(status.code(), expected, "{what}: {status:?}");
        let reason = status.get_details_error_info().map(|info| info.reason);
        assert_eq!(reason.is_some(), expected != Code::Ok, "{what}: {status:?}");
    }
}

fn check_out() -> CheckOutRequest {
    neighbor::check_out(neighbor::USER)
}

/// Returns fields that no release defines: of every wire type, and nested ones.
fn unknown_fields() -> Vec<u8> {
    let mut bytes = Vec::new();
    // Field 2000 is a varint, 2001 has eight bytes, 2002 is a text of 300 bytes, 2003 has four bytes, and 2004 is a
    // group.
    bytes.extend([0x80, 0x7d, 0x96, 0x01]);
    bytes.extend([0x89, 0x7d, 1, 2, 3, 4, 5, 6, 7, 8]);
    bytes.extend([0x92, 0x7d, 0xac, 0x02].into_iter().chain([b'x'; 300]));
    bytes.extend([0x9d, 0x7d, 1, 2, 3, 4]);
    bytes.extend([0xa3, 0x7d, 0x80, 0x7d, 0x01, 0xa4, 0x7d]);
    bytes
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn messages_with_more_or_less_in_them_than_there_should_be() {
    let scene = Scene::set(&[]).await;
    let mut client = Client::to(&scene).await;
    let good = check_out().encode_to_vec();

    let newer = [&good[..], &unknown_fields()].concat();
    let (status, answer) = client.send(CHECK_OUT, message(&newer), &[]).await;
    assert_eq!(status.code(), Code::Ok, "unknown fields are a newer client's: {status:?}");
    assert!(CheckOutResponse::decode(&answer[5..]).unwrap().outcome.is_some());

    for cut in 0..good.len() {
        let (status, _) = client.send(CHECK_OUT, message(&good[..cut]), &[]).await;
        // A cut between two fields leaves a valid message in which some fields are missing.
        let legal = [Code::InvalidArgument, Code::NotFound, Code::Ok];
        assert!(legal.contains(&status.code()), "cut at {cut}: {status:?}");
        let (status, _) = client.send(CHECK_OUT, framed(0, good.len(), &good[..cut]), &[]).await;
        assert_ne!(status.code(), Code::Ok, "a frame cut at {cut} is no call");
    }
    let nested = [[0xa3, 0x7d].repeat(10_000), [0xa4, 0x7d].repeat(10_000)].concat();
    // A tenant, and entries of two bytes: a decoded list would take seven hundred bytes for each.
    let entries = [&[0x0a, 4][..], b"acme", &[0x12, 0].repeat(2_000_000)].concat();
    let many = BatchGrantSeatsRequest { user_ids: vec![String::new(); 30_000], ..Default::default() }.encode_to_vec();
    let invalid = Code::InvalidArgument;
    for (what, path, body, expected) in [
        ("no UTF-8", CHECK_OUT, message(&[0x0a, 2, 0xff, 0xfe]), invalid),
        ("half a letter", CHECK_OUT, message(&[0x0a, 1, 0xc3]), invalid),
        ("a surrogate", CHECK_OUT, message(&[0x0a, 3, 0xed, 0xa0, 0x80]), invalid),
        ("another wire type", CHECK_OUT, message(&[0x08, 1]), invalid),
        ("field 0", CHECK_OUT, message(&[0x02, 0]), invalid),
        ("a number of eleven bytes", CHECK_OUT, message(&[0xff; 11]), invalid),
        ("a length beyond the end", CHECK_OUT, message(&[0x0a, 0xff, 0xff, 0xff, 0xff, 0x0f]), invalid),
        ("ten thousand groups", CHECK_OUT, message(&nested), invalid),
        ("no message", CHECK_OUT, Vec::new(), invalid),
        ("an empty message", CHECK_OUT, message(&[]), invalid),
        ("compressed without saying how", CHECK_OUT, framed(1, good.len(), &good), invalid),
        ("a flag that there is not", CHECK_OUT, framed(7, good.len(), &good), invalid),
        ("a byte too many", CHECK_OUT, message(&[0; 64 * 1024 + 1]), invalid),
        ("4 GiB announced", CHECK_OUT, framed(0, u32::MAX as usize, &[0; 16]), invalid),
        ("thirty thousand users", "/usher.v1.SeatService/BatchGrantSeats", message(&many), invalid),
        ("two million entries", "/usher.v1.DirectoryService/SyncUsers", message(&entries), invalid),
        ("a MiB too many", "/usher.v1.TenantService/GetTenant", message(&vec![0; 5 * 1024 * 1024]), invalid),
        ("no such method", "/usher.v1.SeatService/TakeAll", message(&good), Code::Unimplemented),
    ] {
        client.check(what, path, body, expected).await;
    }
    client.check("as it should be", CHECK_OUT, message(&good), Code::Ok).await;
    drop(client);
    scene.end("messages", 64.0).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn headers_that_say_strange_things() {
    let scene = Scene::set(&[]).await;
    let mut client = Client::to(&scene).await;
    let good = message(&check_out().encode_to_vec());
    for headers in [
        &[("grpc-timeout", "99999999H")][..],
        &[("grpc-timeout", "\u{7f}")],
        &[("grpc-timeout", "-1S"), ("grpc-timeout", "1S")],
        &[("grpc-encoding", "identity")],
        &[("grpc-accept-encoding", "gzip,,,br;q=9")],
        &[("x-data-bin", "not base64 !!"), ("x-data-bin", "====")],
        &[("authorization", "Bearer \u{1}\u{2}"), ("cookie", "a=b")],
        &[("content-type", "application/grpc+proto; charset=utf-8")],
        &[("traceparent", "00-zzzz-zzzz-01"), ("host", "localhost:1")],
    ] {
        let headers: Vec<_> = headers.iter().filter(|(_, value)| http::HeaderValue::from_str(value).is_ok()).collect();
        let headers: Vec<(&str, &str)> = headers.into_iter().copied().collect();
        let (status, _) = client.send(CHECK_OUT, good.clone(), &headers).await;
        assert_eq!(status.code(), Code::Ok, "{headers:?}: {status:?}");
    }
    let (status, _) = client.send(CHECK_OUT, good, &[("grpc-encoding", "gzip")]).await;
    assert_eq!(status.code(), Code::Unimplemented, "{status:?}");
    drop(client);
    scene.end("headers", 64.0).await;
}
