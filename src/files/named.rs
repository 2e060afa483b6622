//! Files that an option of a command names: read with a bound, written completely or not at all, and never over an
//! existing file by accident.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::Path;

use secrecy::SecretString;

use crate::partial::Partial;

/// Largest key file in bytes; one that Usher writes has 119.
const MAX_KEY_BYTES: usize = 64 * 1024;

/// File mode: the owner only, from the creation on.
pub const PRIVATE: u32 = 0o600;
/// File mode: everybody may read.
pub const PUBLIC: u32 = 0o644;

/// Reads a text of at most `max_bytes` bytes, or one more, which makes the parser refuse it.
pub fn read(option: &str, path: &Path, max_bytes: usize) -> Result<String, String> {
    let text = File::open(path).and_then(|file| text(file, max_bytes));
    text.map_err(|error| format!("{option}: {}: {error}", path.display()))
}

/// Like [`read`], from standard input.
pub fn read_input(option: &str, max_bytes: usize) -> Result<String, String> {
    text(io::stdin().lock(), max_bytes).map_err(|error| format!("{option}: standard input: {error}"))
}

fn text(from: impl Read, max_bytes: usize) -> io::Result<String> {
    let mut bytes = Vec::new();
    from.take(max_bytes as u64 + 1).read_to_end(&mut bytes)?;
    decoded(bytes).ok_or_else(|| io::Error::other("is not a text"))
}

/// Decodes UTF-8, or UTF-16 with a byte order mark, which Windows' shells and editors write. Removes the mark.
fn decoded(bytes: Vec<u8>) -> Option<String> {
    let unit: fn([u8; 2]) -> u16 = match bytes.get(..2) {
        Some([0xff, 0xfe]) => u16::from_le_bytes,
        Some([0xfe, 0xff]) => u16::from_be_bytes,
        _ => {
            let text = String::from_utf8(bytes).ok()?;
            return Some(text.strip_prefix('\u{feff}').map(str::to_owned).unwrap_or(text));
        }
    };
    let (pairs, rest) = bytes[2..].as_chunks::<2>();
    let units: Vec<u16> = pairs.iter().copied().map(unit).collect();
    String::from_utf16(&units).ok().filter(|_| rest.is_empty())
}

/// Like [`read`], for a private key: the text is never printed.
pub fn read_secret(option: &str, path: &Path) -> Result<SecretString, String> {
    read(option, path, MAX_KEY_BYTES).map(SecretString::from)
}

/// A file to write, and the option that named it.
#[derive(Debug)]
pub struct Output<'a> {
    pub option: &'static str,
    pub path: &'a Path,
    pub mode: u32,
    /// Overwrite an existing file.
    pub force: bool,
}

impl Output<'_> {
    /// Checks, as far as possible in advance, that the file may be written.
    pub fn check(&self) -> Result<(), String> {
        match fs::metadata(self.path) {
            Ok(found) if !found.is_file() => Err(self.problem("is not a file")),
            Ok(_) if !self.force => Err(self.problem("exists; --force overwrites it")),
            _ => Ok(()),
        }
    }

    /// Writes the file completely, or not at all.
    pub fn write(&self, bytes: &[u8]) -> Result<(), String> {
        self.check()?;
        write_whole(self.path, self.mode, self.force, bytes).map_err(|error| match error.kind() {
            io::ErrorKind::AlreadyExists => self.problem("exists; --force overwrites it"),
            _ => self.problem(error),
        })
    }

    fn problem(&self, what: impl ToString) -> String {
        format!("{}: {}: {}", self.option, self.path.display(), what.to_string())
    }
}

/// A symbolic link stays: its target is replaced.
fn write_whole(path: &Path, mode: u32, force: bool, bytes: &[u8]) -> io::Result<()> {
    let path = if force { fs::canonicalize(path).unwrap_or_else(|_| path.to_owned()) } else { path.to_owned() };
    let mut partial = Partial::begin(&path, mode)?;
    partial.file().write_all(bytes)?;
    fail_point!("file-written");
    partial.finish(force)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_read_as_windows_writes_it() {
        let wide = |text: &str, bytes: fn(u16) -> [u8; 2]| text.encode_utf16().flat_map(bytes).collect::<Vec<_>>();
        for bytes in [
            "Räder".as_bytes().to_vec(),
            "\u{feff}Räder".as_bytes().to_vec(),
            wide("\u{feff}Räder", u16::to_le_bytes),
            wide("\u{feff}Räder", u16::to_be_bytes),
        ] {
            assert_eq!(text(&bytes[..], 100).unwrap(), "Räder", "{bytes:?}");
        }
        for bytes in [&b"\xff"[..], b"\xff\xfe\x00\xd8", b"\xff\xfea"] {
            assert_eq!(text(bytes, 100).unwrap_err().to_string(), "is not a text", "{bytes:?}");
        }
    }
}
