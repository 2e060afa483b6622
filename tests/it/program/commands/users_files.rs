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
    // A column that is empty empties the field.
    console.write("fewer.csv", "user_id,given_name\nhal@demo.example,\n");
    assert_eq!(console.says("users import fewer.csv"), "1 updated\n");
    assert_eq!(console.tells("users get hal@demo.example")["user"]["given_name"], "");
}

#[test]
fn who_finds_no_seat_is_told_with_the_line() {
    let console = Console::open();
    console.write("staff.csv", "user_id,pools\nann@demo.example,crm\nhal@demo.example,crm\nivy@demo.example,ghost\n");
    let (told, why) = console.half_says("users import staff.csv");
    let expected = "line  user              result                           why\n   \
                    3  hal@demo.example  created, blocked: no seat is free  crm: SEATS_EXHAUSTED\n   \
                    4  ivy@demo.example  created                            ghost: POOL_NOT_LICENSED\n\
                    1 created, 1 created and blocked, for want of seats, 1 unchanged\n";
    assert_eq!(squeezed(&told), squeezed(expected));
    assert_eq!(why, "usher: 2 users are not as the file wants it\n");
    let (json, _) = console.half_says("users import staff.csv --json");
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["results"][1]["block_cause"], "BLOCK_CAUSE_LICENSE_LIMIT");
    assert_eq!((&json["totals"]["waiting"], json["results"].as_array().unwrap().len()), (&"1".into(), 3));
}

/// However wide the columns are.
fn squeezed(text: &str) -> Vec<String> {
    text.lines().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ")).collect()
}

#[test]
fn a_full_file_tells_who_is_not_in_it() {
    let console = Console::open();
    console.write("all.csv", "user_id\nann@demo.example\nroot@demo.example\n");
    let told = console.says("users import all.csv --full");
    assert!(
        told.ends_with("2 unchanged, 6 not in the file\n") && told.contains("  gus@demo.example  not in the file\n"),
        "{told}"
    );
    let told = console.says("users import all.csv --full --block-unlisted");
    assert!(told.ends_with("2 unchanged, 6 not in the file and blocked\n"), "{told}");
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
    console.write("empty.csv", "user_id\n");
    let said = console.refuses("users import empty.csv --full --block-unlisted", 1);
    assert!(said.contains("entries must not be empty: every user would be blocked"), "{said}");
    assert!(
        console.refuses("users export --columns shoe_size", 1).contains("columns[0] must be one of user_id, email")
    );
}
