//! Failpoints, for the tests, only in builds with the feature `failpoints`. Without it, nothing of this file is compiled,
//! and [`fail_point!`] is empty. A build without debug assertions (the release profile) refuses the feature, so no
//! released program can contain a failpoint.
//!
//! A failpoint is a named place in the code. The variable `FAILPOINTS` says what happens there, in the syntax of the
//! crate `fail`; `return` ends the process without any clean-up. `FAILPOINTS='after-commit=16*off->return'` does so when
//! the process passes `after-commit` for the 17th time.

#[cfg(all(feature = "failpoints", not(debug_assertions)))]
compile_error!("the feature `failpoints` is for tests; a release build never has it");

/// A failpoint; empty in a build without the feature `failpoints`.
macro_rules! fail_point {
    ($name:literal) => {
        #[cfg(feature = "failpoints")]
        crate::failpoints::pass($name);
    };
}

/// Does what `FAILPOINTS` says about this failpoint, which is nothing if it is not named there.
///
/// # Panics
/// If `FAILPOINTS` cannot be parsed.
#[cfg(feature = "failpoints")]
pub fn pass(name: &str) {
    static CONFIGURED: std::sync::Once = std::sync::Once::new();
    // The end of a scenario would remove its failpoints, and this one lasts as long as the process.
    CONFIGURED.call_once(|| std::mem::forget(fail::FailScenario::setup()));
    fail::fail_point!(name, |_| std::process::abort());
}
