//! Which module imports which, as the code has it.

use std::collections::{BTreeMap, BTreeSet};

use super::source::{Source, Used, is_in};

/// For each module, the modules that it imports, each with one of the paths that do.
pub type Arrows = BTreeMap<String, BTreeMap<String, String>>;

/// Returns the arrows between the modules that `unit_of` maps the files and their paths to.
pub fn arrows(sources: &[Source], unit_of: impl Fn(&str) -> Option<String>) -> Arrows {
    let mut arrows = Arrows::new();
    for source in sources {
        let Some(from) = unit_of(&source.module) else { continue };
        let mut imports = BTreeMap::new();
        for used in &source.paths {
            let Used::Ours(path) = used else { continue };
            if let Some(to) = unit_of(path).filter(|to| *to != from) {
                imports.insert(to, format!("{} → {path}", source.module));
            }
        }
        arrows.entry(from).or_default().extend(imports);
    }
    arrows
}

/// Returns the module directly inside of `folder` that contains a path; `folder` itself for one of its own items.
/// `None`: the path is elsewhere, or is an item of the crate's root.
pub fn inside(folder: &str, modules: &BTreeSet<&str>, path: &str) -> Option<String> {
    if !is_in(path, folder) {
        return None;
    }
    let rest = path[folder.len()..].trim_start_matches("::");
    let name = rest.split("::").next().unwrap_or_default();
    let child = if folder.is_empty() { name.to_owned() } else { format!("{folder}::{name}") };
    let unit = if modules.contains(child.as_str()) { child } else { folder.to_owned() };
    (!unit.is_empty()).then_some(unit)
}

/// Returns the file that a path leads to: the innermost module of its name.
pub fn file(modules: &BTreeSet<&str>, path: &str) -> Option<String> {
    let mut path = path;
    while !modules.contains(path) {
        path = path.rsplit_once("::")?.0;
    }
    Some(path.to_owned())
}

/// Returns every set of modules of which each imports each other one, directly or through others.
pub fn circles(arrows: &Arrows) -> BTreeSet<Vec<&str>> {
    let reached: BTreeMap<&str, BTreeSet<&str>> =
        arrows.keys().map(|module| (module.as_str(), reached(arrows, module))).collect();
    let circle = |module: &str| {
        let others = reached[module].iter().filter(|other| reached[**other].contains(module));
        others.copied().collect::<Vec<_>>()
    };
    reached.keys().map(|module| circle(module)).filter(|circle| circle.len() > 1).collect()
}

fn reached<'a>(arrows: &'a Arrows, from: &str) -> BTreeSet<&'a str> {
    let mut reached = BTreeSet::new();
    let mut next: Vec<&str> = vec![from];
    while let Some(module) = next.pop() {
        for to in arrows.get(module).into_iter().flat_map(BTreeMap::keys) {
            if reached.insert(to.as_str()) {
                next.push(to);
            }
        }
    }
    reached
}
