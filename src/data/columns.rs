//! Lines of whitespace-separated columns, such as TREC's files, read whole and taken apart on all threads.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::Path;

use flate2::read::MultiGzDecoder;
use memchr::memchr_iter;
use rayon::prelude::*;

use super::rows::file;
use super::{DataError, Place};

/// Bytes that one task takes apart.
const CHUNK: usize = 1 << 20;

/// The text of a file: plain or gzip, whatever its name; `-` is standard input.
pub(super) fn text(path: &Path) -> Result<String, DataError> {
    let unreadable =
        |error: std::io::Error| DataError::file(path, format!("cannot be read: {error}"));
    let mut bytes = Vec::new();
    if path == Path::new("-") {
        std::io::stdin()
            .read_to_end(&mut bytes)
            .map_err(unreadable)?;
    } else {
        bytes = whole(&mut file(path)?).map_err(unreadable)?;
    }
    if bytes.starts_with(&[0x1F, 0x8B]) {
        let mut plain = Vec::new();
        let unpacked = MultiGzDecoder::new(bytes.as_slice()).read_to_end(&mut plain);
        unpacked.map_err(|error| {
            DataError::file(
                path,
                format!("is not whole as gzip: {error}; fetch or pack it again"),
            )
        })?;
        bytes = plain;
    }
    if bytes.starts_with(b"\xEF\xBB\xBF") {
        bytes.drain(..3);
    }
    String::from_utf8(bytes).map_err(|error| {
        let good = error.utf8_error().valid_up_to();
        let number = line_number(&error.as_bytes()[..good]);
        let message =
            "is not UTF-8; if it is text, convert it, for example with `iconv -f latin1 -t utf-8`";
        DataError::at(path, Place::Line(number), message)
    })
}

/// All bytes of a file. A regular file is read on all threads: most of the time goes into copying to memory that is new.
fn whole(file: &mut File) -> std::io::Result<Vec<u8>> {
    let about = file.metadata()?;
    let known = if cfg!(unix) && about.is_file() {
        usize::try_from(about.len()).map_err(std::io::Error::other)?
    } else {
        0
    };
    let mut bytes = vec![0; known];
    #[cfg(unix)]
    if known > 0 {
        use std::os::unix::fs::FileExt;
        let shared = &*file;
        let pieces = bytes.par_chunks_mut(CHUNK).enumerate();
        pieces.try_for_each(|(number, piece)| {
            shared.read_exact_at(piece, number as u64 * CHUNK as u64)
        })?;
        file.seek(SeekFrom::Start(known as u64))?;
    }
    // Whatever else there is: everything where the length was not known, or what has been added since.
    file.read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// The number of the line that begins or goes on after `before`.
pub(super) fn line_number(before: &[u8]) -> u64 {
    1 + memchr_iter(b'\n', before).count() as u64
}

/// What `parse` makes of every line that is neither blank nor a comment (`#`), in the order of the lines, piece by piece
/// as the threads had them.
///
/// Where several lines are at fault, the error is that of the first.
pub(super) fn parse<'t, T: Send>(
    path: &Path,
    text: &'t str,
    parse: impl Fn(u64, &'t str) -> Result<Option<T>, String> + Sync,
) -> Result<Vec<Vec<T>>, DataError> {
    let chunks = chunks(text);
    let newlines: Vec<u64> = chunks
        .par_iter()
        .map(|chunk| line_number(chunk.as_bytes()) - 1)
        .collect();
    let firsts = newlines.iter().scan(1, |next, count| {
        let first = *next;
        *next += count;
        Some(first)
    });
    let numbered: Vec<(u64, &str)> = firsts.zip(chunks).collect();
    let parts: Vec<Result<Vec<T>, DataError>> = numbered
        .into_par_iter()
        .map(|(first, chunk)| {
            let lines = memchr_iter(b'\n', chunk.as_bytes()).count() + 1;
            let mut found = Vec::with_capacity(lines);
            for (number, line) in (first..).zip(chunk.lines()) {
                if is_content(line) {
                    let parsed = parse(number, line)
                        .map_err(|message| DataError::at(path, Place::Line(number), message))?;
                    found.extend(parsed);
                }
            }
            Ok(found)
        })
        .collect();
    parts.into_iter().collect()
}

/// Whether a line is neither blank nor a comment.
pub(super) fn is_content(line: &str) -> bool {
    let first = line.trim_ascii_start().as_bytes().first();
    !matches!(first, None | Some(b'#'))
}

/// The first `N` columns of a line, which ASCII whitespace separates, empty where it has fewer, and how many columns it
/// has, of which no more than `N + 1` are counted.
///
/// `split_ascii_whitespace` takes three times as long, which is most of the time that reading a run takes.
pub(super) fn split<const N: usize>(line: &str) -> ([&str; N], usize) {
    let bytes = line.as_bytes();
    let (mut columns, mut count, mut place) = ([""; N], 0, 0);
    while count <= N {
        while place < bytes.len() && bytes[place].is_ascii_whitespace() {
            place += 1;
        }
        let start = place;
        while place < bytes.len() && !bytes[place].is_ascii_whitespace() {
            place += 1;
        }
        if start == place {
            break;
        }
        if let Some(column) = columns.get_mut(count) {
            *column = &line[start..place];
        }
        count += 1;
    }
    (columns, count)
}

/// Pieces of about [`CHUNK`] bytes that end where a line does.
fn chunks(text: &str) -> Vec<&str> {
    let mut chunks = Vec::new();
    let mut rest = text;
    while rest.len() > CHUNK {
        let end = rest.as_bytes()[CHUNK..]
            .iter()
            .position(|byte| *byte == b'\n')
            .map_or(rest.len(), |place| CHUNK + place + 1);
        let (chunk, after) = rest.split_at(end);
        chunks.push(chunk);
        rest = after;
    }
    if !rest.is_empty() {
        chunks.push(rest);
    }
    chunks
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_what_whitespace_separates() {
        for line in ["", " ", "a", " a\tb  c ", "a b c d e", "é ü\t ñ\r"] {
            let expected: Vec<&str> = line.split_ascii_whitespace().collect();
            let (columns, count) = split::<3>(line);
            assert_eq!(count, expected.len().min(4), "{line:?}");
            let taken = expected.len().min(3);
            assert_eq!(columns[..taken], expected[..taken], "{line:?}");
        }
    }

    #[test]
    fn lines_are_numbered_across_chunks_and_the_first_fault_is_told() {
        let lines: Vec<String> = (1..=300_000).map(|n| format!("{n} x\n")).collect();
        let text = lines.concat();
        let path = Path::new("f");
        let number = |number: u64, line: &str| -> Result<Option<u64>, String> {
            let said: u64 = line.split(' ').next().unwrap().parse().unwrap();
            if said == number {
                Ok(Some(said))
            } else {
                Err(format!("line {said}"))
            }
        };
        let all = parse(path, &text, number).unwrap();
        assert!(all.len() > 2 && all.iter().flatten().copied().eq(1..=300_000));
        let bad = |n: u64, _: &str| -> Result<Option<()>, String> {
            if n % 100_000 == 7 {
                Err("bad".to_owned())
            } else {
                Ok(None)
            }
        };
        assert_eq!(
            parse(path, &text, bad).unwrap_err().to_string(),
            "`f` line 7: bad"
        );
    }
}
