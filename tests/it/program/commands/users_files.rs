//! `usher users import` and `export`

use super::Console;

#[test]
fn a_file_fills_the_directory_and_comes_back() {
    let console = Console::open();
    console.write(
        "staff.csv",
        "email;given_name;groups;pools;organizations;attributes.desk\n\
         hal@demo.example;Hal;press|sales;primary;north;'-7\n\
         ivy@demo.example;;;primary;*;\n",
    );
    assert_eq!(console.says("users import staff.csv --dry-run"), "a dry run, nothing was done: 2 created\n");
    assert_eq!(
        console.says("users export --search hal"),
        "user_id,given_name,family_name,groups,administrator,account_state,pools,organizations,last_sign_in_at\r\n"
    );
    assert_eq!(console.says("users import staff.csv"), "2 created\n");
    assert_eq!(console.says("users import staff.csv"), "2 unchanged\n");
    let columns = "--columns email,given_name,groups,pools,organizations,attributes.desk,account_state";
    let exported = console.says(&format!("users export {columns} --delimiter ; --search 'hal ivy' --any"));
    let expected = "email;given_name;groups;pools;organizations;attributes.desk;account_state\r\n\
                    hal@demo.example;Hal;press|sales;primary;north;'-7;yes\r\n\
                    ivy@demo.example;;;primary;*;;yes\r\n";
    assert_eq!(exported, expected);
    console.write("again.csv", &exported);
    assert_eq!(console.says("users import again.csv"), "2 unchanged\n");
    // An empty cell clears the field.
    console.write("fewer.csv", "user_id,given_name\nhal@demo.example,\n");
    assert_eq!(console.says("users import fewer.csv"), "1 updated\n");
    assert_eq!(console.tells("users get hal@demo.example")["user"]["given_name"], "");
}

#[test]
fn who_finds_no_seat_is_told_with_the_line() {
    let console = Console::open();
    console.write("staff.csv", "user_id,pools\nann@demo.example,crm\nhal@demo.example,crm\nivy@demo.example,ghost\n");
    // R15: an import creates nobody at the limit.
    let (output, why) = console.half_says("users import staff.csv");
    let expected = "line user result why\n\
                    3 hal@demo.example refused All seats of \"crm\" are assigned: the user was left as is. \
                    (SEATS_EXHAUSTED), crm: SEATS_EXHAUSTED\n\
                    4 ivy@demo.example created ghost: POOL_NOT_LICENSED\n\
                    1 created, 1 unchanged, 1 refused\n";
    assert_eq!(squeezed(&output), squeezed(expected));
    assert_eq!(why, "usher: 2 users are not as the file wants it\n");
    assert_eq!(console.says("users list --search hal@"), "no users\n");
    let (output, _) = console.half_says("users import staff.csv --when-full block");
    let expected = "line user result why\n\
                    3 hal@demo.example created, blocked: no seat is free crm: SEATS_EXHAUSTED\n\
                    4 ivy@demo.example unchanged ghost: POOL_NOT_LICENSED\n\
                    1 created and blocked, for want of seats, 2 unchanged\n";
    assert_eq!(squeezed(&output), squeezed(expected));
    let (json, _) = console.half_says("users import staff.csv --when-full block --json");
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["results"][1]["block_cause"], "BLOCK_CAUSE_LICENSE_LIMIT");
    assert_eq!((&json["totals"]["waiting"], json["results"].as_array().unwrap().len()), (&"1".into(), 3));
}

/// Returns the lines with every run of white space as one space.
fn squeezed(text: &str) -> Vec<String> {
    text.lines().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ")).collect()
}

