//! Files that somebody names and Usher reads whole: none of them is longer than it may be.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

/// Reads a text of at most `most` bytes.
pub fn read(path: &Path, most: u64) -> io::Result<String> {
    let mut text = String::new();
    // One more than is allowed, so that too much is found.
    File::open(path)?.take(most + 1).read_to_string(&mut text)?;
    if text.len() as u64 > most {
        return Err(io::Error::other(format!("is larger than {most} bytes")));
    }
    Ok(text)
}
