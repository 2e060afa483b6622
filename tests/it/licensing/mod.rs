//! LicenseService over a real journal and a real store, with a clock that the test moves: licenses as administrators,
//! vendors and login services see them.

mod asking;
mod daily;
mod expiring;
mod fetching;
mod fixture;
pub mod folder;
mod installing;
mod refusing;
mod sending;
mod tampering;

use fixture::Fixture;

use crate::conformance::Backend;

/// Makes each test run on both stores.
macro_rules! on_both_stores {
    ($($name:ident),* $(,)?) => {
        mod on_sqlite {
            $(#[tokio::test] async fn $name() { super::$name(crate::conformance::Backend::sqlite()).await; })*
        }
        mod on_postgres {
            $(#[tokio::test] async fn $name() { super::$name(crate::conformance::Backend::postgres().await).await; })*
        }
    };
}
use on_both_stores;
