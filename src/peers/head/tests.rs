//! Tests: what one node writes another one reads, and what no node writes is refused.

use super::*;
use crate::auth::Grant;
use crate::ids::TenantId;
use crate::ledger::access::{Role, Roles, Tenants};
use crate::ledger::change::Actor;
use crate::peers::access::MAX_ACTOR;
use crate::proto::peer::v1::PeerGrant;

const APPLICATION: Roles = Roles::NONE.with(Role::Application);
const MANAGER: Roles = Roles::NONE.with(Role::Manager);

fn only_tenants(ids: &[&str]) -> Tenants {
    Tenants::Only(ids.iter().map(|id| TenantId::parse(id).unwrap()).collect())
}

fn head(grants: Vec<Grant>, needs: Roles) -> ForwardHead {
    let token = Some(UsedToken { id: TokenId(0xff), edition: TokenEdition(12) });
    let principal = Arc::new(Principal { actor: Actor("token:00000000000000ff:login".into()), grants, token });
    ForwardHead {
        caller: Caller { principal, needs },
        visited: vec![NodeId::random()],
        left: Duration::from_millis(1_500),
    }
}

fn written(head: &ForwardHead) -> HeaderMap {
    let mut headers = HeaderMap::new();
    head.write(&mut headers).unwrap();
    headers
}

#[test]
fn a_caller_arrives_as_it_was_let_in() {
    let grants = vec![
        Grant { roles: APPLICATION, tenants: only_tenants(&["acme", "globex"]) },
        Grant { roles: APPLICATION.with(Role::Viewer), tenants: Tenants::All },
        Grant { roles: APPLICATION, tenants: Tenants::NONE },
    ];
    let head = head(grants.clone(), APPLICATION);
    let read = parse(&written(&head)).unwrap();
    assert_eq!((&read.principal, &read.visited), (&head.caller.principal, &head.visited));
}

#[test]
fn grants_that_the_call_does_not_need_stay_behind() {
    let needed = Grant { roles: MANAGER, tenants: only_tenants(&["acme"]) };
    let grants = vec![needed.clone(), Grant { roles: APPLICATION, tenants: Tenants::All }];
    let read = parse(&written(&head(grants, MANAGER.with(Role::Viewer)))).unwrap();
    assert_eq!(read.principal.grants, [needed]);
}

#[test]
fn credentials_and_what_is_about_one_hop_stay_behind_and_everything_else_arrives() {
    let mut headers = HeaderMap::new();
    for (name, value) in [
        ("authorization", "Bearer usher_secret"),
        ("proxy-authorization", "Basic secret"),
        ("cookie", "session=secret"),
        ("host", "login.example.com"),
        ("connection", "close"),
        ("usher-peer-caller-bin", "forged"),
        ("usher-peer-visited", "forged"),
        ("usher-peer-anything", "forged"),
        ("grpc-timeout", "1H"),
        ("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"),
        ("content-type", "application/grpc"),
        ("x-request-id", "17"),
    ] {
        headers.append(name, HeaderValue::from_static(value));
    }
    head(Vec::new(), APPLICATION).write(&mut headers).unwrap();
    let shown = format!("{headers:?}");
    assert!(!shown.contains("secret") && !shown.contains("forged") && !shown.contains("login.example"), "{shown}");
    assert_eq!(headers["grpc-timeout"], "1500000u");
    for name in ["traceparent", "content-type", "x-request-id"] {
        assert!(headers.contains_key(name), "{name}");
    }
    assert_eq!(headers.len(), 6, "{shown}");
}

