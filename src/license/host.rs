//! Patterns of host names (R28).

use std::fmt;

/// Longest pattern in bytes: that of the longest host name.
const MAX_BYTES: usize = 253;

/// A host name in which `*` matches any run of characters, dots included, also an empty one: `*.example.com` matches
/// every host below example.com at any depth, but not example.com itself. Case is ignored.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct HostPattern(String);

impl HostPattern {
    /// Parses a pattern: letters, digits, `-`, `_`, `.`, `:` (for IPv6 addresses) and `*`, in ASCII; international
    /// names in their ASCII form (`xn--…`). It is stored in lower case.
    ///
    /// # Errors
    /// The mistake in the pattern.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        if text.is_empty() {
            return Err("must not be empty");
        }
        if text.len() > MAX_BYTES {
            return Err("must be at most 253 bytes long");
        }
        if !text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.:*".contains(&byte)) {
            return Err("must be a host name, in which * stands for any characters");
        }
        if text.ends_with('.') {
            // Matching ignores a trailing dot of the host's name, so such a pattern would match no name.
            return Err("must not end with a dot");
        }
        Ok(Self(text.to_ascii_lowercase()))
    }

    /// True if a host's name matches. A trailing dot, which marks a fully qualified name, is ignored.
    #[must_use]
    pub fn matches(&self, name: &str) -> bool {
        let name = name.strip_suffix('.').unwrap_or(name).to_ascii_lowercase();
        fits(self.0.as_bytes(), name.as_bytes())
    }

    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for HostPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Each `*` matches as little as possible, and one byte more whenever the rest does not match. Only the last `*` must
/// be retried: whatever matches after an earlier one can also match there. So the time is at most the product of the
/// lengths.
fn fits(pattern: &[u8], name: &[u8]) -> bool {
    let (mut in_pattern, mut in_name) = (0, 0);
    // Position after the last `*` in the pattern, and the position in the name at which the rest was tried.
    let mut again: Option<(usize, usize)> = None;
    while in_name < name.len() {
        if pattern.get(in_pattern) == Some(&b'*') {
            in_pattern += 1;
            again = Some((in_pattern, in_name));
        } else if pattern.get(in_pattern) == Some(&name[in_name]) {
            in_pattern += 1;
            in_name += 1;
        } else if let Some((behind, tried)) = again {
            again = Some((behind, tried + 1));
            (in_pattern, in_name) = (behind, tried + 1);
        } else {
            return false;
        }
    }
    pattern[in_pattern..].iter().all(|byte| *byte == b'*')
}
