//! Parses a text into sentences: one a line, and its expected result after `->`, or below it, with `- ` before each
//! row. A line that begins with a space continues the line before; `#` starts a comment.

/// One sentence of a text.
#[derive(Debug)]
pub struct Sentence {
    line: usize,
    pub said: String,
    /// The expected result. `None`: success.
    expected: Option<Vec<String>>,
}

/// Parses a text.
///
/// # Errors
/// The first line that belongs to no sentence.
pub fn read(text: &str) -> Result<Vec<Sentence>, String> {
    let mut sentences: Vec<Sentence> = Vec::new();
    for (at, raw) in text.lines().enumerate() {
        let line = raw.split('#').next().unwrap_or_default().trim_end();
        if line.trim().is_empty() {
            continue;
        }
        let before = sentences.last_mut().ok_or_else(|| format!("line {}: {raw}\n  belongs to no sentence", at + 1));
        if let Some(row) = line.trim_start().strip_prefix("- ") {
            before?.expected.get_or_insert_default().push(single_spaced(row));
        } else if line.starts_with(' ') {
            let before = before?;
            let (said, expected) = parts(&format!("{} {}", before.whole(), line.trim()));
            (before.said, before.expected) = (said, expected);
        } else {
            let (said, expected) = parts(line);
            sentences.push(Sentence { line: at + 1, said, expected });
        }
    }
    Ok(sentences)
}

fn parts(line: &str) -> (String, Option<Vec<String>>) {
    match line.split_once("->") {
        Some((said, expected)) => (single_spaced(said), Some(vec![single_spaced(expected)])),
        None => (single_spaced(line), None),
    }
}

fn single_spaced(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The result of a sentence.
#[derive(Debug, PartialEq, Eq)]
pub enum Happened {
    /// Done, without anything else to report.
    Done,
    /// The answer to a command; true if it was a "yes".
    Said(bool, String),
    /// The answer to a query.
    Told(String),
    /// A list, one row each; it can be empty.
    Rows(Vec<String>),
}

impl Sentence {
    fn whole(&self) -> String {
        let expected = self.expected.as_ref().map(|expected| format!(" -> {}", expected.join(" "))).unwrap_or_default();
        format!("{}{expected}", self.said)
    }

    pub fn wrong(&self, why: &str) -> String {
        format!("line {}: {}\n  {why}", self.line, self.said)
    }

    /// Compares the result with the expectation.
    ///
    /// # Errors
    /// Both, if they differ.
    pub fn hold(&self, happened: &Happened) -> Result<(), String> {
        let told = match happened {
            Happened::Done => vec!["done".to_owned()],
            Happened::Said(_, said) | Happened::Told(said) => vec![said.clone()],
            Happened::Rows(rows) if rows.is_empty() => vec!["nobody".to_owned()],
            Happened::Rows(rows) => rows.clone(),
        };
        let expected = match (&self.expected, happened) {
            (Some(expected), _) => expected.clone(),
            (None, Happened::Done | Happened::Said(true, _)) => return Ok(()),
            (None, Happened::Said(false, _)) => vec!["that it is done".to_owned()],
            (None, Happened::Told(_) | Happened::Rows(_)) => {
                vec!["an answer is asked for, and none is written here".to_owned()]
            }
        };
        if expected == told {
            return Ok(());
        }
        let listed = |rows: &[String]| rows.iter().map(|row| format!("\n    - {row}")).collect::<String>();
        Err(self.wrong(&format!("expected:{}\n  happened:{}", listed(&expected), listed(&told))))
    }
}