#[test]
fn a_thousand_of_the_longest_tenants_fit_and_a_header_has_an_end() {
    let tenants = |count: usize| {
        let ids = (0..count).map(|no| TenantId::parse(&format!("{no:0>128}")).unwrap()).collect();
        vec![Grant { roles: APPLICATION, tenants: Tenants::Only(ids) }]
    };
    let headers = written(&head(tenants(1_000), APPLICATION));
    let bytes: usize = headers.iter().map(|(name, value)| name.as_str().len() + value.len() + 32).sum();
    assert!(bytes + 32 * 1024 < MAX_HEADERS as usize, "{bytes}");
    assert_eq!(parse(&headers).unwrap().principal.grants, tenants(1_000));
    assert!(head(tenants(1_200), APPLICATION).write(&mut HeaderMap::new()).is_err());
}

#[test]
fn what_no_node_writes_is_refused() {
    let good = || PeerCaller {
        actor: "token:00000000000000ff:login".into(),
        grants: vec![PeerGrant { roles: 1, all_tenants: false, tenants: vec!["acme".into()] }],
        token_id: None,
        token_edition: 0,
    };
    let grant = |grant: PeerGrant| PeerCaller { grants: vec![grant], ..good() };
    let named = |actor: &str| PeerCaller { actor: actor.into(), ..good() };
    let some = |tenants: &[&str]| tenants.iter().map(|tenant| (*tenant).to_owned()).collect::<Vec<_>>();
    let bytes = |caller: PeerCaller| BASE64.encode(caller.encode_to_vec());
    let (one, two, three) = (NodeId::random(), NodeId::random(), NodeId::random());
    let read = |caller: &str, visited: &str| {
        let mut headers = HeaderMap::new();
        headers.insert(CALLER, HeaderValue::from_str(caller).unwrap());
        headers.insert(VISITED, HeaderValue::from_str(visited).unwrap());
        parse(&headers)
    };
    let visited = format!("{one},{two}");
    assert!(read(&bytes(good()), &visited).is_ok());
    for bad in [
        named(""),
        named("usher"),
        named("token:a\nb"),
        named(&"a".repeat(MAX_ACTOR + 1)),
        grant(PeerGrant { roles: 0x10, all_tenants: true, tenants: Vec::new() }),
        grant(PeerGrant { roles: 0x101, all_tenants: true, tenants: Vec::new() }),
        grant(PeerGrant { roles: 1, all_tenants: true, tenants: some(&["acme"]) }),
        grant(PeerGrant { roles: 1, all_tenants: false, tenants: some(&["acme", ""]) }),
        grant(PeerGrant { roles: 1, all_tenants: false, tenants: some(&[" acme"]) }),
    ] {
        assert!(read(&bytes(bad.clone()), &visited).is_err(), "{bad:?}");
    }
    for bad in ["", "*", "AAAA", "/////////////w==", &format!("{}A", bytes(good()))] {
        // No bytes are an empty message, which has no name.
        assert!(read(bad, &visited).is_err(), "{bad}");
    }
    for bad in [
        String::new(),
        ",".into(),
        format!("{one},"),
        format!("{one}, {two}"),
        format!("{one},{one}"),
        format!("{one},{two},{three}"),
        Uuid::nil().to_string(),
        "node-1".into(),
    ] {
        assert!(read(&bytes(good()), &bad).is_err(), "{bad}");
    }
    let mut twice = written(&head(Vec::new(), APPLICATION));
    assert!(parse(&twice).is_ok());
    twice.append(CALLER, HeaderValue::from_static("AAAA"));
    assert!(parse(&twice).is_err());
    twice.remove(CALLER);
    assert!(parse(&twice).is_err() && parse(&HeaderMap::new()).is_err());
}

#[test]
fn what_is_left_is_never_rounded_up() {
    for (left, text) in [
        (Duration::ZERO, "0u"),
        (Duration::from_nanos(1_999), "1u"),
        (Duration::from_micros(99_999_999), "99999999u"),
        (Duration::from_micros(100_000_999), "100000m"),
        (Duration::from_secs(24 * 60 * 60), "86400000m"),
        (Duration::from_millis(100_000_999), "100000S"),
        (Duration::MAX, "99999999S"),
    ] {
        assert_eq!(timeout(left), text);
    }
}
