//! A log line as people read it:
//!
//! ```text
//! 2026-11-22T04:26:44.123456Z  INFO handshake{peer=192.0.2.7:40123}: place: done tenant="a"
//! ```
//!
//! It is the usual form of `tracing-subscriber` written with less work, since every batch item
//! passes here. Control characters are escaped in every text, so that nothing a client sends can
//! begin a line of its own or speak to a terminal.

use std::cell::Cell;
use std::error::Error;
use std::fmt::{self, Debug, Write};
use std::sync::Arc;

use keystrata::clock::Clock;
use tracing::field::{Field, Visit};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields, FormattedFields};
use tracing_subscriber::registry::{LookupSpan, Scope};

/// Writes lines like that.
pub(super) struct TextLine(pub(super) Arc<dyn Clock>);

thread_local! {
    /// The line that is being made. Kept, as the next one will be as long.
    static LINE: Cell<String> = const { Cell::new(String::new()) };
}

impl<S, N> FormatEvent<S, N> for TextLine
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(
        &self,
        context: &FmtContext<'_, S, N>,
        mut out: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let mut line = LINE.take();
        line.clear();
        let written =
            self.write_line(&mut line, context, event).and_then(|()| out.write_str(&line));
        LINE.set(line);
        written
    }
}

impl TextLine {
    fn write_line<S, N>(
        &self,
        line: &mut String,
        context: &FmtContext<'_, S, N>,
        event: &Event<'_>,
    ) -> fmt::Result
    where
        S: Subscriber + for<'a> LookupSpan<'a>,
        N: for<'a> FormatFields<'a> + 'static,
    {
        self.0.now().push_rfc3339(line).ok_or(fmt::Error)?;
        line.push_str(level(*event.metadata().level()));
        for span in context.event_scope().into_iter().flat_map(Scope::from_root) {
            line.push_str(span.name());
            if let Some(fields) = span.extensions().get::<FormattedFields<N>>()
                && !fields.is_empty()
            {
                write!(line, "{{{fields}}}")?;
            }
            line.push_str(": ");
        }
        line.push_str(event.metadata().target());
        line.push(':');
        let mut fields = Fields { out: line, result: Ok(()) };
        event.record(&mut fields);
        fields.result?;
        line.push('\n');
        Ok(())
    }
}

/// The level with the spaces around it, all of one width.
fn level(level: Level) -> &'static str {
    match level {
        Level::ERROR => " ERROR ",
        Level::WARN => "  WARN ",
        Level::INFO => "  INFO ",
        Level::DEBUG => " DEBUG ",
        Level::TRACE => " TRACE ",
    }
}

/// Writes fields: the message as it is, the others as `name=value`, each after a space.
struct Fields<'a, W> {
    out: &'a mut W,
    result: fmt::Result,
}

impl<W: Write> Fields<'_, W> {
    fn field(&mut self, field: &Field, value: impl FnOnce(&mut W) -> fmt::Result) {
        let mut write = || {
            self.out.write_char(' ')?;
            if field.name() != "message" {
                self.out.write_str(field.name())?;
                self.out.write_char('=')?;
            }
            Ok(())
        };
        self.result = self.result.and_then(|()| write()).and_then(|()| value(self.out));
    }
}

impl<W: Write> Visit for Fields<'_, W> {
    fn record_u64(&mut self, field: &Field, value: u64) {
        self.field(field, |out| out.write_str(itoa::Buffer::new().format(value)));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.field(field, |out| {
            let is_plain = |byte: u8| byte.is_ascii_graphic() && byte != b'"' && byte != b'\\';
            if all(value, is_plain) {
                out.write_char('"')?;
                out.write_str(value)?;
                out.write_char('"')
            } else {
                write!(out, "{value:?}")
            }
        });
    }

    fn record_error(&mut self, field: &Field, value: &(dyn Error + 'static)) {
        self.field(field, |out| write!(Escaped(out), "{value}"));
    }

    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.field(field, |out| write!(Escaped(out), "{value:?}"));
    }
}

/// Whether all bytes are of a kind. Nearly always they are, which without a branch for each is seen in
/// a moment.
fn all(text: &str, is_so: impl Fn(u8) -> bool) -> bool {
    text.bytes().fold(true, |all, byte| all & is_so(byte))
}

/// Passes text on with its control characters escaped.
struct Escaped<'a, W>(&'a mut W);

impl<W: Write> Write for Escaped<'_, W> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        if all(text, |byte| (b' '..0x7f).contains(&byte)) {
            return self.0.write_str(text);
        }
        let mut rest = text;
        while let Some((at, control)) = rest.char_indices().find(|(_, each)| each.is_control()) {
            let (before, after) = rest.split_at(at);
            self.0.write_str(before)?;
            write!(self.0, "{}", control.escape_default())?;
            rest = after.get(control.len_utf8()..).unwrap_or_default();
        }
        self.0.write_str(rest)
    }
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::sync::Mutex;

    use keystrata::clock::{ManualClock, Timestamp};

    use tracing_subscriber::fmt::MakeWriter;
    use tracing_subscriber::layer::SubscriberExt as _;

    use super::*;

    #[derive(Clone, Default)]
    struct Page(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Page {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().expect("whole").write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    impl<'a> MakeWriter<'a> for Page {
        type Writer = Self;

        fn make_writer(&'a self) -> Self {
            self.clone()
        }
    }

    /// What is written.
    fn written(events: impl FnOnce()) -> String {
        let page = Page::default();
        let lines = tracing_subscriber::fmt::layer().with_ansi(false).with_writer(page.clone());
        let text = TextLine(Arc::new(ManualClock::new(Timestamp(1_763_780_645_000_123))));
        let lines = tracing_subscriber::registry().with(lines.event_format(text));
        tracing::subscriber::with_default(lines, events);
        let bytes = page.0.lock().expect("whole").clone();
        String::from_utf8(bytes).expect("text")
    }

    #[test]
    fn a_line_has_time_level_span_place_message_and_fields() {
        let line = written(|| {
            let peer = "192.0.2.7:40123";
            let _in = tracing::error_span!("handshake", peer = %peer).entered();
            let object = None::<&str>;
            tracing::info!(target: "place", tenant = "a", object, micros = 25_u64, "done");
        });
        let expected = "2025-11-22T03:04:05.000123Z  INFO handshake{peer=192.0.2.7:40123}: place: \
             done tenant=\"a\" micros=25\n";
        assert_eq!(line, expected);
    }

    #[test]
    fn no_text_begins_a_line_of_its_own() {
        let bad = "x\n2026 \"INFO\" \u{1b}[2J";
        let line = written(|| {
            tracing::warn!(target: "place", text = bad, shown = %bad, "refused: {bad}");
        });
        let escaped = "x\\n2026 \"INFO\" \\u{1b}[2J";
        let quoted = "\"x\\n2026 \\\"INFO\\\" \\u{1b}[2J\"";
        assert_eq!(
            line,
            format!(
                "2025-11-22T03:04:05.000123Z  WARN place: refused: {escaped} text={quoted} shown={escaped}\n"
            )
        );
    }
}
