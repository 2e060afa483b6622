//! The roles and tenants that a token grants.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use usher::auth::oidc::{Refused, Rule, RuleTenants};
use usher::auth::{Grant, Principal};
use usher::ids::TenantId;
use usher::ledger::access::{Role, Roles, Tenants};
use usher::ledger::change::Actor;

use super::signer::Signer;
use super::{Fixture, claims, claims_with};

fn tenants(ids: &[&str]) -> BTreeSet<TenantId> {
    ids.iter().map(|id| TenantId::parse(id).unwrap()).collect()
}

fn rule(claim: &str, value: Option<&str>, role: Role, tenants: RuleTenants) -> Rule {
    Rule { claim: claim.into(), value: value.map(Into::into), roles: Roles::NONE.with(role), tenants }
}

/// Returns the principal of a token with these claims, by these rules.
fn holder(rules: Vec<Rule>, name_claim: &str, others: Value) -> Result<Principal, Refused> {
    let signer = Signer::ed25519();
    let fixture = Fixture::with(&[signer.jwk("k1")], |config| {
        config.rules = rules;
        config.name_claim = name_claim.into();
    });
    fixture.check(&signer.token(&claims_with(others))).map(|principal| (*principal).clone())
}

fn grants(rules: Vec<Rule>, others: Value) -> Vec<Grant> {
    holder(rules, "sub", others).unwrap().grants
}

#[test]
fn a_claim_is_a_text_or_a_list_or_lies_deeper() {
    for (claim, value, others, matches) in [
        ("group", Some("ops"), json!({ "group": "ops" }), true),
        ("group", Some("ops"), json!({ "group": "ops2" }), false),
        ("group", Some("ops"), json!({ "group": ["dev", "ops"] }), true),
        ("group", Some("ops"), json!({ "group": ["dev", ["ops"], { "ops": 1 }, 1, true] }), false),
        ("group", Some("ops"), json!({ "group": { "ops": "ops" } }), false),
        ("group", Some("ops"), json!({}), false),
        ("group", None, json!({ "group": "anything" }), true),
        ("group", None, json!({ "group": [] }), false),
        ("group", None, json!({ "group": "" }), false),
        ("group", None, json!({ "group": false }), false),
        ("group", Some("7"), json!({ "group": 7 }), false),
        ("realm_access.roles", Some("ops"), json!({ "realm_access": { "roles": ["ops"] } }), true),
        ("realm_access.roles", Some("ops"), json!({ "realm_access": ["roles"] }), false),
        ("realm_access.roles", Some("ops"), json!({ "realm_access": "roles" }), false),
        ("https://example.org/roles", Some("ops"), json!({ "https://example.org/roles": "ops" }), true),
        ("scope", Some("usher:ops"), json!({ "scope": "openid usher:ops" }), true),
        ("scope", Some("usher"), json!({ "scope": "openid usher:ops" }), false),
        ("scp", Some("ops"), json!({ "scp": ["dev", "ops"] }), true),
        ("group", Some("ops"), json!({ "group": "dev ops" }), false),
    ] {
        let rules = vec![rule(claim, value, Role::Operator, RuleTenants::All)];
        assert_eq!(grants(rules, others.clone()).len(), usize::from(matches), "{claim} {value:?} {others}");
    }
}

#[test]
fn tenants_come_from_a_claim_if_they_are_any() {
    for (claim, expected) in [
        (json!("acme"), &["acme"][..]),
        (json!(["acme", "globex", "", " edge ", 7, null]), &["acme", "globex"]),
        (json!([]), &[]),
        (json!(7), &[]),
        (json!("a\nb"), &[]),
        // `all` is an ordinary tenant id here.
        (json!("all"), &["all"]),
    ] {
        let rules = vec![rule("groups", None, Role::Viewer, RuleTenants::FromClaim("tenant".into()))];
        let found = grants(rules, json!({ "tenant": claim }));
        let expected = Tenants::Only(tenants(expected));
        let expected = (expected != Tenants::NONE).then_some(expected);
        assert_eq!(found.into_iter().map(|grant| grant.tenants).next(), expected, "{claim}");
    }
}

#[test]
fn rules_add_up_and_do_not_mix() {
    let rules = vec![
        rule("groups", Some("managers"), Role::Manager, RuleTenants::FromClaim("tenant".into())),
        rule("groups", Some("viewers"), Role::Viewer, RuleTenants::Only(tenants(&["globex"]))),
        rule("groups", Some("operators"), Role::Operator, RuleTenants::All),
    ];
    let who = holder(rules, "sub", json!({ "groups": ["viewers", "managers"], "tenant": "acme" })).unwrap();
    let may = |role, tenant| who.may(Roles::NONE.with(role), &TenantId::parse(tenant).unwrap());
    assert!(may(Role::Manager, "acme") && may(Role::Viewer, "globex"));
    assert!(!may(Role::Manager, "globex") && !may(Role::Viewer, "acme") && !may(Role::Operator, "acme"));
    assert_eq!(who.tenants_for(Roles::ALL), Tenants::Only(tenants(&["acme", "globex"])));
}

#[test]
fn whom_no_rule_means_is_known_and_may_do_nothing() {
    let who = holder(Vec::new(), "sub", json!({})).unwrap();
    assert_eq!(who, Principal { actor: Actor("oidc:alice".into()), grants: Vec::new(), token: None });
}

#[test]
fn the_audit_calls_them_by_the_claim_that_is_configured() {
    for (name_claim, others, actor) in [
        ("email", json!({ "email": "alice@example.org" }), Some("oidc:alice@example.org")),
        ("email", json!({}), Some("oidc:alice")),
        ("profile.login", json!({ "profile": { "login": "al" } }), Some("oidc:al")),
        ("email", json!({ "email": "" }), None),
        ("email", json!({ "email": ["alice@example.org"] }), None),
        ("email", json!({ "email": "alice\u{1b}[31m" }), None),
        ("email", json!({ "email": "x".repeat(255) }), None),
    ] {
        let found = holder(Vec::new(), name_claim, others.clone()).map(|who| who.actor);
        let expected = actor.map_or(Err(Refused::Claims), |actor| Ok(Actor(actor.into())));
        assert_eq!(found, expected, "{others}");
    }
    assert_eq!(claims()["sub"], "alice");
}
