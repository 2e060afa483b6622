//! License requests (R32): a request stays the same when it is written and read, and a mistake in it is named.

use serde_json::{Value, json};
use usher::ids::{LicenseId, PoolId, TenantId};
use usher::ledger::change::{Limit, Plan};
use usher::license::{Installed, MAX_REQUEST_BYTES, Move, PoolUse, Request, SeatsWanted};

use super::{ISSUED, everything, signed};

pub fn pool(id: &str) -> PoolId {
    PoolId::parse(id).unwrap()
}

/// Returns a request with every member.
pub fn whole() -> Request {
    Request {
        tenant: TenantId::parse("acme").unwrap(),
        customer_id: Some("C-1001".into()),
        instance: "7b4f6d0e-6e0f-4a51-9d7c-2f6f5f1b8c11".parse().unwrap(),
        hosts: vec!["license-1".into(), "license-1.acme.example".into()],
        running_version: "0.1.0".into(),
        target_version: Some("0.2.0".into()),
        created: ISSUED,
        pools: vec![
            PoolUse { pool: pool("extranet"), plan: Plan::Concurrent, limit: Limit::Unlimited, in_use: 7 },
            PoolUse { pool: pool("primary"), plan: Plan::Named, limit: Limit::Seats(100), in_use: 98 },
        ],
        licenses: vec![Installed {
            license: LicenseId::parse("acme-main").unwrap(),
            revision: 3,
            document: signed(&everything()),
        }],
        seats: vec![SeatsWanted { pool: pool("primary"), seats: 20 }],
        moves: vec![Move { from: pool("crm"), to: pool("primary"), seats: 5 }],
    }
}

/// Returns a minimal request: no wishes, and nothing installed.
fn least() -> Request {
    Request {
        customer_id: None,
        hosts: Vec::new(),
        target_version: None,
        pools: Vec::new(),
        licenses: Vec::new(),
        seats: Vec::new(),
        moves: Vec::new(),
        ..whole()
    }
}

#[test]
fn a_request_is_read_as_it_is_written() {
    for request in [whole(), least()] {
        assert_eq!(Request::parse(request.to_json().to_string().as_bytes()), Ok(request.clone()));
        assert_eq!(Request::parse(format!("{:#}\n", request.to_json()).as_bytes()), Ok(request));
    }
    assert_eq!(whole().to_json()["created_at"], "2025-11-01T12:00:00Z");
}

/// Changes the member at a path of a request (`null`: removes it), and checks the message.
fn check(path: &str, value: Value, expected: &str) {
    let mut request = whole().to_json();
    let (parent, name) = path.rsplit_once('/').unwrap();
    let object = request.pointer_mut(parent).unwrap().as_object_mut().unwrap();
    match &value {
        Value::Null => drop(object.remove(name)),
        _ => drop(object.insert(name.into(), value.clone())),
    }
    let said = Request::parse(request.to_string().as_bytes()).unwrap_err().to_string();
    assert_eq!(said, expected, "{path} {value}");
}

#[test]
fn what_is_wrong_is_named() {
    let all = whole().to_json();
    for member in all.as_object().unwrap().keys() {
        if !["customer_id", "target_version"].contains(&&**member) {
            check(&format!("/{member}"), json!(null), &format!("{member}: is missing"));
        }
        let said = if *member == "version" { "must be a whole number from 1 to 1" } else { "must be" };
        let mut broken = all.clone();
        broken[member] = json!(true);
        let error = Request::parse(broken.to_string().as_bytes()).unwrap_err();
        assert!(error.member == *member && error.what.starts_with(said), "{error}");
    }
    for list in ["pools", "licenses", "seats", "moves"] {
        for member in all[list][0].as_object().unwrap().keys() {
            check(&format!("/{list}/0/{member}"), json!(null), &format!("{list}[0].{member}: is missing"));
        }
        check(&format!("/{list}/0/more"), json!(1), &format!("{list}[0].more: is unknown"));
    }
    check("/more", json!(1), "more: is unknown");
    check("/type", json!("request"), "type: must be usher-license-request");
    check("/version", json!(2), "version: must be a whole number from 1 to 1");
    for at in
        ["2025-11-01", "2025-11-01T12:00:00.5Z", "2025-11-01 12:00:00Z", "1761998400", "2025-11-01T12:00:00+01:00"]
    {
        check("/created_at", json!(at), "created_at: must be a time such as 2027-12-31T12:00:00Z");
    }
    check("/tenant_id", json!(""), "tenant_id: must not be empty");
    check("/hosts", json!(["a", ""]), "hosts[1]: must not be empty");
    check("/moves/0/to", json!("crm"), "moves[0].to: must be another pool");
    for list in ["seats", "moves"] {
        let number = format!("{list}[0].seats: must be a whole number from 1 to 9007199254740991");
        for seats in [json!(0), json!(-5), json!("5"), json!(2.5)] {
            check(&format!("/{list}/0/seats"), seats, &number);
        }
    }
    assert_eq!(Request::parse(b"").unwrap_err().member, "");
    let large = format!("{}{}", whole().to_json(), " ".repeat(MAX_REQUEST_BYTES));
    assert_eq!(Request::parse(large.as_bytes()).unwrap_err().what, "is larger than 8388608 bytes");
}
