//! `usher tenants`, `policy`, `organizations` and `license show`

use super::{Console, command};

/// Parses lines of `name  text` into pairs.
fn pairs(text: &str) -> Vec<(&str, &str)> {
    text.lines()
        .map(|line| line.split_once("  ").unwrap_or((line, "")))
        .map(|(name, text)| (name, text.trim()))
        .collect()
}

fn line<'a>(text: &'a str, name: &str) -> &'a str {
    let found = pairs(text).into_iter().find(|(known, _)| *known == name);
    found.unwrap_or_else(|| panic!("no {name} in {text}")).1
}

#[test]
fn a_tenant_is_made_changed_suspended_and_deleted() {
    let console = Console::open();
    let made = console.says("tenants create acme --display-name 'Acme Ltd'");
    let shown = ["tenant", "name", "contact", "state"].map(|name| line(&made, name));
    assert_eq!(shown, ["acme", "Acme Ltd", "", "active"]);
    assert!(console.refuses("tenants create acme", 1).ends_with("(RESOURCE_EXISTS)"));

    let changed = console.says("tenants update acme --contact 'Ann, +1 555' --display-name ''");
    assert_eq!((line(&changed, "name"), line(&changed, "contact")), ("", "Ann, +1 555"));
    assert_eq!(console.says("tenants show acme"), changed);
    assert_eq!(console.tells("tenants show acme")["tenant"]["contact"], "Ann, +1 555");

    let first = |table: &str| -> Vec<String> {
        table.lines().skip(1).filter_map(|line| line.split_whitespace().next()).map(str::to_owned).collect()
    };
    assert_eq!(line(&console.says("tenants suspend acme"), "state"), "suspended");
    assert_eq!(first(&console.says("tenants list")), ["acme", "demo"]);
    assert_eq!(first(&console.says("tenants list --state suspended")), ["acme"]);
    assert_eq!(first(&console.says("tenants list --search 555")), ["acme"]);
    assert_eq!(console.says("tenants list --search nobody"), "no tenants\n");
    assert_eq!(line(&console.says("tenants resume acme"), "state"), "active");

    assert_eq!(console.says("tenants delete acme"), "tenant acme: deleted\n");
    assert_eq!(console.refuses("tenants show acme", 1), "There is no tenant \"acme\". (RESOURCE_NOT_FOUND)");
    for words in ["tenants", "tenants create", "tenants update demo", "tenants list --state gone"] {
        assert_eq!(console.run(words).code, Some(2), "{words}");
    }
}

#[test]
fn the_rules_of_a_tenant_are_shown_and_set() {
    let console = Console::open();
    let at_first = console.says("policy show");
    assert_eq!((line(&at_first, "lease-ttl"), line(&at_first, "idle-timeout")), ("10m", "off"));
    assert_eq!((line(&at_first, "when-full"), line(&at_first, "responsible-person")), ("deny", ""));
    // Each setting can be set to the value that is displayed.
    for (name, value) in pairs(&at_first).into_iter().filter(|(_, value)| !value.is_empty()) {
        assert_eq!(console.says(&format!("policy set --{name} '{value}'")), at_first, "{name}");
    }
    let set = console.says(
        "policy set --responsible-person licenses@demo.example --warn-at-percent 90,75 --when-full reclaim-idle \
         --max-session '1h 30m 5s' --administrators-count-in-named no --max-devices-per-user 3",
    );
    for (name, value) in [
        ("responsible-person", "licenses@demo.example"),
        ("warn-at-percent", "75,90"),
        ("when-full", "reclaim-idle"),
        ("max-session", "1h 30m 5s"),
        ("administrators-count-in-named", "no"),
        ("max-devices-per-user", "3"),
        ("away-after", "5m"),
    ] {
        assert_eq!(line(&set, name), value, "{name}");
    }
    assert_eq!(console.says("policy show"), set);
    assert_eq!(console.tells("policy show")["tenant"]["policy"]["when_full"], "WHEN_FULL_RECLAIM_IDLE");
    let all = pairs(&at_first).into_iter().map(|(name, _)| format!("--{name}=default")).collect::<Vec<_>>().join(" ");
    assert_eq!(console.says(&format!("policy set {all}")), at_first);

    let nonsense = console.refuses("policy set --responsible-person licenses", 1);
    assert!(nonsense.starts_with("tenant.policy.responsible_person "), "{nonsense}");
    for words in ["policy set", "policy set --when-full maybe", "policy set --lease-ttl ten", "policy set --away-after"]
    {
        assert_eq!(console.run(words).code, Some(2), "{words}");
    }
}

#[test]
fn organizations_are_made_renamed_and_deleted() {
    let console = Console::open();
    let made = console.says("organizations create east --display-name 'A far place'");
    assert_eq!((line(&made, "organization"), line(&made, "name")), ("east", "A far place"));
    let first = |words: &str| -> Vec<String> {
        let table = console.says(words);
        table.lines().skip(1).filter_map(|line| line.split_whitespace().next()).map(str::to_owned).collect()
    };
    assert_eq!(first("organizations list"), ["east", "north", "south"]);
    assert_eq!(first("organizations list --order organization --descending"), ["south", "north", "east"]);
    assert_eq!(first("organizations list --search FAR"), ["east"]);
    let renamed = console.says("organizations update east --display-name ''");
    assert_eq!(line(&renamed, "name"), "");
    assert_eq!(console.says("organizations delete east"), "organization east: deleted\n");
    assert!(console.refuses("organizations delete east", 1).ends_with("(RESOURCE_NOT_FOUND)"));
    assert_eq!(console.says("organizations list --search far"), "no organizations\n");
    assert_eq!(console.run("organizations update east").code, Some(2));
}

#[test]
fn the_license_page_says_what_was_bought_and_where() {
    let console = Console::open();
    console.says("tenants update demo --contact 'Ann, +1 555'");
    let page = console.says("license show");
    assert_eq!((line(&page, "contact"), line(&page, "version")), ("Ann, +1 555", env!("CARGO_PKG_VERSION")));
    assert_eq!(line(&page, "addresses"), console.program.api.to_string());
    assert!(!line(&page, "this host").is_empty() && !line(&page, "registered to").is_empty(), "{page}");
    assert!(
        page.contains("\npool     plan        in use  limit\n")
            && page.ends_with("primary  concurrent       0      5\n"),
        "{page}"
    );
    let output = console.tells("license show");
    assert_eq!((&output["contact"], &output["license_state"]), (&"Ann, +1 555".into(), &"LICENSE_STATE_VALID".into()));
    console.says("license delete --all");
    assert_eq!(line(&console.says("license show"), "validity"), "demo");
    assert_eq!(super::ran(&mut command("license show")).code, Some(2), "of which tenant?");
}
