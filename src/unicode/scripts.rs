//! Writing systems of a text. A user id that mixes them may imitate another one: a Cyrillic `а` looks like a Latin `a`.
//! Such an id is accepted, with a warning for administrators (R2).

use std::sync::LazyLock;

use icu_properties::props::Script;
use icu_properties::script::{ScriptWithExtensions, ScriptWithExtensionsBorrowed};

static SCRIPTS: LazyLock<ScriptWithExtensionsBorrowed<'static>> = LazyLock::new(ScriptWithExtensions::new);

/// A writing system: a script, or one of the East Asian ones that combine several scripts (UTS 39, 5.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Writing {
    One(Script),
    Chinese,
    Japanese,
    Korean,
}

/// True if the local part of an email, or a label of its domain, mixes writing systems. Not counted as mixed: Latin
/// letters beside an East Asian system, which are common there (highly restrictive, UTS 39, 5.2), and a local part in
/// another system than the domain.
#[must_use]
pub fn mixes(user_id: &str) -> bool {
    if user_id.is_ascii() {
        return false;
    }
    let (name, domain) = user_id.rsplit_once('@').unwrap_or((user_id, ""));
    domain.split('.').chain([name]).any(|part| !is_of_one(part.chars()) && !is_of_the_east(part.chars()))
}

fn is_of_one(letters: impl Iterator<Item = char>) -> bool {
    let mut common: Option<Vec<Writing>> = None;
    for these in letters.filter_map(writings) {
        match &mut common {
            None => common = Some(these),
            Some(common) => common.retain(|writing| these.contains(writing)),
        }
    }
    common.is_none_or(|common| !common.is_empty())
}

fn is_of_the_east(letters: impl Iterator<Item = char>) -> bool {
    let others = letters.filter(|letter| SCRIPTS.get_script_val(*letter) != Script::Latin);
    let eastern = |writing: &Writing| !matches!(writing, Writing::One(_));
    let others: Vec<char> = others.collect();
    others.iter().filter_map(|letter| writings(*letter)).all(|these| these.iter().any(eastern))
        && is_of_one(others.into_iter())
}

/// The writing systems that have this letter; `None`: all of them.
fn writings(letter: char) -> Option<Vec<Writing>> {
    let scripts = SCRIPTS.get_script_extensions_val(letter);
    if scripts.contains(&Script::Common) || scripts.contains(&Script::Inherited) {
        return None;
    }
    let mut writings: Vec<Writing> = scripts.iter().map(Writing::One).collect();
    let any = |wanted: &[Script]| wanted.iter().any(|script| scripts.contains(script));
    writings.extend(any(&[Script::Han, Script::Bopomofo]).then_some(Writing::Chinese));
    writings.extend(any(&[Script::Han, Script::Hiragana, Script::Katakana]).then_some(Writing::Japanese));
    writings.extend(any(&[Script::Han, Script::Hangul]).then_some(Writing::Korean));
    Some(writings)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_of_several_writings() {
        for id in
            ["аnn@acme.example", "ann@аcme.example", "а.bell@acme.example", "οdysseus", "раypal", "ann한я@x", "アяn"]
        {
            assert!(mixes(id), "{id}");
        }
        let plain = [
            "ann@acme.example",
            "ann-b.c+d_9@acme.example",
            "räx@münchen.example",
            "иван@example.com",
            "иван2@пример.com",
            "οδυσσευσ@x.example",
            "山田たろう@x",
            "山田taro@x",
            "김ann@x",
            "アン@x",
            "ラーメン@x",
            "",
            "@",
            "٣٤@x",
        ];
        for id in plain {
            assert!(!mixes(id), "{id}");
        }
    }
}
