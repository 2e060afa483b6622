//! Commands that call a running server, with credentials and over TLS; and the health check of a server with TLS.

use std::process::{Command, Output};

use usher::proto::v1::Role;

use super::fixture::{Fixture, secure, text_of, token};

fn usher(arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_usher"));
    command.args(arguments).env_remove("USHER_TOKEN").env_remove("USHER_TOKEN_FILE").output().expect("it runs")
}

fn text(output: &Output) -> String {
    String::from_utf8_lossy(&[&output.stdout[..], &output.stderr].concat()).into_owned()
}

#[tokio::test]
async fn they_speak_tls_and_show_a_token_or_a_certificate() {
    let fixture = Fixture::new();
    let pki = fixture.pki();
    let (server, client) = (pki.server("server"), pki.client("viewer", "spiffe://example.org/viewer"));
    let access = fixture.file(
        "access.toml",
        "[[certificate]]\nuri = \"spiffe://example.org/viewer\"\nroles = [\"viewer\"]\ntenants = [\"demo\"]\n",
    );
    let (cert, key, ca) = (text_of(&server.certificate), text_of(&server.key), text_of(&pki.ca()));
    let options = ["--demo", "--tls-cert", &cert, "--tls-key", &key, "--tls-client-ca", &ca, "--access", &access];
    let program = fixture.start(&options);
    let (_, application) =
        token(&secure(&program, pki.trust()), &fixture.admin, "application", &[Role::Application], &["demo"]).await;
    let (admin, application) =
        (fixture.file("admin.token", &fixture.admin), fixture.file("application.token", &format!("{application}\n")));
    let address = format!("localhost:{}", program.api.port());
    let usage = |more: &[&str]| usher(&[&["usage", "--tenant", "demo", "--address", &address], more].concat());

    let (client_cert, client_key) = (text_of(&client.certificate), text_of(&client.key));
    for credential in [&["--token-file", &admin][..], &["--client-cert", &client_cert, "--client-key", &client_key]] {
        let output = usage(&[&["--tls-ca", &ca], credential].concat());
        assert!(output.status.success() && text(&output).contains("primary"), "{credential:?}: {}", text(&output));
    }
    for (more, code, words) in [
        // No credential; an application's credential; an authority that this machine does not trust; plaintext.
        (vec!["--tls-ca", &ca], 1, "wants a credential"),
        (vec!["--tls-ca", &ca, "--token-file", &application], 1, "does not allow this call"),
        (vec!["--tls", "--token-file", &admin], 3, "UnknownIssuer"),
        (vec!["--token-file", &admin], 3, ""),
        (vec!["--tls-ca", &ca, "--client-cert", &client_cert], 2, "must be given together"),
        (vec!["--tls-ca", "there is none"], 2, "--tls-ca: there is none"),
    ] {
        let output = usage(&more);
        assert_eq!(output.status.code(), Some(code), "{more:?}: {}", text(&output));
        assert!(text(&output).contains(words), "{more:?}: {}", text(&output));
    }
    // The health service needs no credential; on a server with TLS, the check uses the operations port instead.
    let (api, ops) = (program.api.to_string(), program.ops.to_string());
    let checked = usher(&["healthcheck", "--address", &api, "--tls-cert", &cert, "--ops-address", &ops]);
    assert!(checked.status.success() && text(&checked).contains(": serving"), "{}", text(&checked));
    let checked = usher(&["healthcheck", "--address", &api, "--ops-address", &ops]);
    assert_eq!(checked.status.code(), Some(1), "{}", text(&checked));
}

#[test]
fn no_token_goes_to_another_machine_in_plaintext() {
    let fixture = Fixture::new();
    let admin = fixture.file("admin.token", &fixture.admin);
    let output = usher(&["usage", "--tenant", "demo", "--address", "usher.example.org:50051", "--token-file", &admin]);
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output).contains("without --tls the token would be sent in plaintext"), "{}", text(&output));
    // An invalid address is reported as such, and not as another machine.
    let output = text(&usher(&["usage", "--tenant", "demo", "--address", "nowhere", "--token-file", &admin]));
    assert!(output.contains("--address: ") && !output.contains("--token-file"), "{output}");
}
