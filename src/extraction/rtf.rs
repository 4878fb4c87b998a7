//! Rich text, as Word, `WordPad` and `LibreOffice` write it.

mod code_page;
mod layout;
mod target;
mod tokens;

use std::collections::HashMap;

use encoding_rs::{Encoding, WINDOWS_1252};

use super::Refusal;
use super::draft::Draft;
use super::guard::{Guard, Level};

pub(super) use self::code_page::code_page;
use self::layout::Layout;
use self::target::Target;
use self::tokens::{Token, Tokens};

/// What holds within a group.
#[derive(Debug, Clone, Copy)]
struct State {
    target: Target,
    /// How many characters stand in for a Unicode character.
    fallback: u32,
    font: i32,
    is_hidden: bool,
    paragraph: Paragraph,
    /// How many footnotes and text boxes this is within.
    asides: u32,
}

/// The properties of a paragraph.
#[derive(Debug, Clone, Copy, Default)]
struct Paragraph {
    style: Option<i32>,
    outline: Option<u8>,
    is_in_table: bool,
    depth: usize,
}

/// A style's properties, in the making.
#[derive(Debug, Clone, Copy, Default)]
struct Style {
    number: i32,
    outline: Option<u8>,
}

pub(super) fn read(bytes: &[u8], guard: &Guard<'_>) -> Result<Draft, Refusal> {
    let mut reader = Reader::new(guard);
    for (count, token) in Tokens::new(bytes).enumerate() {
        if count % 1024 == 0 {
            guard.check()?;
        }
        reader.token(token)?;
    }
    reader.flush();
    while let Some((state, _)) = reader.outer.pop() {
        reader.leave(reader.state, state);
    }
    reader.end_paragraph()?;
    reader.layout.finish()
}

struct Reader<'g> {
    guard: &'g Guard<'g>,
    state: State,
    outer: Vec<(State, Level<'g>)>,
    layout: Layout<'g>,
    fonts: HashMap<i32, i32>,
    styles: HashMap<i32, u8>,
    style: Style,
    code_page: &'static Encoding,
    /// Bytes of text that are not decoded yet: two may be one character.
    bytes: Vec<u8>,
    /// The first half of a character that UTF-16 has two units for.
    high: Option<u16>,
    /// Characters still to be skipped as they stand in for one before.
    skip: u32,
    /// The text of a group that is not the document's.
    value: String,
    date: [i32; 5],
    /// Whether `\*` stood before.
    is_optional: bool,
}

impl<'g> Reader<'g> {
    fn new(guard: &'g Guard<'g>) -> Self {
        Self {
            guard,
            state: State {
                target: Target::Body,
                fallback: 1,
                font: -1,
                is_hidden: false,
                paragraph: Paragraph::default(),
                asides: 0,
            },
            outer: Vec::new(),
            layout: Layout::new(guard),
            fonts: HashMap::new(),
            styles: HashMap::new(),
            style: Style::default(),
            code_page: WINDOWS_1252,
            bytes: Vec::new(),
            high: None,
            skip: 0,
            value: String::new(),
            date: [0; 5],
            is_optional: false,
        }
    }

    fn token(&mut self, token: Token<'_>) -> Result<(), Refusal> {
        match token {
            Token::Open => {
                self.flush();
                self.skip = 0;
                self.outer.push((self.state, self.guard.enter()?));
            }
            Token::Close => {
                self.flush();
                self.skip = 0;
                if let Some((state, _)) = self.outer.pop() {
                    self.leave(self.state, state);
                }
            }
            Token::Byte(byte) | Token::Hex(byte) => {
                if self.skip > 0 {
                    self.skip -= 1;
                } else {
                    self.bytes.push(byte);
                }
            }
            Token::Symbol(b'*') => {
                self.is_optional = true;
                return Ok(());
            }
            Token::Symbol(symbol) => self.symbol(symbol)?,
            Token::Word(name, number) => self.word(name, number)?,
        }
        if token != Token::Open {
            self.is_optional = false;
        }
        Ok(())
    }

