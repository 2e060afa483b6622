//! Text about one thing: a line for each property, with its name and value.

use super::table::plain;

/// Formats the lines; all names are as wide as the widest.
pub fn particulars<'a>(of: impl IntoIterator<Item = (&'a str, String)>) -> String {
    let of: Vec<_> = of.into_iter().collect();
    let width = of.iter().map(|(name, _)| name.chars().count()).max().unwrap_or_default();
    let line = |(name, text): (&str, String)| format!("{name:<width$}  {}", plain(&text)).trim_end().to_owned() + "\n";
    of.into_iter().map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_stand_below_one_another() {
        let lines =
            particulars([("tenant", "acme".into()), ("display name", "Acme\u{1b}".into()), ("contact", "".into())]);
        assert_eq!(lines, "tenant        acme\ndisplay name  Acme\u{fffd}\ncontact\n");
    }
}
