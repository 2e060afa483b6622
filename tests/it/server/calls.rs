//! Calls: they are counted, limited in number and time, and isolated from each other.

use tonic::{Code, Response, Status};

use super::*;

#[tokio::test]
async fn calls_are_counted_by_method_and_code_and_made_up_names_as_other() {
    let running = run("").await;
    let mut client = running.client().await;
    client.check(health_check("")).await.unwrap();
    client.check(health_check("")).await.unwrap();
    assert_eq!(client.check(health_check("refuse")).await.unwrap_err().code(), Code::Aborted);
    assert_eq!((running.count(CHECK, "OK"), running.count(CHECK, "ABORTED")), (2, 1));

    for path in ["/grpc.health.v1.Health/Chec", "/made.up.Service/Name", "/", "/grpc.health.v1.Health/Check/"] {
        let status = unknown(&running, path).await;
        assert_eq!(status.code(), Code::Unimplemented, "{path}");
    }
    assert_eq!(running.count("other", "UNIMPLEMENTED"), 4);
    assert_eq!(running.stats.calls().count(), 3, "no other name was counted");
}

/// Calls a method for which no client has a stub.
async fn unknown(running: &Running, path: &'static str) -> Status {
    let endpoint = Endpoint::from_shared(format!("http://{}", running.address)).unwrap();
    let mut grpc = tonic::client::Grpc::new(endpoint.connect().await.unwrap());
    grpc.ready().await.unwrap();
    let codec = tonic_prost::ProstCodec::<HealthCheckRequest, HealthCheckResponse>::default();
    let answered = grpc.unary(health_check(""), http::uri::PathAndQuery::from_static(path), codec).await;
    answered.map(Response::into_inner).unwrap_err()
}

#[tokio::test]
async fn a_panic_is_an_internal_error_and_the_connection_goes_on() {
    let running = run("").await;
    let mut client = running.client().await;
    let status = client.check(health_check("panic")).await.unwrap_err();
    assert_eq!((status.code(), reason(&status).as_str()), (Code::Internal, "INTERNAL"));
    assert!(!status.message().contains("puppet"), "no inside leaks: {status:?}");
    client.check(health_check("")).await.unwrap();

    let mut watch = client.watch(health_check("panic")).await.unwrap().into_inner();
    assert_eq!(watch.message().await.unwrap_err().code(), Code::Internal);
    client.check(health_check("")).await.unwrap();
    assert_eq!((running.stats.panics(), running.stats.connections_now()), (2, 1));
    assert_eq!((running.count(CHECK, "INTERNAL"), running.count(WATCH, "INTERNAL")), (1, 1));
}

/// Shows the limit of calls without a credential on one connection. Health calls need no credential, so they do not
/// count toward `--max-calls`.
#[tokio::test]
async fn a_connection_has_so_many_calls_without_a_credential_and_then_there_is_room_again() {
    let mut running = run("--max-calls 1").await;
    let mut client = running.client().await;
    let calls: Vec<_> = (0..32)
        .map(|_| {
            let mut client = client.clone();
            tokio::spawn(async move { client.check(health_check("hang")).await })
        })
        .collect();
    for _ in &calls {
        soon(running.hanging.recv()).await;
    }
    let status = soon(client.check(health_check(""))).await.unwrap_err();
    assert_eq!((status.code(), reason(&status).as_str()), (Code::Unavailable, "TOO_MANY_ANONYMOUS_CALLS"));
    assert!(status.get_details_retry_info().is_some(), "when to come back: {status:?}");
    soon(running.client().await.check(health_check(""))).await.expect("another connection has a call of its own");
    running.release.add_permits(calls.len());
    for call in calls {
        soon(call).await.unwrap().unwrap();
    }
    client.check(health_check("")).await.unwrap();
}

#[tokio::test]
async fn a_client_that_goes_away_is_counted_as_cancelled() {
    let mut running = run("").await;
    let mut client = running.client().await;
    let call = tokio::spawn(async move { client.check(health_check("hang")).await });
    soon(running.hanging.recv()).await;
    call.abort();
    let gone = async {
        while running.count(CHECK, "CANCELLED") == 0 {
            tokio::task::yield_now().await;
        }
    };
    soon(gone).await;
    assert_eq!(running.stats.calls_now(), 0);
}

#[tokio::test]
async fn too_many_header_fields_are_refused_whatever_they_are() {
    let running = run("").await;
    let mut client = running.client().await;
    for (count, taken) in [(100, true), (140, false), (300, false)] {
        let mut request = health_check("");
        for number in 0..count {
            let name = format!("x-{number}").parse::<tonic::metadata::MetadataKey<tonic::metadata::Ascii>>().unwrap();
            request.metadata_mut().insert(name, "1".parse().unwrap());
        }
        let answer = soon(client.check(request)).await;
        assert_eq!(answer.is_ok(), taken, "{count}: {answer:?}");
        if let Err(status) = answer {
            assert_eq!((status.code(), reason(&status).as_str()), (Code::InvalidArgument, "TOO_MANY_HEADERS"));
        }
    }
}

/// Shows that large headers are refused with a reason, such as an access token that names hundreds of groups.
#[tokio::test]
async fn headers_that_are_too_large_are_refused_with_a_reason() {
    let running = run("--max-headers 4KiB").await;
    let mut client = running.client().await;
    for (bytes, taken) in [(3_000, true), (4_100, false), (7_500, false)] {
        let mut request = health_check("");
        request.metadata_mut().insert("authorization", format!("Bearer {}", "x".repeat(bytes)).parse().unwrap());
        let answer = soon(client.check(request)).await;
        assert_eq!(answer.is_ok(), taken, "{bytes}: {answer:?}");
        if let Err(status) = answer {
            assert_eq!((status.code(), reason(&status).as_str()), (Code::InvalidArgument, "HEADERS_TOO_LARGE"));
            assert!(status.message().contains("at most 4096 are taken"), "{status:?}");
        }
    }
}

#[tokio::test]
async fn too_many_headers_are_refused_and_harm_nobody_else() {
    let running = run("--max-headers 4KiB").await;
    let mut client = running.client().await;
    client.check(health_check("")).await.unwrap();
    let mut request = health_check("");
    request.metadata_mut().insert("x-long", "x".repeat(8 * 1024).parse().unwrap());
    soon(client.clone().check(request)).await.unwrap_err();
    client.check(health_check("")).await.unwrap();
}
