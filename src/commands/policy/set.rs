//! `usher policy set`

use clap::Args;
use prost_types::FieldMask;

use super::rules::{DEFAULT, Rules, Value};
use super::show::shown;
use crate::commands::connection::{TenantArgs, Usher, call_tenant};
use crate::commands::error::Error;
use crate::commands::output::{Printer, Rendered};
use crate::failure::Failure;
use crate::proto::v1::{CloseActive, Policy, Tenant, UnknownUsers, UpdateTenantRequest, WhenAlreadySignedIn, WhenFull};

#[derive(Debug, Args)]
pub struct SetArgs {
    #[command(flatten)]
    pub rules: Rules,
    #[command(flatten)]
    pub scope: TenantArgs,
}

/// Changes the rules that are given, and prints the policy.
pub async fn run(args: &SetArgs) -> Result<(), Failure> {
    call_tenant(&args.scope, async |usher, printer| set(usher, printer, &args.rules).await).await
}

async fn set(usher: &Usher, printer: &mut Printer, rules: &Rules) -> Result<(), Error> {
    let (policy, paths) = wanted(rules);
    let tenant = Tenant { tenant_id: usher.tenant.clone(), policy: Some(policy), ..Tenant::default() };
    let request = UpdateTenantRequest { tenant: Some(tenant), update_mask: Some(FieldMask { paths }) };
    let changed = usher.answer(usher.tenants().update_tenant(usher.request(request))).await?;
    printer.print(&Rendered::new(&changed, shown(changed.tenant.as_ref())))
}

/// The given rules, and their paths for the mask: a path whose field is not set resets the rule to its default.
fn wanted(rules: &Rules) -> (Policy, Vec<String>) {
    let mut paths = Paths::default();
    let policy = Policy {
        lease_ttl: paths.value("lease_ttl", &rules.lease_ttl).and_then(duration),
        max_session: paths.value("max_session", &rules.max_session).and_then(duration),
        away_after: paths.value("away_after", &rules.away_after).and_then(duration),
        idle_after: paths.value("idle_after", &rules.idle_after).and_then(duration),
        idle_timeout: paths.value("idle_timeout", &rules.idle_timeout).and_then(duration),
        max_devices_per_user: paths.value("max_devices_per_user", &rules.max_devices_per_user),
        when_already_signed_in: paths
            .word("when_already_signed_in", &rules.when_already_signed_in, WhenAlreadySignedIn::from_str_name)
            .into(),
        when_full: paths.word("when_full", &rules.when_full, WhenFull::from_str_name).into(),
        close_active: paths.word("close_active", &rules.close_active, CloseActive::from_str_name).into(),
        unknown_users: paths.word("unknown_users", &rules.unknown_users, UnknownUsers::from_str_name).into(),
        administrators_count_in_named: paths
            .flag("administrators_count_in_named", &rules.administrators_count_in_named),
        administrators_count_in_concurrent: paths
            .flag("administrators_count_in_concurrent", &rules.administrators_count_in_concurrent),
        responsible_person: paths.text("responsible_person", &rules.responsible_person).unwrap_or_default(),
        seat_request_step: paths.value("seat_request_step", &rules.seat_request_step),
        warn_at_percent: paths.value("warn_at_percent", &rules.warn_at_percent).unwrap_or_default(),
    };
    (policy, paths.0)
}

/// Paths in the mask so far.
#[derive(Default)]
struct Paths(Vec<String>);

impl Paths {
    /// Value of a field; `None`: the option is not given, or is the default.
    fn value<T: Clone>(&mut self, field: &str, given: &Option<Value<T>>) -> Option<T> {
        let given = given.as_ref()?;
        self.0.push(format!("policy.{field}"));
        match given {
            Value::Given(value) => Some(value.clone()),
            Value::Default => None,
        }
    }

    fn text(&mut self, field: &str, given: &Option<String>) -> Option<String> {
        let text = given.as_ref()?;
        self.0.push(format!("policy.{field}"));
        (text != DEFAULT).then(|| text.clone())
    }

    fn flag(&mut self, field: &str, given: &Option<String>) -> Option<bool> {
        self.text(field, given).map(|word| word == "yes")
    }

    /// `reclaim-idle` for `when_full` is `WHEN_FULL_RECLAIM_IDLE`. Options accept only words of the contract.
    fn word<T: Default>(&mut self, field: &str, given: &Option<String>, read: fn(&str) -> Option<T>) -> T {
        let word = self.text(field, given);
        word.and_then(|word| read(&format!("{field}_{word}").to_uppercase().replace('-', "_"))).unwrap_or_default()
    }
}

fn duration(of: std::time::Duration) -> Option<prost_types::Duration> {
    prost_types::Duration::try_from(of).ok()
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;
    use crate::commands::output::json;
    use crate::commands::{Cli, Command, policy};

    fn read(words: &str) -> (Policy, Vec<String>) {
        let words = "usher policy set --tenant acme ".to_owned() + words;
        match Cli::try_parse_from(words.split_whitespace()).map(|cli| cli.command) {
            Ok(Command::Policy(policy::Policy::Set(set))) => wanted(&set.rules),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn every_rule_of_the_contract_has_an_option_and_a_default() {
        let fields = [
            ("lease_ttl", "off"),
            ("max_session", "1h"),
            ("away_after", "1m"),
            ("idle_after", "2m"),
            ("idle_timeout", "0"),
            ("max_devices_per_user", "2"),
            ("when_already_signed_in", "take-over"),
            ("when_full", "reclaim-idle"),
            ("close_active", "allow"),
            ("unknown_users", "admit"),
            ("administrators_count_in_named", "no"),
            ("administrators_count_in_concurrent", "yes"),
            ("responsible_person", "ann@acme.example"),
            ("seat_request_step", "7"),
            ("warn_at_percent", "75,90"),
        ];
        let given = fields.map(|(field, value)| format!("--{}={value}", field.replace('_', "-"))).join(" ");
        let (policy, paths) = read(&given);
        assert_eq!(paths, fields.map(|(field, _)| format!("policy.{field}")));
        let json = json::of(&policy);
        let names: Vec<_> = json.as_object().expect("an object").keys().map(String::as_str).collect();
        let mut all = fields.map(|(field, _)| field);
        all.sort_unstable();
        assert_eq!(names, all, "left: the contract; right: the options");
        for (field, value) in json.as_object().expect("an object") {
            let unset =
                value.is_null() || *value == "" || value.as_str().is_some_and(|it| it.ends_with("_UNSPECIFIED"));
            assert!(!unset, "{field} is not set: {value}");
        }
        let (policy, paths) =
            read(&fields.map(|(field, _)| format!("--{}=default", field.replace('_', "-"))).join(" "));
        assert_eq!((policy, paths.len()), (Policy::default(), fields.len()));
    }

    #[test]
    fn what_is_not_named_stays_as_it_is() {
        let (policy, paths) = read("--when-full deny");
        assert_eq!((policy.when_full(), paths), (WhenFull::Deny, vec!["policy.when_full".to_owned()]));
        assert!(Cli::try_parse_from("usher policy set --tenant acme".split(' ')).is_err(), "nothing to set");
        assert!(Cli::try_parse_from("usher policy set --tenant acme --when-full maybe".split(' ')).is_err());
    }
}
