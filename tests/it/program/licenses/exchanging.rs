//! `usher license request --send` and `usher license fetch`: to the vendor and back, without carrying files by hand.

use super::*;
use crate::license::workspace::json;
use crate::licensing::folder::{Has, VendorFolder};
use crate::notify::mail::MailServer;

on_both_stores![from_a_request_to_a_license, without_a_vendor_the_option_is_named];

async fn from_a_request_to_a_license(data: &Data<'_>) {
    let folder = VendorFolder::open().await;
    let mut server = MailServer::start("plain", &[]);
    let (url, smtp) = (folder.url(), format!("smtp+plaintext://127.0.0.1:{}", server.port));
    let options = ["--license-url", &url, "--license-request-to", "licenses@vendor.example", "--smtp-url", &smtp];
    let fixture = Fixture::open_with(data, &[&options[..], &["--mail-from", "usher@licenses.example"]].concat()).await;
    let said = fixture.says("request --tenant acme --customer-id C-4711 --seats primary=10 --send");
    assert_eq!(
        said,
        "a request of the tenant acme, customer C-4711\n  10 seats more for primary\n\
         sent to licenses@vendor.example; the answer goes to its sender: the tenant has no responsible person\n"
    );
    // The vendor issues a license from the attached request, and puts it into the folder.
    let mail = server.email();
    let (name, document) = mail["files"].as_object().expect("files").iter().next().expect("a file");
    assert_eq!((name.as_str(), &mail["to"][0]), ("acme.tlr", &"licenses@vendor.example".into()));
    fixture.workspace.write(name, document.as_str().expect("text"));
    fixture.workspace.succeeds("issue --key vendor.pem --request acme.tlr --armor --out acme.lic");
    let request = json(document.as_str().unwrap());
    assert_eq!(request["customer_id"], "C-4711", "the first request says it");
    let instance = request["instance_id"].as_str().unwrap().to_owned();

    let fetch = "fetch --tenant acme";
    assert_eq!(fixture.says(fetch), "nothing changed: there is no license for this tenant\n");
    let path = format!("{instance}/acme.lic");
    folder.put(&path, Has::File(fixture.workspace.read("acme.lic").into_bytes()));
    let said = fixture.says(fetch);
    assert_line(&said, "license acme, revision 1: in force");
    assert_line(&said, "primary  concurrent  2 (demo)  10     0       0");
    assert_eq!(fixture.listed(), [row("acme", 1, "IN_FORCE")]);
    let said = fixture.says(fetch);
    assert_eq!(said, "nothing changed: acme revision 1 is not newer than revision 1, which was installed\n");
    let answer = json(&fixture.says(&format!("{fetch} --json")));
    assert_eq!(answer["fetch"]["outcome"], "LICENSE_FETCH_OUTCOME_NOT_NEWER");

    // The license page shows the vendor's folder, its mail address, and the last fetch.
    let page = fixture.says("show --tenant acme");
    assert_line(&page, &format!("fetched from   {}", folder.shown()));
    assert_line(&page, "requests to    licenses@vendor.example");
    let last =
        page.lines().find(|line| line.starts_with("last fetch     2")).unwrap_or_else(|| panic!("none in {page}"));
    assert!(last.ends_with("Z: acme revision 1 is not newer than revision 1, which was installed"), "{last}");

    // An invalid document in the folder is reported like an invalid file.
    folder.put(&path, Has::File(b"Please sign in".to_vec()));
    let said = fixture.refuses(fetch, 10);
    assert!(said.starts_with("not valid: ") && said.ends_with("(LICENSE_MALFORMED)"), "{said}");
    let said = fixture.refuses(fetch, 1);
    assert!(said.ends_with("(RATE_LIMITED)"), "{said}");
}

async fn without_a_vendor_the_option_is_named(data: &Data<'_>) {
    let fixture = Fixture::open(data).await;
    let said = fixture.refuses("fetch --tenant acme", 1);
    assert!(said.contains("--license-url") && said.ends_with("(NO_LICENSE_URL)"), "{said}");
    let said = fixture.refuses("request --tenant acme --send", 1);
    assert!(said.contains("--license-request-to") && said.ends_with("(NO_REQUEST_ADDRESS)"), "{said}");
}
