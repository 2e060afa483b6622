//! `usher users`

use super::{Console, command, ran};

/// Returns the first column of a table.
fn first(table: &str) -> Vec<&str> {
    table.lines().skip(1).map(|line| line.split('@').next().unwrap_or_default()).collect()
}

#[test]
fn users_are_listed_filtered_and_ordered() {
    let console = Console::open();
    let all = console.says("users list");
    assert_eq!(
        all.lines().next(),
        Some("user               name  state   status    last sign-in  role           seats")
    );
    assert_eq!(first(&all), ["ann", "bob", "cid", "dee", "eve", "fay", "gus", "root"]);
    let root = "root@demo.example  Root  active  inactive  never         administrator  primary, crm";
    assert_eq!(all.lines().last(), Some(root));
    console.says("users block eve@demo.example");
    for (filter, users) in [
        ("--search 'DEMO an'", &["ann"][..]),
        ("--search 'ann bob' --any", &["ann", "bob"]),
        ("--state blocked", &["eve"]),
        ("--state active --pool crm", &["ann", "bob", "root"]),
        ("--status active,away,idle", &[]),
        ("--status inactive --administrators", &["root"]),
        ("--status blank", &["eve"]),
        ("--organization south --no-administrators", &["ann", "bob", "cid", "dee", "eve", "fay", "gus"]),
        ("--organization south --status active,idle,inactive", &["ann", "bob", "root"]),
        ("--organization south --status blank", &["cid", "dee", "eve", "fay", "gus"]),
        ("--group sales", &[]),
        ("--id EVE@", &["eve"]),
        ("--name roo", &["root"]),
        ("--cause administrator", &["eve"]),
        ("--cause directory", &[]),
        ("--signed-in-from 2000-01-01", &[]),
        ("--created-before 2001-01-01", &[]),
        ("--created-from 2001-01-01T12:00:00Z --id a", &["ann", "bob", "cid", "dee", "eve", "fay", "gus", "root"]),
        ("--never-signed-in --order user --descending --pool crm", &["root", "bob", "ann"]),
        ("--order name --limit 8", &["ann", "bob", "cid", "dee", "eve", "fay", "gus", "root"]),
    ] {
        let listed = console.says(&format!("users list {filter}"));
        let none = users.is_empty().then_some("no users\n");
        assert_eq!((first(&listed), none.unwrap_or(&*listed)), (users.to_vec(), &*listed), "{filter}");
    }
    let ran = console.run("users list --limit 3 --order last-sign-in");
    assert_eq!((ran.code, first(&ran.printed).len()), (Some(0), 3));
    assert_eq!(ran.errors, "these are the first 3; there are more, see --limit\n");
    let json = console.tells("users list --state blocked");
    assert_eq!(
        (&json["users"][0]["user_id"], json["users"].as_array().unwrap().len()),
        (&"eve@demo.example".into(), 1)
    );
    assert_eq!(json["users"][0]["block_cause"], "BLOCK_CAUSE_ADMINISTRATOR");
    assert_eq!(json["next_page_token"], "");
}

#[test]
fn one_user_is_made_and_shown() {
    let console = Console::open();
    let made = "users create ZOE@demo.example --given-name Zoë --family-name Zett --group sales --group press \
                --pool primary --attribute office=2.17";
    let said = console.says(made);
    for line in ["user           zoe@demo.example", "name           Zoë Zett", "groups         sales, press"] {
        assert!(said.contains(line), "{said}");
    }
    assert!(said.contains("attribute      office=2.17\n\nseat in  granted at            organizations\n"), "{said}");
    assert!(
        said.lines().last().is_some_and(|line| line.starts_with("primary  20") && line.ends_with("Z  all")),
        "{said}"
    );
    assert_eq!(console.says("users get zoe@demo.example"), said);
    assert_eq!(console.tells("users get zoe@demo.example")["user"]["attributes"]["office"], "2.17");
    let blank = console.says("users get --organization south cid@demo.example");
    assert!(blank.contains("\nstatus\n") && blank.contains("\nprimary  "), "{blank}");

    assert!(console.refuses(made, 1).ends_with("(RESOURCE_EXISTS)"));
    assert!(console.refuses("users get ghost", 1).ends_with("(RESOURCE_NOT_FOUND)"));
    assert!(console.refuses("users create 'a b'", 1).starts_with("user.user_id must not contain white space"));
    let full = console.refuses("users create new@demo.example --pool crm", 11);
    assert!(full.starts_with("not created: ") && full.ends_with("(SEATS_EXHAUSTED)"), "{full}");
    let denied = console.run("users create new@demo.example --pool crm --json");
    let answer = crate::license::workspace::json(&denied.printed);
    assert_eq!((denied.code, &answer["denial"]["reason"]), (Some(11), &"DENIAL_REASON_SEATS_EXHAUSTED".into()));
    console.refuses("users get new@demo.example", 1);
}

