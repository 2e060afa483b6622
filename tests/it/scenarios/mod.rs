//! The administrator's day: a text for each kind of system that Usher stands behind, which somebody reads who
//! administrates it and does not program. Each sentence is a call over gRPC to a running server, with a clock that moves
//! when the text says so. `sentences.rs` has the language on one page.

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

/// Runs a text on each store.
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

/// Runs a text, and holds what happens against what it says.
async fn hold(name: &str, backend: Backend) {
    let file = format!("tests/it/scenarios/{name}.txt");
    let text = std::fs::read_to_string(format!("{}/{file}", env!("CARGO_MANIFEST_DIR"))).expect("a text");
    assert!(text.lines().count() > 20, "{file} is no text");
    if let Err(wrong) = judge(&text, backend).await {
        panic!("{}", wrong.replacen("line ", &format!("{file}:"), 1));
    }
}

/// # Errors
/// The first line that is not understood, or that says something else than what happens.
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
