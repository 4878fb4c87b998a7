//! Server-sent events: lines of `data:`, a blank line behind each event
//! (<https://html.spec.whatwg.org/multipage/server-sent-events.html>).

use std::io::BufRead;

use super::draft::Bad;

/// The data of the next event, or `None` at the end. The names of events are passed over: both protocols repeat them in the
/// data.
pub(super) fn next(reader: &mut impl BufRead) -> Result<Option<String>, Bad> {
    let (mut data, mut line) = (None::<String>, Vec::new());
    loop {
        line.clear();
        if reader.read_until(b'\n', &mut line)? == 0 {
            return Ok(data);
        }
        let line = line.strip_suffix(b"\n").unwrap_or(&line);
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        if line.is_empty() && data.is_some() {
            return Ok(data);
        }
        if let Some(value) = line.strip_prefix(b"data:") {
            let value = value.strip_prefix(b" ").unwrap_or(value);
            let value = std::str::from_utf8(value)
                .map_err(|error| Bad::Passing(format!("what is no UTF-8: {error}")))?;
            data = Some(match data {
                Some(data) => data + "\n" + value,
                None => value.to_owned(),
            });
        }
    }
}

/// A byte order mark, which may stand before the first event. No line that means anything begins with one of its bytes.
const BOM: [u8; 3] = [0xEF, 0xBB, 0xBF];

/// Passes over a byte order mark and blanks, and says whether a JSON object follows: from a server that answers as a whole,
/// whatever it was asked for.
pub(super) fn is_whole(reader: &mut impl BufRead) -> std::io::Result<bool> {
    loop {
        let bytes = reader.fill_buf()?;
        let is_blank = |byte: &&u8| byte.is_ascii_whitespace() || BOM.contains(byte);
        let blanks = bytes.iter().take_while(is_blank);
        match blanks.count() {
            0 => return Ok(bytes.first() == Some(&b'{')),
            blanks => reader.consume(blanks),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn events(text: &str) -> Vec<String> {
        // Small reads, as they come over a network.
        let mut reader = std::io::BufReader::with_capacity(3, text.as_bytes());
        std::iter::from_fn(|| next(&mut reader).unwrap()).collect()
    }

    #[test]
    fn events_are_blocks_of_data_lines() {
        assert_eq!(
            events(
                ": ping\n\nevent: a\ndata: {\"x\": \"é\"}\n\ndata:1\r\ndata: 2\r\n\r\n\n\nid: 7\ndata: [DONE]"
            ),
            ["{\"x\": \"é\"}", "1\n2", "[DONE]"]
        );
        assert_eq!(events(""), [] as [&str; 0]);
    }

    #[test]
    fn a_whole_answer_begins_with_a_brace() {
        let whole = |text: &str| {
            let mut reader = std::io::BufReader::with_capacity(2, text.as_bytes());
            let found = is_whole(&mut reader).unwrap();
            let mut rest = String::new();
            std::io::Read::read_to_string(&mut reader, &mut rest).unwrap();
            (found, rest)
        };
        assert_eq!(whole(" \n\r\n {\"a\": 1}"), (true, "{\"a\": 1}".into()));
        assert_eq!(whole("\n\ndata: {}"), (false, "data: {}".into()));
        assert_eq!(
            whole("\u{feff}data: \u{feff}"),
            (false, "data: \u{feff}".into())
        );
        assert_eq!(whole("\u{feff}\n{}"), (true, "{}".into()));
        assert_eq!(whole("   "), (false, String::new()));
    }
}