#[test]
fn a_full_file_tells_who_is_not_in_it() {
    let console = Console::open();
    console.write("all.csv", "user_id\nann@demo.example\nroot@demo.example\n");
    let output = console.says("users import all.csv --full");
    assert!(
        output.ends_with("2 unchanged, 6 not in the file\n")
            && output.contains("  gus@demo.example  not in the file\n"),
        "{output}"
    );
    let said = console.refuses("users import all.csv --full --block-unlisted", 1);
    let expected = "6 active users are not in this full sync, and at most 5 of the 7 who were there before may be \
                    blocked (max_blocked): nobody was.";
    assert!(said.contains(expected), "{said}");
    assert_eq!(console.says("users list --state blocked"), "no users\n");
    let output = console.says("users import all.csv --full --block-unlisted --max-blocked 6");
    assert!(output.ends_with("2 unchanged, 6 not in the file and blocked\n"), "{output}");
    assert!(console.says("users list --state blocked").contains("blocked (directory)"));
}

#[test]
fn a_wrong_file_is_not_sent() {
    let console = Console::open();
    console.write("wrong.csv", "user_id,administrator\nnew@demo.example,no\nann bob,no\ncid@demo.example,perhaps\n");
    let said = console.refuses("users import wrong.csv", 2);
    let expected = "wrong.csv: line 3: user_id must not contain white space\n\
                    usher: wrong.csv: line 4: administrator must be yes or no, and is \"perhaps\"\n\
                    usher: nothing was sent";
    assert_eq!(said.replace("\n  ", "\nusher: "), expected);
    assert_eq!(console.says("users list --search new@"), "no users\n");
    assert!(console.refuses("users import nowhere.csv", 2).starts_with("nowhere.csv: No such file"), "a missing file");
    // An unclosed quote is an error: it would swallow the users after it.
    console.write("open.csv", "user_id,given_name\nann@demo.example,\"Ann\nroot@demo.example,Root\n");
    let said = console.refuses("users import open.csv --full --block-unlisted --max-blocked 9", 2);
    assert!(said.starts_with("open.csv: line 2: a quote is opened that nothing closes"), "{said}");
    console.write("empty.csv", "user_id\n");
    let said = console.refuses("users import empty.csv --full --block-unlisted", 1);
    assert!(said.contains("entries must not be empty: every user would be blocked"), "{said}");
    assert!(
        console.refuses("users export --columns shoe_size", 1).contains("columns[0] must be one of user_id, email")
    );
}

#[test]
fn spreadsheets_have_ways_of_their_own() {
    let console = Console::open();
    console.write(
        "sheet.csv",
        "\u{feff}sep=;\r\nemail;account_state;pools;organizations;;\r\n\r\nhal@demo.example;no;primary;north;;\r\n;;;;;\r\n\
         ann@demo.example;no;primary|crm;primary=south|crm=*;;\r\n",
    );
    assert_eq!(console.says("users import sheet.csv"), "1 created, 1 updated\n");
    assert_eq!(console.says("users import sheet.csv"), "2 unchanged\n");
    let columns = "--columns email,account_state,block_cause,pools,organizations";
    let file = console.says(&format!("users export {columns} --delimiter ; --bom --search 'ann hal' --any"));
    let expected = "\u{feff}email;account_state;block_cause;pools;organizations\r\n\
                    ann@demo.example;no;administrator;primary|crm;north|south\r\n\
                    hal@demo.example;no;administrator;primary;north\r\n";
    assert_eq!(file, expected);
    console.write("back.csv", "user_id,account_state\nann@demo.example,yes\nhal@demo.example,yes\n");
    assert_eq!(console.says("users import back.csv"), "2 activated\n");
    assert!(console.says("audit export --bom --columns user_id").starts_with("\u{feff}user_id\r\n"));
}

#[test]
fn long_lines_go_in_several_messages() {
    let console = Console::open();
    let names: Vec<String> = (0..50).map(|no| format!("attributes.a{no:02}")).collect();
    let cells = vec!["x".repeat(1_000); 50].join(",");
    let mut file = format!("user_id,{}\n", names.join(","));
    (0..100).for_each(|no| file.push_str(&format!("u{no:03}@demo.example,{cells}\n")));
    console.write("long.csv", &file);
    assert_eq!(console.says("users import long.csv"), "100 created\n");
    let exported = console.says(&format!("users export --search u0 --columns user_id,{}", names.join(",")));
    assert_eq!(exported.replace("\r\n", "\n"), file);
}