#[test]
fn an_id_of_several_writings_is_told() {
    let console = Console::open();
    // The first letter is Cyrillic (R2).
    let said = console.says("users create \u{430}nn@demo.example --pool primary");
    assert!(said.contains("\nwarning        letters of several scripts\n"), "{said}");
    let listed = console.says("users list --search nn@");
    let ends = listed.lines().skip(1).map(|line| line.rsplit("  ").next().unwrap_or_default()).collect::<Vec<_>>();
    assert_eq!((first(&listed), ends[1]), (vec!["ann", "\u{430}nn"], "letters of several scripts"), "{listed}");
    let json = console.tells("users list --search nn@");
    let warnings = |at: usize| json["users"][at]["user_id_warnings"].as_array().map_or(0, Vec::len);
    assert_eq!((warnings(0), warnings(1)), (0, 1), "{json}");
    assert_eq!(json["users"][1]["user_id_warnings"][0], "USER_ID_WARNING_MIXED_SCRIPTS");
    assert!(!console.says("users get ann@demo.example").contains("warning"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_user_is_changed_and_renamed_while_signed_in() {
    let console = Console::open();
    let session = console.sign_in("ann", "laptop").await;
    let said = console.says(
        "users update ANN@demo.example --given-name Ann --family-name Bell --group sales/eu --attribute office=2.17",
    );
    assert!(said.contains("name           Ann Bell\n") && said.contains("groups         sales/eu\n"), "{said}");
    assert_eq!(first(&console.says("users list --group sales")), ["ann"]);
    let said = console.says("users update ann@demo.example --family-name '' --no-groups --administrator no");
    assert!(
        said.contains("name           Ann\n") && said.contains("groups\n") && said.contains("office=2.17"),
        "{said}"
    );

    let said = console.says("users rename ann@demo.example Ann.Bell@demo.example");
    assert!(said.starts_with("user           ann.bell@demo.example\nname           Ann\n"), "{said}");
    assert_eq!(console.says("users rename ann@demo.example ann.bell@demo.example"), said, "once more");
    assert!(console.refuses("users get ann@demo.example", 1).ends_with("(RESOURCE_NOT_FOUND)"));
    assert!(console.refuses("users rename bob@demo.example ann.bell@demo.example", 1).ends_with("(RESOURCE_EXISTS)"));
    let sessions = console.tells("sessions list --user ann.bell@demo.example");
    assert_eq!(sessions["sessions"][0]["session_id"], session.as_str());
    let audit = console.tells("audit list --user ann.bell@demo.example");
    let actions: Vec<_> = audit["events"].as_array().unwrap().iter().map(|event| event["action"].clone()).collect();
    assert_eq!(actions.first(), Some(&"AUDIT_ACTION_USER_RENAMED".into()));
    assert_eq!(actions.last(), Some(&"AUDIT_ACTION_USER_CREATED".into()));
    for words in ["users update ann.bell@demo.example", "users rename x", "users update x --group a --no-groups"] {
        assert_eq!(console.run(words).code, Some(2), "{words}");
    }
}

#[test]
fn several_users_are_blocked_and_each_is_told() {
    let console = Console::open();
    console.write("gone.txt", "\u{feff}ann@demo.example\r\n\n  ghost  \nbob@demo.example\n");
    let (output, errors) = console.half_says("users block cid@demo.example --users-file gone.txt");
    assert_eq!(
        output,
        "user              result\n\
         cid@demo.example  blocked\n\
         ann@demo.example  blocked\n\
         ghost             There is no user \"ghost\". (RESOURCE_NOT_FOUND)\n\
         bob@demo.example  blocked\n"
    );
    assert_eq!(errors, "usher: 1 of 4 not blocked\n");
    // Two seats in crm are free; the third user who needs one stays blocked (R5).
    console.says("seats grant --pool crm dee@demo.example");
    let (output, errors) = console.half_says("users unblock bob@demo.example ann@demo.example cid@demo.example --json");
    let output = crate::license::workspace::json(&output);
    let results = output["results"].as_array().unwrap();
    assert_eq!(errors, "usher: 1 of 3 not unblocked\n");
    assert_eq!(
        (&results[0]["user_id"], &results[0]["user"]["state"]),
        (&"bob@demo.example".into(), &"USER_STATE_ACTIVE".into())
    );
    assert_eq!(results[1]["denial"]["reason"], "DENIAL_REASON_SEATS_EXHAUSTED");
    assert_eq!(results[2]["user"]["block_cause"], "BLOCK_CAUSE_UNSPECIFIED");
    assert_eq!(console.says("users delete ann@demo.example"), "user              result\nann@demo.example  deleted\n");
    assert!(console.half_says("users delete ann@demo.example").0.ends_with("(RESOURCE_NOT_FOUND)\n"));
}

#[test]
fn many_users_in_a_file_are_worked_off_in_their_order() {
    let console = Console::open();
    let users: Vec<String> = (0..1_200).map(|at| format!("user{at}@demo.example")).collect();
    console.write("many.txt", &users.join("\n"));
    let granted = console.says("seats grant --pool primary --users-file many.txt");
    assert!(granted.ends_with("\n\n1200 of 1200 granted\nprimary: 0 of 5 in use\n"), "{granted}");
    let rows = |text: &str| -> Vec<String> {
        let lines = text.lines().skip(1).filter(|line| line.contains('@'));
        lines.filter_map(|line| line.split_whitespace().find(|word| word.contains('@'))).map(str::to_owned).collect()
    };
    assert_eq!(rows(&granted), users);
    assert_eq!(rows(&console.says("users block --users-file many.txt")), users);
    let listed = console.tells("users list --state blocked");
    assert_eq!(listed["users"].as_array().map(Vec::len), Some(1_200));
    assert_eq!(rows(&console.says("users list --state blocked")).len(), 1_200);
}

#[test]
fn whoever_asks_wrongly_is_told_before_anything_is_done() {
    let console = Console::open();
    console.write("empty.txt", "\n \n");
    assert_eq!(console.refuses("users delete --users-file empty.txt", 2), "--users-file: empty.txt: names nobody");
    assert!(console.refuses("users block --users-file none.txt", 2).starts_with("--users-file: none.txt: "));
    for words in [
        "users",
        "users list --state gone",
        "users list --any",
        "users list --limit 0",
        "users list --administrators --no-administrators",
        "users get",
        "users block",
        "users create x --attribute office",
    ] {
        assert_eq!(console.run(words).code, Some(2), "{words}");
    }
    // All four commands fail with the same single message, and do nothing.
    for words in ["users list", "users block ann bob", "users unblock ann", "users delete ann"] {
        let said = console.refuses(&format!("{words} --tenant ghost"), 1);
        assert_eq!(said, "There is no tenant \"ghost\". (RESOURCE_NOT_FOUND)", "{words}");
    }
    let away = ran(&mut command("users block ann --tenant demo --address 127.0.0.1:1"));
    assert_eq!((away.code, &*away.printed), (Some(3), ""));
}
