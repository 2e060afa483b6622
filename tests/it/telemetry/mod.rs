//! Telemetry of the real program: traces and log lines.

mod collector;
mod logs;
mod traces;

use tonic::Request;
use usher::proto::v1::CheckOutRequest;

/// Returns a check-out of the demo tenant.
fn login(user: &str) -> CheckOutRequest {
    CheckOutRequest {
        tenant_id: "demo".into(),
        pool_id: "primary".into(),
        user_id: format!("{user}@demo.example"),
        device_id: "toughbook".into(),
        client: "10.9.8.7 firefox".into(),
        ..CheckOutRequest::default()
    }
}

/// Returns a request with more headers.
fn with<T>(message: T, headers: &[(&'static str, &str)]) -> Request<T> {
    let mut request = Request::new(message);
    for (name, value) in headers {
        request.metadata_mut().insert(*name, value.parse().expect("a header"));
    }
    request
}

/// Returns the `traceparent` of a caller.
fn parent(trace: &str, sampled: bool) -> String {
    format!("00-{trace}-b7ad6b7169203331-0{}", u8::from(sampled))
}
