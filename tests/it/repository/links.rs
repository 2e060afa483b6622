//! Links in the pages lead to existing files and headings, and every option of the server is documented.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Component, Path, PathBuf};
use std::process::Command;

use super::{ROOT, files, text};

/// Returns every page of the repository.
fn pages() -> Vec<String> {
    let root = fs::read_dir(ROOT).expect("the root").map(|entry| entry.expect("an entry").file_name());
    let root = root.filter_map(|name| name.into_string().ok()).filter(|name| name.ends_with(".md"));
    root.chain(files(&["docs", "deploy", "examples"], ".md")).collect()
}

/// Returns the targets of a page's links `[text](target)`, without those to other sites.
fn targets(page: &str) -> Vec<&str> {
    let links = page.split("](").skip(1).filter_map(|rest| rest.split(')').next());
    links.filter(|target| !target.contains("://") && !target.contains(char::is_whitespace)).collect()
}

/// Returns a heading's anchor: lower case, hyphens for spaces, no punctuation.
fn anchor(heading: &str) -> String {
    let kept = heading.trim().chars().filter(|c| c.is_alphanumeric() || [' ', '-', '_'].contains(c));
    kept.map(|c| if c == ' ' { '-' } else { c.to_ascii_lowercase() }).collect()
}

fn anchors(page: &str) -> BTreeSet<String> {
    let headings = page.lines().filter(|line| line.starts_with('#'));
    headings.map(|line| anchor(line.trim_start_matches('#'))).collect()
}

/// Returns a path without `.` and `..`.
fn plain(path: &Path) -> PathBuf {
    let mut plain = PathBuf::new();
    for part in path.components() {
        match part {
            Component::ParentDir => {
                plain.pop();
            }
            Component::CurDir => {}
            part => plain.push(part),
        }
    }
    plain
}

/// Returns why a page's link is broken, if it is.
fn broken(page: &str, target: &str) -> Option<String> {
    let (path, heading) = target.split_once('#').unwrap_or((target, ""));
    let folder = Path::new(page).parent().expect("a folder");
    let file = if path.is_empty() { PathBuf::from(page) } else { plain(&folder.join(path)) };
    if !Path::new(ROOT).join(&file).exists() {
        return Some(format!("{page}: {target}: no such file"));
    }
    let missing = !heading.is_empty() && !anchors(&text(file.to_str().expect("a plain name"))).contains(heading);
    missing.then(|| format!("{page}: {target}: no such heading"))
}

#[test]
fn every_link_leads_somewhere() {
    let pages = pages();
    let links: Vec<_> = pages.iter().map(|page| (page, text(page))).collect();
    let broken: Vec<_> = links
        .iter()
        .flat_map(|(page, text)| targets(text).into_iter().filter_map(move |target| broken(page, target)))
        .collect();
    assert!(broken.is_empty(), "\n{}", broken.join("\n"));
    assert!(links.iter().map(|(_, text)| targets(text).len()).sum::<usize>() > 100, "few links were found");
}

#[test]
fn a_broken_link_is_found() {
    assert!(broken("docs/TOUR.md", "NOWHERE.md").is_some());
    assert!(broken("docs/TOUR.md", "../README.md#nowhere").is_some());
    assert!(broken("docs/TOUR.md", "../README.md#quick-start").is_none());
    assert_eq!(targets("a [b](c.md#d) and [e](https://f.example)"), ["c.md#d"]);
    assert_eq!(anchor(" Backup and restore: the embedded store"), "backup-and-restore-the-embedded-store");
}

#[test]
fn every_option_is_in_the_page_of_the_configuration() {
    let help = Command::new(env!("CARGO_BIN_EXE_usher")).args(["serve", "--help"]).output().expect("the program");
    let help = String::from_utf8(help.stdout).expect("text");
    let options: BTreeSet<_> = help.lines().filter_map(|line| line.trim().strip_prefix("--")).collect();
    let names: Vec<_> = options.iter().filter_map(|line| line.split([' ', '=']).next()).collect();
    assert!(names.len() > 40, "{names:?}");
    let page = text("docs/CONFIGURATION.md");
    let missing: Vec<_> = names.iter().filter(|name| !page.contains(&format!("`--{name}`"))).collect();
    assert!(missing.is_empty(), "docs/CONFIGURATION.md has no row for {missing:?}");
}
