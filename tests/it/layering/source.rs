//! Reads the modules of `src/`, and the paths in their code.

use std::fs;
use std::path::Path;

/// A source file.
pub struct Source {
    /// Such as `store::sqlite::load`.
    pub module: String,
    /// Its code without comments and string literals.
    pub code: String,
    /// Every path in the code.
    pub paths: Vec<Used>,
}

/// A path that code uses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Used {
    /// A path in this crate, as seen from its root.
    Ours(String),
    /// A path into another crate.
    Other(String),
}

impl Used {
    pub fn path(&self) -> &str {
        match self {
            Used::Ours(path) | Used::Other(path) => path,
        }
    }
}

/// Returns every source file. Unit tests may use any module: those inside a file begin where its
/// code ends.
pub fn sources() -> Vec<Source> {
    let mut sources = Vec::new();
    read(Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/src")), "", &mut sources);
    sources
}

fn read(folder: &Path, module: &str, sources: &mut Vec<Source>) {
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        let name = path.file_stem().and_then(|name| name.to_str()).expect("a name").to_owned();
        let inner = if module.is_empty() { name.clone() } else { format!("{module}::{name}") };
        if name == "tests" {
            continue;
        }
        if path.is_dir() {
            read(&path, &inner, sources);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let module = if name == "mod" || name == "lib" { module.to_owned() } else { inner };
            let text = fs::read_to_string(&path).expect("a file");
            let code = text.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default();
            sources.push(Source::new(&module, code));
        }
    }
}

/// Returns whether a path is a module or inside of it. Everything is inside of "".
pub fn is_in(path: &str, module: &str) -> bool {
    module.is_empty() || path == module || path.strip_prefix(module).is_some_and(|rest| rest.starts_with("::"))
}

impl Source {
    pub fn new(module: &str, code: &str) -> Self {
        let mut source = Self { module: module.to_owned(), code: stripped(code), paths: Vec::new() };
        source.paths = Self::resolved(source.written());
        source
    }

    /// Resolves paths that begin with the name of an imported module: after `use crate::https;`, `https::client` is a
    /// path of this crate.
    fn resolved(mut paths: Vec<Used>) -> Vec<Used> {
        let ours: Vec<String> =
            paths.iter().filter(|used| matches!(used, Used::Ours(_))).map(|used| used.path().to_owned()).collect();
        for used in &mut paths {
            let Used::Other(path) = used else { continue };
            let (first, rest) = path.split_once("::").unwrap_or((path, ""));
            let imported = ours.iter().find(|ours| ours.rsplit("::").next() == Some(first));
            if let Some(imported) = imported {
                *used = Used::Ours(format!("{imported}::{rest}"));
            }
        }
        paths
    }

    /// Returns the paths as they are written.
    fn written(&self) -> Vec<Used> {
        let code = self.code.as_str();
        let mut paths = Vec::new();
        let mut at = 0;
        while let Some(start) = code[at..].find(is_ident).map(|offset| at + offset) {
            let end = end_of_path(code, start);
            let before = code[..start].trim_end();
            // An identifier after `.` is a method, and one after `::` continues another path, such as `<T>::`. A path
            // after `(in` says who may use an item.
            if code[start..end].contains("::") && !before.ends_with(['.', ':']) && !before.ends_with("(in") {
                expand(&code[start..end], "", &mut |path| paths.extend(self.absolute(path)));
            }
            at = end.max(start + 1);
        }
        paths
    }

    /// Returns a path as seen from the root of the crate. `None`: the path stays within the file.
    fn absolute(&self, path: &str) -> Option<Used> {
        let path = path.strip_suffix("::self").unwrap_or(path);
        // `main.rs` uses the library under its name.
        if let Some(rest) = path.strip_prefix("crate::").or(path.strip_prefix("usher::")) {
            return Some(Used::Ours(rest.to_owned()));
        }
        let mut rest = path;
        let mut parts: Vec<&str> = self.module.split("::").collect();
        while let Some(after) = rest.strip_prefix("super::") {
            parts.pop();
            rest = after;
        }
        if rest != path {
            parts.push(rest);
            return Some(Used::Ours(parts.join("::")));
        }
        (!path.starts_with("self::") && path.starts_with(char::is_lowercase)).then(|| Used::Other(path.to_owned()))
    }
}

pub fn is_ident(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// Returns the end of the path that starts here, including a group in braces.
fn end_of_path(code: &str, start: usize) -> usize {
    let bytes = code.as_bytes();
    let mut end = start;
    loop {
        end += code[end..].find(|c| !is_ident(c)).unwrap_or(code.len() - end);
        if !code[end..].starts_with("::") {
            return end;
        }
        match bytes.get(end + 2) {
            Some(b'{') => return end + 2 + closing(&code[end + 2..]),
            Some(c) if is_ident(*c as char) => end += 2,
            _ => return end,
        }
    }
}

/// Returns the length of a group in braces.
fn closing(code: &str) -> usize {
    let mut depth = 0;
    for (at, c) in code.char_indices() {
        match c {
            '{' => depth += 1,
            '}' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return at + 1;
        }
    }
    code.len()
}

/// Expands a group: `a::{b, c::d}` becomes `a::b` and `a::c::d`.
fn expand(tree: &str, prefix: &str, found: &mut dyn FnMut(&str)) {
    let Some((head, group)) = tree.split_once('{') else {
        let name = tree.split(" as ").next().unwrap_or_default().trim();
        return found(&format!("{prefix}{name}"));
    };
    let group = group.trim_end().strip_suffix('}').unwrap_or(group);
    let prefix = format!("{prefix}{}", head.trim());
    let mut depth = 0;
    for branch in group.split(|c| {
        depth += i32::from(c == '{') - i32::from(c == '}');
        c == ',' && depth == 0
    }) {
        if !branch.trim().is_empty() {
            expand(branch.trim(), &prefix, found);
        }
    }
}

/// Returns the code without comments and string literals.
fn stripped(code: &str) -> String {
    let mut kept = String::with_capacity(code.len());
    let mut rest = code;
    while let Some(at) = rest.find(['/', '"', '\'']) {
        kept.push_str(&rest[..at]);
        rest = &rest[at..];
        let skipped = if rest.starts_with("//") {
            rest.find('\n').unwrap_or(rest.len())
        } else if rest.starts_with("/*") {
            rest.find("*/").map_or(rest.len(), |end| end + 2)
        } else if rest.starts_with('"') {
            end_of_text(rest)
        } else if rest.starts_with("'\"'") {
            3
        } else {
            kept.push_str(&rest[..1]);
            1
        };
        rest = &rest[skipped..];
    }
    kept + rest
}

/// Returns the length of a string literal. Raw strings that contain quotes do not occur in this code.
fn end_of_text(code: &str) -> usize {
    let mut escaped = false;
    for (at, c) in code.char_indices().skip(1) {
        match c {
            '"' if !escaped => return at + 1,
            '\\' => escaped = !escaped,
            _ => escaped = false,
        }
    }
    code.len()
}
