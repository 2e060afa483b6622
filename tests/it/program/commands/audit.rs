//! `usher audit`

use serde_json::Value;

use super::Console;

#[test]
fn events_are_listed_newest_first_and_filtered() {
    let console = Console::open();
    console.says("license delete --all");
    let ran = console.run("audit list --limit 1");
    assert_eq!((ran.code, &*ran.errors), (Some(0), "these are the first 1; there are more, see --limit\n"));
    let said = ran.printed;
    let lines: Vec<&str> = said.lines().collect();
    assert!(lines[0].starts_with("when ") && lines[0].contains("what") && lines[0].contains("by"), "{said}");
    assert!(lines.len() == 2 && lines[1].contains("license-deleted  done"), "{said}");
    let output = console.tells("audit list --user ann@demo.example --action seat-granted --outcome done");
    let events = output["events"].as_array().expect("a list");
    assert_eq!((events.len(), &output["next_page_token"]), (2, &"".into()), "{output}");
    for event in events {
        assert_eq!(
            (&event["user_id"], &event["action"]),
            (&"ann@demo.example".into(), &"AUDIT_ACTION_SEAT_GRANTED".into())
        );
    }
    let of = |filters: &str| console.tells(&format!("audit list {filters}"))["events"].as_array().map_or(0, Vec::len);
    assert_eq!(of("--from 2000-01-01 --before 2001-01-01"), 0);
    assert!(of("--from 2000-01-01T12:00:00Z") > 3);
    assert_eq!((of("--pool crm --user ann@demo.example"), of("--pool ghost"), of("--organization ghost")), (1, 0, 0));
    assert_eq!((of("--detail 'all organizations'") > 0, of("--detail nonsense"), of("--times 2")), (true, 0, 0));
    assert_eq!((of("--actor nobody"), of("--reason seats-exhausted"), of("--outcome denied")), (0, 0, 0));
    assert_eq!(console.says("audit list --actor nobody"), "no events\n");
    let wrong = console.refuses("audit list --reason full", 1);
    assert!(wrong.contains("reason") && wrong.contains("INVALID_REQUEST"), "{wrong}");
    let wrong = console.refuses("audit list --action dance", 1);
    assert!(wrong.starts_with("--action: \"dance\" is none of session-started, "), "{wrong}");
    assert_eq!(console.run("audit list --from soon").code, Some(2));
}

#[test]
fn a_file_is_what_the_list_is() {
    let console = Console::open();
    let output = console.tells("audit list --limit 1000");
    let listed = output["events"].as_array().expect("a list");
    assert!(listed.len() > 20, "{} events", listed.len());

    let lines = console.says("audit export --json");
    let lines: Vec<Value> = lines.lines().map(|line| serde_json::from_str(line).expect(line)).collect();
    assert_eq!(&lines, listed, "a line is the JSON of the event");

    let file = console.says("audit export --columns user_id,action --user gus@demo.example");
    assert_eq!(file, "user_id,action\r\ngus@demo.example,SEAT_GRANTED\r\ngus@demo.example,USER_CREATED\r\n");
}

#[test]
fn a_file_is_written_where_it_is_wanted() {
    let console = Console::open();
    assert_eq!(console.says("audit export --delimiter ; --columns action,count --output some.csv"), "");
    let file = std::fs::read_to_string(console.folder.path().join("some.csv")).unwrap();
    assert!(file.starts_with("action;count\r\n") && file.ends_with("\r\nTENANT_CREATED;1\r\n"), "{file}");
    let refused = console.refuses("audit export --output nowhere/some.csv", 1);
    assert!(refused.starts_with("--output nowhere/some.csv: "), "{refused}");
    let refused = console.refuses("audit export --columns password", 1);
    assert!(refused.contains("columns[0]"), "{refused}");
    assert_eq!(console.run("audit export --json --columns actor").code, Some(2), "JSON has no columns");
    let ghost = console.refuses("audit export --tenant ghost", 1);
    assert_eq!(ghost, "There is no tenant \"ghost\". (RESOURCE_NOT_FOUND)");
}
