//! Files of users, for `usher users import`.

use std::fs;
use std::io::{self, Read};
use std::path::Path;

use super::delimiter::Delimiter;
use super::file::{self, UsersFile};
use crate::failure::Failure;

/// Number of wrong lines that are reported; a file with more probably has one mistake in all of them.
const MAX_SHOWN: usize = 20;
/// Largest file in bytes: some million users.
const MAX_FILE_BYTES: u64 = 1 << 30;

/// Reads the whole file, and checks every line.
///
/// # Errors
/// [`Failure::Usage`]: the file cannot be read, or lines of it are wrong.
pub fn users_file(path: &Path, delimiter: Option<Delimiter>) -> Result<UsersFile, Failure> {
    let with_file = |why: String| format!("{}: {why}", path.display());
    let bytes = read(path).map_err(|error| Failure::Usage(vec![with_file(error.to_string())]))?;
    let delimiter = delimiter.map(|delimiter| delimiter.text().as_bytes()[0]);
    file::read(&bytes, delimiter).map_err(|wrong| {
        let more = wrong.len().saturating_sub(MAX_SHOWN);
        let mut messages: Vec<String> = wrong.into_iter().take(MAX_SHOWN).map(with_file).collect();
        let lines = if more == 1 { "line" } else { "lines" };
        messages.extend((more > 0).then(|| format!("and {more} {lines} more")));
        messages.push("nothing was sent".to_owned());
        Failure::Usage(messages)
    })
}

fn read(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    if path == Path::new("-") {
        io::stdin().lock().take(MAX_FILE_BYTES).read_to_end(&mut bytes)?;
    } else {
        fs::File::open(path)?.take(MAX_FILE_BYTES).read_to_end(&mut bytes)?;
    }
    if bytes.len() as u64 == MAX_FILE_BYTES {
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, "it is longer than 1 GiB"));
    }
    Ok(bytes)
}
