//! An administrator's day: one text for each kind of system that Usher serves, readable for an administrator who does
//! not program. Each sentence is a call over gRPC to a running server, whose clock moves when the text says so.
//! `sentences.rs` has the language on one page.

mod answers;
mod failing;
pub mod language;
pub mod ledger;
mod logins;
mod people;
mod reading;
mod seats;
mod sentences;
mod shown;
mod test_server;
mod the_language;

use crate::conformance::Backend;
use reading::read;
use test_server::TestServer;

/// Declares a test of each text on each store.
macro_rules! texts {
    ($($name:ident),+ $(,)?) => {
        mod sqlite {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                super::hold(stringify!($name), crate::conformance::Backend::sqlite()).await;
            })+
        }
        mod postgres {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                super::hold(stringify!($name), crate::conformance::Backend::postgres().await).await;
            })+
        }
    };
}

texts![a_fixed_number_of_users, products_in_bulk, a_small_flexible_pool, two_organizations];

/// Runs a text, and panics at the first line that does not hold.
async fn hold(name: &str, backend: Backend) {
    let file = format!("tests/it/scenarios/{name}.txt");
    let text = std::fs::read_to_string(format!("{}/{file}", env!("CARGO_MANIFEST_DIR"))).expect("a text");
    assert!(text.lines().count() > 20, "{file} is no text");
    if let Err(wrong) = judge(&text, backend).await {
        panic!("{}", wrong.replacen("line ", &format!("{file}:"), 1));
    }
}

/// Runs a text.
///
/// # Errors
/// The first line that cannot be parsed, or that expects something else than what happens.
async fn judge(text: &str, backend: Backend) -> Result<(), String> {
    let sentences = read(text)?;
    let mut server = TestServer::open(backend).await;
    for sentence in sentences {
        let happened = sentences::run(&mut server, &sentence.said).await;
        let happened = happened.map_err(|why| sentence.wrong(&format!("is not understood: {why}")))?;
        sentence.hold(&happened)?;
    }
    server.close().await;
    Ok(())
}