    fn symbol(&mut self, symbol: u8) -> Result<(), Refusal> {
        match symbol {
            b'\\' | b'{' | b'}' if self.skip > 0 => self.skip -= 1,
            b'\\' | b'{' | b'}' => self.bytes.push(symbol),
            b'~' => self.say("\u{a0}"),
            b'_' => self.say("\u{2011}"),
            b'\r' | b'\n' => self.word("par", None)?,
            b'\t' => self.say("\t"),
            _ => {}
        }
        Ok(())
    }

    /// The encoding of bytes at this place.
    fn encoding(&self) -> &'static Encoding {
        self.fonts
            .get(&self.state.font)
            .map_or(self.code_page, |number| code_page(*number))
    }

    /// Decodes the bytes that wait for it.
    fn flush(&mut self) {
        if !self.bytes.is_empty() {
            let bytes = std::mem::take(&mut self.bytes);
            let text = self.encoding().decode_without_bom_handling(&bytes).0;
            self.put(&text);
        }
    }

    /// Adds text, after the bytes that came before it.
    fn say(&mut self, text: &str) {
        self.flush();
        self.put(text);
    }

    fn put(&mut self, text: &str) {
        match self.state.target {
            Target::Body | Target::Aside if !self.state.is_hidden => {
                self.layout.text.push_str(text);
            }
            Target::Mark => self.layout.mark.push_str(text),
            Target::Title | Target::Author | Target::Styles => self.value.push_str(text),
            _ => {}
        }
    }

    /// A unit of UTF-16.
    fn unicode(&mut self, number: i32) {
        self.flush();
        self.skip = self.state.fallback;
        let Ok(unit) = u16::try_from(if number < 0 {
            number + 0x1_0000
        } else {
            number
        }) else {
            return;
        };
        let units: Vec<u16> = self.high.take().into_iter().chain([unit]).collect();
        if units.len() == 1 && (0xD800..0xDC00).contains(&unit) {
            self.high = Some(unit);
            return;
        }
        // Symbol fonts have their signs at U+F020 and above.
        if !(0xF020..0xF100).contains(&unit) {
            self.put(&String::from_utf16_lossy(&units));
        }
    }

    fn word(&mut self, name: &str, number: Option<i32>) -> Result<(), Refusal> {
        if name == "u" {
            self.unicode(number.unwrap_or(0));
            return Ok(());
        }
        if self.skip > 0 {
            self.skip -= 1;
            return Ok(());
        }
        self.flush();
        let value = number.unwrap_or(0);
        let is_on = number != Some(0);
        match name {
            "uc" => self.state.fallback = u32::try_from(value).unwrap_or(1),
            "ansicpg" => self.code_page = code_page(value),
            "mac" => self.code_page = code_page(10000),
            "f" => self.state.font = value,
            "fcharset" | "cpg" if self.state.target == Target::Fonts => {
                let number = if name == "cpg" {
                    Some(value)
                } else {
                    code_page::of_charset(value)
                };
                if let Some(number) = number {
                    self.fonts.insert(self.state.font, number);
                }
            }
            "v" | "deleted" => self.state.is_hidden = is_on,
            "plain" => self.state.is_hidden = false,
            "yr" => self.date[0] = value,
            "mo" => self.date[1] = value,
            "dy" => self.date[2] = value,
            "hr" => self.date[3] = value,
            "min" => self.date[4] = value,
            _ if self.paragraph_property(name, number) || self.sign(name) || self.end(name)? => {}
            _ => {
                if let Some(target) = self.target(name) {
                    self.state.target = target;
                    self.begin(target);
                }
            }
        }
        Ok(())
    }

    fn paragraph_property(&mut self, name: &str, number: Option<i32>) -> bool {
        let value = number.unwrap_or(0);
        let paragraph = &mut self.state.paragraph;
        match name {
            "pard" => *paragraph = Paragraph::default(),
            "s" if self.state.target == Target::Styles => self.style.number = value,
            "outlinelevel" if self.state.target == Target::Styles => {
                self.style.outline = u8::try_from(value).ok();
            }
            "s" => paragraph.style = number,
            "outlinelevel" => {
                paragraph.outline = u8::try_from(value).ok().filter(|level| *level < 9);
            }
            "intbl" => paragraph.is_in_table = true,
            "ilvl" => paragraph.depth = usize::try_from(value).unwrap_or(0),
            _ => return false,
        }
        true
    }

    /// A sign that is written as a word.
    fn sign(&mut self, name: &str) -> bool {
        let sign = match name {
            "tab" | "line" | "lbr" | "emspace" | "enspace" | "qmspace" => " ",
            "emdash" => "—",
            "endash" => "–",
            "bullet" => "•",
            "lquote" => "‘",
            "rquote" => "’",
            "ldblquote" => "“",
            "rdblquote" => "”",
            _ => return false,
        };
        self.put(sign);
        true
    }

    /// The end of a paragraph, a cell or a row.
    fn end(&mut self, name: &str) -> Result<bool, Refusal> {
        match (name, self.state.target) {
            ("par" | "sect" | "page" | "column" | "cell" | "nestcell" | "row", Target::Aside) => {
                self.layout.end_aside();
            }
            ("cell", Target::Body) => self.layout.end_cell(),
            ("row", Target::Body) => self.layout.end_row(),
            ("nestcell", Target::Body) => self.put(" "),
            ("par" | "sect" | "page" | "column", Target::Body)
                if self.state.paragraph.is_in_table =>
            {
                self.put(" ");
            }
            ("par" | "sect" | "page" | "column", Target::Body) => self.end_paragraph()?,
            _ => return Ok(false),
        }
        Ok(true)
    }

    fn end_paragraph(&mut self) -> Result<(), Refusal> {
        let Paragraph {
            style,
            outline,
            depth,
            ..
        } = self.state.paragraph;
        let outline = outline.or_else(|| style.and_then(|style| self.styles.get(&style).copied()));
        self.layout.end_paragraph(outline, depth)
    }

    /// Where the text of a group that begins with this word goes, if not where it went before.
    fn target(&self, name: &str) -> Option<Target> {
        if self.state.target != Target::Nowhere {
            return self.state.target.within(name, self.is_optional);
        }
        // Word keeps the text in the code page, then the same in Unicode.
        let around = self
            .outer
            .iter()
            .rev()
            .nth(1)
            .map(|(state, _)| state.target);
        around.filter(|_| name == "ud" && self.is_optional)
    }

    fn begin(&mut self, target: Target) {
        match target {
            Target::Aside => {
                self.state.asides += 1;
                self.layout.begin_aside();
            }
            Target::Mark => self.layout.mark.clear(),
            Target::Date(_) => self.date = [0; 5],
            Target::Title | Target::Author | Target::Styles => self.value.clear(),
            _ => {}
        }
    }

    /// Goes from the state of a group to that of the one around it.
    fn leave(&mut self, inner: State, outer: State) {
        self.state = outer;
        if inner.asides > outer.asides {
            self.layout.leave_aside();
        }
        match inner.target {
            Target::Styles => {
                let style = std::mem::take(&mut self.style);
                let name = std::mem::take(&mut self.value);
                if let Some(level) = style
                    .outline
                    .filter(|level| *level < 9)
                    .or_else(|| level_of(&name))
                {
                    self.styles.insert(style.number, level);
                }
            }
            target if target == outer.target => {}
            Target::Title => self.layout.draft.title(&std::mem::take(&mut self.value)),
            Target::Author => self
                .layout
                .draft
                .fact("author", &std::mem::take(&mut self.value)),
            Target::Date(kind) => {
                let [year, month, day, hour, minute] = self.date;
                self.layout.dates.push((
                    kind,
                    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}"),
                ));
            }
            _ => {}
        }
    }
}

/// The level of the style called `heading 2;`, from 0.
fn level_of(name: &str) -> Option<u8> {
    let name = name.trim().trim_end_matches(';').to_lowercase();
    let number = name.strip_prefix("heading ")?.parse().ok()?;
    u8::checked_sub(number, 1).filter(|level| *level < 9)
}
