//! The switch of the mutations. `scripts/mutations.sh` copies this file into the mutated copy of the library, whose
//! patches ask whether theirs is on. At most one mutation is on, and for one thread only.

use std::cell::Cell;
use std::marker::PhantomData;

thread_local! {
    static ON: Cell<&'static str> = const { Cell::new("") };
}

/// A mutation is on in this thread as long as this value lives.
#[derive(Debug)]
pub struct Mutation(PhantomData<*const ()>);

/// Switches a mutation on in this thread. Its name is that of its patch.
#[must_use]
pub fn switch_on(name: &'static str) -> Mutation {
    ON.set(name);
    Mutation(PhantomData)
}

impl Drop for Mutation {
    fn drop(&mut self) {
        ON.set("");
    }
}

/// Returns whether a mutation is on in this thread.
#[must_use]
pub fn on(name: &str) -> bool {
    ON.get() == name
}
