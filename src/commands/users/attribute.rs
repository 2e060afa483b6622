//! A value of `--attribute`.

/// Parses `NAME=TEXT`.
pub fn attribute(text: &str) -> Result<(String, String), &'static str> {
    let (name, value) = text.split_once('=').ok_or("must be NAME=TEXT, such as office=2.17")?;
    Ok((name.to_owned(), value.to_owned()))
}
