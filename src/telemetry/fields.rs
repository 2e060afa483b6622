//! Fields of a line in the text log, quoted so that no value can look like another field or another line.

use std::fmt;

use tracing::field::{Field, Visit};
use tracing_subscriber::field::RecordFields;
use tracing_subscriber::fmt::FormatFields;
use tracing_subscriber::fmt::format::Writer;

/// Field formatter that quotes and escapes every value that is not plain.
#[derive(Debug)]
pub struct Quoted;

impl<'writer> FormatFields<'writer> for Quoted {
    fn format_fields<R: RecordFields>(&self, writer: Writer<'writer>, fields: R) -> fmt::Result {
        let mut line = FieldWriter { writer, empty: true, written: Ok(()) };
        fields.record(&mut line);
        line.written
    }
}

struct FieldWriter<'writer> {
    writer: Writer<'writer>,
    empty: bool,
    written: fmt::Result,
}

impl FieldWriter<'_> {
    fn write(&mut self, text: fmt::Arguments<'_>) {
        let space = if self.empty { "" } else { " " };
        self.empty = false;
        self.written = self.written.and_then(|()| write!(self.writer, "{space}{text}"));
    }

    fn value(&mut self, field: &Field, text: &str) {
        match field.name() {
            // Added by the `log` crate: the target is shown already.
            name if name.starts_with("log.") => {}
            "message" => self.write(format_args!("{}", escaped(text))),
            // Made by Usher itself, and spans several lines.
            "backtrace" => self.write(format_args!("backtrace={text}")),
            name if is_plain(text) => self.write(format_args!("{name}={text}")),
            name => self.write(format_args!("{name}={text:?}")),
        }
    }
}

impl Visit for FieldWriter<'_> {
    fn record_str(&mut self, field: &Field, value: &str) {
        match field.name() {
            name if name == "message" || name.starts_with("log.") => self.value(field, value),
            name => self.write(format_args!("{name}={value:?}")),
        }
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.value(field, &format!("{value:?}"));
    }
}

/// Returns whether a text reads as one value without quotes.
fn is_plain(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_alphanumeric() || "-_.:/@+%,[](){}*#~µ".contains(c))
}

/// The text as one line, without characters that control a terminal.
fn escaped(text: &str) -> String {
    let escape = |c: char| if c.is_control() { c.escape_default().to_string() } else { c.to_string() };
    text.chars().map(escape).collect()
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::sync::{Arc, Mutex};

    use super::*;

    #[derive(Clone, Default)]
    struct Buffer(Arc<Mutex<Vec<u8>>>);

    impl Write for Buffer {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    fn logged(log: impl FnOnce()) -> String {
        let paper = Buffer::default();
        let written = paper.clone();
        let lines = tracing_subscriber::fmt().with_ansi(false).fmt_fields(Quoted).with_writer(move || paper.clone());
        tracing::subscriber::with_default(lines.finish(), log);
        String::from_utf8(written.0.lock().unwrap().clone()).unwrap()
    }

    #[test]
    fn what_is_plain_stays_as_it_is() {
        let line = logged(|| {
            let (actor, none) = (Some("token:1:login-eu"), None::<&str>);
            let took = std::time::Duration::from_millis(7);
            tracing::info!(actor, none, tenant = %"acme", user = %"ann@example.org", ?took, count = 3, yes = true, "done");
        });
        let fields = "done actor=\"token:1:login-eu\" tenant=acme user=ann@example.org took=7ms count=3 yes=true\n";
        assert!(line.ends_with(fields), "{line}");
    }

    #[test]
    fn what_the_log_crate_adds_is_not_shown() {
        let line = logged(|| tracing::info!(log.target = "rustls", log.line = 7, log.file = "x.rs", count = 3, "done"));
        assert!(line.ends_with("done count=3\n"), "{line}");
    }

    #[test]
    fn no_name_reads_like_another_field_or_another_line() {
        for name in [
            "x actor=\"token:admin\"",
            "\"x\" actor=\"token:admin\"",
            "x\n2026-11-29T00:00:00Z  INFO usher: done actor=\"token:admin\"",
            "x\u{1b}[2K\u{1b}[1Gactor=\"token:admin\"",
            "x\u{2028}actor=\"token:admin\"",
        ] {
            let span = |name: &str| tracing::error_span!("call", tenant = %name).entered();
            for line in [
                logged(|| tracing::info!(tenant = %name, actor = "token:login", "done")),
                logged(|| tracing::info!(tenant = ?name, actor = "token:login", "done")),
                logged(|| {
                    let _span = span(name);
                    tracing::info!(actor = "token:login", "done");
                }),
            ] {
                assert_eq!(line.lines().count(), 1, "{line}");
                let forged = line.replace("\\\"token:admin\\\"", "");
                assert!(!forged.contains("actor=\"token:admin"), "{line}");
                assert!(line.contains("actor=\"token:login\"") && !line.contains('\u{1b}'), "{line}");
            }
        }
        let message = logged(|| tracing::info!("failed: {}", "x\n y\u{1b}[2K"));
        assert!(message.lines().count() == 1 && message.contains("failed: x\\n y\\u{1b}[2K"), "{message}");
    }
}
