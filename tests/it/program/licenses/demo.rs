//! The demo tenant has an ordinary license, of a vendor whose key is in the data folder.

use super::*;
use crate::license::workspace::json;

#[test]
fn the_demo_vendors_key_stays_in_the_data_folder() {
    let workspace = Workspace::new();
    let program = Program::start_in(workspace.folder.path(), &["--demo"]);
    assert_eq!((workspace.mode("data/demo-vendor.pem"), workspace.mode("data/demo-vendor.jwks")), (0o600, 0o600));
    let keys = || (workspace.read("data/demo-vendor.pem"), workspace.read("data/demo-vendor.jwks"));
    let first = keys();
    let document = shown(&workspace, &program);
    program.terminate();
    assert_eq!(program.ended().status.code(), Some(0));

    let program = Program::start_in(workspace.folder.path(), &["--demo"]);
    assert_eq!(keys(), first);
    assert_eq!(shown(&workspace, &program), document);
    workspace.write("demo.lic", &document);
    let said = workspace.succeeds("verify demo.lic --keys data/demo-vendor.jwks");
    assert_line(&said, "seats          crm: 3, named");
    assert_line(&said, "               primary: 5, concurrent");

    // With that key, users can try another license; a server without `--demo` does not trust it.
    workspace.succeeds("issue --key data/demo-vendor.pem --tenant demo --license-id more --seats crm=1 --plan crm=named --out more.lic");
    let install = |program: &Program| format!("install more.lic --tenant demo --address {}", program.api);
    assert_line(&workspace.succeeds(&install(&program)), "crm   named  3       4      3       0");
    program.terminate();
    assert_eq!(program.ended().status.code(), Some(0));
    let program = Program::start_in(workspace.folder.path(), &[]);
    assert!(workspace.fails(&install(&program), 10)[0].ends_with("(LICENSE_KEY_UNKNOWN)"));
}

/// Returns the document of the only license in the list.
fn shown(workspace: &Workspace, program: &Program) -> String {
    let list = json(&workspace.succeeds(&format!("list --tenant demo --json --address {}", program.api)));
    let licenses = list["licenses"].as_array().expect("a list");
    assert_eq!(licenses.len(), 1, "{list:#}");
    licenses[0]["document"].as_str().expect("a document").to_owned()
}
