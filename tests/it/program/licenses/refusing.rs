//! Exit codes of refusals: 10 for a license, 1 for any other refusal, 3 without an answer, and 2 if the command itself
//! is wrong.

use std::net::TcpListener;

use super::*;

on_both_stores![a_license_that_is_not_valid_is_not_installed];

async fn a_license_that_is_not_valid_is_not_installed(data: &Data<'_>) {
    let fixture = Fixture::open(data).await;
    let issue = "issue --key vendor.pem --seats primary=5 --tenant";
    fixture.workspace.succeeds(&format!("{issue} acme --revision 2 --out acme.lic"));
    fixture.workspace.succeeds(&format!("{issue} acme --revision 1 --out older.lic"));
    fixture.workspace.succeeds(&format!("{issue} acme --revision 3 --host *.elsewhere.example --out host.lic"));
    fixture.workspace.succeeds(&format!("{issue} umbrella --out umbrella.lic"));
    fixture.workspace.succeeds(
        "issue --key vendor.pem --tenant acme --license-id b --seats primary=5 --plan primary=named --out named.lic",
    );
    fixture.says("install acme.lic --tenant acme");
    let good = fixture.workspace.read("acme.lic");
    let at = good.find('.').unwrap() + 10;
    let other = if &good[at..=at] == "A" { "B" } else { "A" };
    fixture.workspace.write("altered.lic", &format!("{}{other}{}", &good[..at], &good[at + 1..]));
    fixture.workspace.write("long.lic", &"x".repeat(64 * 1024 + 1));
    fixture.workspace.write("empty.lic", "");
    let before = fixture.listed();
    for (file, reason) in [
        ("umbrella.lic", "LICENSE_TENANT"),
        ("host.lic", "LICENSE_HOST"),
        ("older.lic", "LICENSE_REVISION"),
        ("altered.lic", "LICENSE_SIGNATURE"),
        ("named.lic", "PLANS_DISAGREE"),
        ("trust/vendor.jwks", "LICENSE_MALFORMED"),
        ("long.lic", "INVALID_REQUEST"),
        ("empty.lic", "INVALID_REQUEST"),
    ] {
        let words = format!("install {file} --tenant acme");
        let said = fixture.refuses(&words, 10);
        assert!(said.starts_with(&format!("{file}: not valid: ")), "{said}");
        assert!(said.ends_with(&format!("({reason})")), "{said}");
        assert_eq!(fixture.workspace.run(&fixture.addressed(&words)).printed, "", "{file}");
    }
    assert_eq!(fixture.listed(), before);

    // A refusal that is not about a license document has exit code 1.
    for (words, reason) in [
        ("list --tenant ghost", "RESOURCE_NOT_FOUND"),
        ("delete --all --tenant ghost", "RESOURCE_NOT_FOUND"),
        ("request --tenant acme --seats primary=3", "INVALID_REQUEST"),
        ("request --tenant acme --move primary:crm=6", "NOT_ENOUGH_SEATS"),
    ] {
        let said = fixture.refuses(words, 1);
        assert!(said.ends_with(&format!("({reason})")) && !said.contains("not valid"), "{said}");
    }
}

#[test]
fn where_nobody_answers_the_address_is_named() {
    let workspace = Workspace::new();
    workspace.write("acme.lic", "x");
    for words in ["list", "request", "install acme.lic", "delete --all"] {
        let said = workspace.fails(&format!("{words} --tenant acme --address 127.0.0.1:1"), 3);
        assert_eq!(said.len(), 1);
        assert!(said[0].starts_with("127.0.0.1:1 cannot be reached: ") && said[0].contains("--address"), "{said:?}");
    }
    // A server that accepts connections and never answers.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = silent.local_addr().unwrap();
    let said = workspace.fails(&format!("list --tenant acme --timeout 300ms --address {address}"), 3);
    assert!(said[0].starts_with(&format!("{address}: no answer in time")), "{said:?}");
}

#[test]
fn somebody_else_who_answers_is_no_usher() {
    let folder = tempfile::tempdir().unwrap();
    let program = Program::start(&Data::Folder(folder.path()), &[]);
    let said = Workspace::new().fails(&format!("list --tenant acme --address {}", program.ops), 3);
    assert!(said.len() == 1 && said[0].starts_with(&program.ops.to_string()), "{said:?}");
}

#[test]
fn every_wrong_option_is_named_before_anybody_is_called() {
    let workspace = Workspace::new();
    workspace.write("there.tlr", "");
    let said = workspace.fails(
        "request --tenant acme --seats primary --seats crm=x --move a=1 --move a:b:c=1 --address nowhere --timeout 0s \
         --out there.tlr",
        2,
    );
    let options =
        ["--seats primary:", "--seats crm=x:", "--move a=1:", "--move a:b:c=1:", "--address:", "--timeout:", "--out:"];
    for option in options {
        assert_eq!(said.iter().filter(|line| line.starts_with(option)).count(), 1, "{option}: {said:#?}");
    }
    assert_eq!(said.len(), options.len(), "{said:#?}");
    let said = workspace.fails("install none.lic --tenant acme --address http://x --timeout soon", 2);
    assert!(said.len() == 3 && said[2].starts_with("FILE: none.lic: "), "{said:?}");
    for words in
        ["list", "install", "install x.lic", "request", "delete --tenant acme", "delete one --all --tenant acme"]
    {
        assert_eq!(workspace.run(words).code, Some(2), "{words}");
    }
    assert_eq!(workspace.files(), ["there.tlr"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_request_overwrites_nothing_by_accident() {
    let folder = tempfile::tempdir().unwrap();
    let fixture = Fixture::open(&Data::Folder(folder.path())).await;
    fixture.workspace.write("acme.tlr", "mine");
    let said = fixture.refuses("request --tenant acme --out acme.tlr", 2);
    assert_eq!(
        (said.as_str(), &*fixture.workspace.read("acme.tlr")),
        ("--out: acme.tlr: exists; --force overwrites it", "mine")
    );
    let said = fixture.says("request --tenant acme --out acme.tlr --force");
    assert_eq!(said, "acme.tlr: a request of the tenant acme\n  no change: a renewal\n");
    let answer = crate::license::workspace::json(&fixture.says("request --tenant acme --json"));
    assert_eq!(answer["file_name"], "acme.tlr");
    let document = answer["document"].as_str().unwrap();
    assert_eq!(document.lines().next(), fixture.workspace.read("acme.tlr").lines().next());
}
