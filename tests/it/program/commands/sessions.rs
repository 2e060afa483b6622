//! `usher sessions`

use super::Console;

/// Returns the rows of the table, without the session's id and the time.
fn rows(table: &str) -> Vec<String> {
    let timeless = |word: &&str| !word.ends_with('Z');
    table
        .lines()
        .skip(1)
        .map(|line| line.split_whitespace().skip(1).filter(timeless).collect::<Vec<_>>().join(" "))
        .collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sessions_are_listed_and_closed() {
    let console = Console::open();
    assert_eq!(console.says("sessions list"), "no sessions\n");
    let ann = console.sign_in("ann", "laptop").await;
    let bob = console.sign_in("bob", "phone").await;
    let listed = console.says("sessions list");
    let heading = listed.lines().next().unwrap();
    let columns =
        ["session ", "user ", "status ", "idle for", "signed in at ", "pool ", "organization ", "device ", "client"];
    assert!(columns.iter().all(|column| heading.contains(column)), "{heading}");
    let expected = |user: &str, device: &str| format!("{user}@demo.example active 0s primary north {device} 10.0.0.7");
    assert_eq!(rows(&listed), [expected("ann", "laptop"), expected("bob", "phone")]);
    for (filter, count) in [
        ("--pool primary --user ann@demo.example", 1),
        ("--pool crm", 0),
        ("--organization north --status active --order user --descending", 2),
        ("--organization south", 0),
        ("--status idle,away --order last-activity", 0),
        ("--device phone", 1),
        ("--client 10.0.0", 2),
        ("--client 10.0.1", 0),
        ("--idle-for 1h", 0),
        ("--signed-in-from 2000-01-01", 2),
        ("--signed-in-before 2000-01-01", 0),
    ] {
        let sessions = console.tells(&format!("sessions list {filter}"));
        assert_eq!(sessions["sessions"].as_array().map(Vec::len), Some(count), "{filter}");
    }
    assert_eq!(console.tells("sessions list --order user --descending")["sessions"][0]["session_id"], bob.as_str());
    let one = console.tells(&format!("sessions list --session {bob}"));
    assert_eq!((&one["sessions"][0]["device_id"], one["sessions"].as_array().unwrap().len()), (&"phone".into(), 1));

    // R26: a session of an Active user is not closed without force, and one's own is never closed.
    let (output, errors) = console.half_says(&format!("sessions close {ann} nonsense"));
    assert!(output.contains(&format!("{ann}  ")) && output.contains("(SESSION_IN_USE)\n"), "{output}");
    assert!(output.contains("nonsense") && errors == "usher: 2 of 2 not closed\n", "{output}{errors}");
    let own = console.half_says(&format!("sessions close {ann} --force --as ann@demo.example")).0;
    assert!(own.contains("(OWN_SESSION)"), "{own}");
    let closed = console.says(&format!("sessions close {ann} --force"));
    assert_eq!(closed.lines().nth(1), Some(&*format!("{ann}  closed")));
    let again = console.says(&format!("sessions close {ann}"));
    assert_eq!(again.lines().nth(1), Some(&*format!("{ann}  had ended before: closed by an administrator")));
    let json = console.tells(&format!("sessions close {bob} --force"));
    assert_eq!((&json["results"][0]["session_id"], &json["results"][0]["ended_now"]), (&bob.into(), &true.into()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn idle_sessions_are_closed_and_ones_own_is_not() {
    let console = Console::open();
    assert_eq!(console.says("sessions close-idle"), "nobody is idle: nothing was closed\n");
    for user in ["ann", "bob", "root"] {
        console.sign_in(user, "laptop").await;
    }
    assert_eq!(console.says("sessions close-idle"), "nobody is idle: nothing was closed\n");
    console.let_everybody_be_idle().await;
    assert_eq!(rows(&console.says("sessions list --status idle")).len(), 3);
    assert_eq!(console.tells("sessions close-idle --pool crm")["closed"].as_array().map(Vec::len), Some(0));
    let closed = console.says("sessions close-idle --as root@demo.example --pool primary");
    assert!(closed.ends_with("\n\n2 sessions closed\n"), "{closed}");
    let left = console.tells("sessions list");
    assert_eq!(left["sessions"][0]["user_id"], "root@demo.example");
    assert_eq!(left["sessions"].as_array().map(Vec::len), Some(1));
}
