//! Answers in JSON: protobuf's own form of it, with the names of the contract, and every field. Messages are taken
//! apart field by field, so that one which is added cannot be forgotten here.

use prost_types::Timestamp;
use serde_json::{Value, json};

use crate::proto::v1;

pub fn requested(made: v1::CreateLicenseRequestResponse) -> Value {
    let v1::CreateLicenseRequestResponse { document, file_name } = made;
    json!({ "document": document, "file_name": file_name })
}

pub fn installed(installed: v1::InstallLicenseResponse) -> Value {
    let v1::InstallLicenseResponse { changed, license: installed, pools } = installed;
    json!({ "changed": changed, "license": installed.map(license), "pools": pool_changes(pools) })
}

/// As one page.
pub fn listed(licenses: Vec<v1::License>) -> Value {
    json!({ "licenses": each(licenses, license), "next_page_token": "" })
}

pub fn deleted_all(deleted: v1::DeleteLicensesResponse) -> Value {
    let v1::DeleteLicensesResponse { changed, pools } = deleted;
    json!({ "changed": changed, "pools": pool_changes(pools) })
}

pub fn pool_changes(pools: Vec<v1::PoolChange>) -> Value {
    let change = |v1::PoolChange { before, after }| json!({ "before": before.map(usage), "after": after.map(usage) });
    each(pools, change)
}

fn license(license: v1::License) -> Value {
    let v1::License {
        license_id,
        revision,
        validity,
        customer_id,
        registered_to,
        hosts,
        instance_id,
        tier,
        entitlements,
        features,
        limits,
        issued_at,
        not_before,
        expires_at,
        installed_at,
        installed_by,
        key_id,
        document,
    } = license;
    json!({
        "license_id": license_id,
        "revision": number(revision),
        "validity": named(validity, |it: v1::LicenseValidity| it.as_str_name()),
        "customer_id": customer_id,
        "registered_to": registered_to,
        "hosts": hosts,
        "instance_id": instance_id,
        "tier": named(tier, |it: v1::LicenseTier| it.as_str_name()),
        "entitlements": each(entitlements, entitlement),
        "features": features,
        "limits": each(limits, limit),
        "issued_at": time(issued_at),
        "not_before": time(not_before),
        "expires_at": time(expires_at),
        "installed_at": time(installed_at),
        "installed_by": installed_by,
        "key_id": key_id,
        "document": document,
    })
}

fn entitlement(entitlement: v1::Entitlement) -> Value {
    let v1::Entitlement { pool_id, plan, seats, unlimited } = entitlement;
    json!({ "pool_id": pool_id, "plan": plan_name(plan), "seats": number(seats), "unlimited": unlimited })
}

fn limit(limit: v1::NumericLimit) -> Value {
    let v1::NumericLimit { name, value, unlimited } = limit;
    json!({ "name": name, "value": number(value), "unlimited": unlimited })
}

fn usage(usage: v1::PoolUsage) -> Value {
    let v1::PoolUsage { pool_id, plan, limit, unlimited, in_use, over, active, idle, granted, demo } = usage;
    json!({
        "pool_id": pool_id,
        "plan": plan_name(plan),
        "limit": number(limit),
        "unlimited": unlimited,
        "in_use": number(in_use),
        "over": number(over),
        "active": number(active),
        "idle": number(idle),
        "granted": number(granted),
        "demo": demo,
    })
}

fn each<T>(items: Vec<T>, value: impl Fn(T) -> Value) -> Value {
    items.into_iter().map(value).collect()
}

/// Numbers of 64 bits are texts, for readers whose numbers have 53.
fn number(number: u64) -> Value {
    number.to_string().into()
}

/// A point in time that is absent is `null`.
fn time(at: Option<Timestamp>) -> Value {
    at.map(|at| at.to_string()).into()
}

fn plan_name(plan: i32) -> Value {
    named(plan, |it: v1::Plan| it.as_str_name())
}

/// A value that this release does not know stays a number.
fn named<E: TryFrom<i32>>(value: i32, name: impl Fn(E) -> &'static str) -> Value {
    E::try_from(value).map_or_else(|_| value.into(), |known| name(known).into())
}
