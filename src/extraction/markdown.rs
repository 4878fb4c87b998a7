//! Markdown as GitHub has it, with front matter: made HTML, which it may hold anywhere, and read as that.

use pulldown_cmark::{CodeBlockKind, Event, Options, Parser, Tag, TagEnd};

use super::draft::Draft;
use super::guard::Guard;
use super::{Refusal, html, text};

pub(super) fn read(bytes: &[u8], guard: &Guard<'_>) -> Result<Draft, Refusal> {
    let markdown = text::decode(bytes)?;
    let options = Options::ENABLE_TABLES
        | Options::ENABLE_FOOTNOTES
        | Options::ENABLE_STRIKETHROUGH
        | Options::ENABLE_TASKLISTS
        | Options::ENABLE_HEADING_ATTRIBUTES
        | Options::ENABLE_DEFINITION_LIST
        | Options::ENABLE_YAML_STYLE_METADATA_BLOCKS
        | Options::ENABLE_PLUSES_DELIMITED_METADATA_BLOCKS
        | Options::ENABLE_GFM;
    let mut page = Page::default();
    for event in Parser::new_ext(&markdown, options) {
        guard.check()?;
        page.add(event);
    }
    let mut draft = Draft::default();
    add_facts(&mut draft, &page.front_matter);
    html::fill(&mut draft, &page.html, guard)?;
    Ok(draft)
}

/// The HTML of a text, and what stands before it.
#[derive(Default)]
struct Page {
    html: String,
    front_matter: String,
    is_in_front_matter: bool,
    is_in_table_head: bool,
    /// The name of the footnote that begins next.
    note: Option<String>,
    /// Images in images: their text is an attribute.
    images: usize,
}

impl Page {
    fn add(&mut self, event: Event<'_>) {
        match event {
            Event::Start(Tag::MetadataBlock(_)) => self.is_in_front_matter = true,
            Event::End(TagEnd::MetadataBlock(_)) => self.is_in_front_matter = false,
            Event::Text(text) if self.is_in_front_matter => self.front_matter.push_str(&text),
            Event::Start(Tag::Image { .. }) => {
                if self.images == 0 {
                    self.html.push_str("<img alt=\"");
                }
                self.images += 1;
            }
            Event::End(TagEnd::Image) => {
                self.images = self.images.saturating_sub(1);
                if self.images == 0 {
                    self.html.push_str("\">");
                }
            }
            Event::Text(text) => html::escape(&mut self.html, &text),
            Event::Code(text) => self.inline("code", &text),
            Event::InlineMath(text) | Event::DisplayMath(text) => self.inline("span", &text),
            Event::SoftBreak => self.html.push('\n'),
            _ if self.images > 0 => {}
            Event::Start(tag) => self.open(&tag),
            Event::End(tag) => self.close(tag),
            Event::InlineHtml(html) if is_raw(&html) => html::escape(&mut self.html, &html),
            Event::Html(html) | Event::InlineHtml(html) => self.html.push_str(&html),
            Event::FootnoteReference(name) => html::escape(&mut self.html, &format!("[{name}]")),
            Event::HardBreak => self.html.push_str("<br>"),
            Event::Rule => self.html.push_str("<hr>"),
            Event::TaskListMarker(true) => self.html.push_str("<input type=checkbox checked>"),
            Event::TaskListMarker(false) => self.html.push_str("<input type=checkbox>"),
        }
    }

    fn inline(&mut self, name: &str, text: &str) {
        if self.images > 0 {
            return html::escape(&mut self.html, text);
        }
        self.html.extend(["<", name, ">"]);
        html::escape(&mut self.html, text);
        self.html.extend(["</", name, ">"]);
    }

    fn open(&mut self, tag: &Tag<'_>) {
        match tag {
            Tag::FootnoteDefinition(name) => self.note = Some(name.to_string()),
            Tag::TableHead => self.is_in_table_head = true,
            _ => {}
        }
        let name = self.name(tag.to_end());
        if !name.is_empty() {
            self.html.extend(["<", name, ">"]);
        }
        if let Tag::Paragraph = tag
            && let Some(note) = self.note.take()
        {
            html::escape(&mut self.html, &format!("[{note}] "));
        }
        if let Tag::CodeBlock(CodeBlockKind::Indented | CodeBlockKind::Fenced(_)) = tag {
            // The parser of HTML drops a line break here.
            self.html.push('\n');
        }
    }

    fn close(&mut self, tag: TagEnd) {
        let name = self.name(tag);
        if !name.is_empty() {
            self.html.extend(["</", name, ">"]);
        }
        if tag == TagEnd::TableHead {
            self.is_in_table_head = false;
        }
    }

    /// The element that a tag stands for; none for those that hold HTML.
    fn name(&self, tag: TagEnd) -> &'static str {
        match tag {
            TagEnd::Paragraph => "p",
            TagEnd::Heading(level) => ["h1", "h2", "h3", "h4", "h5", "h6"][level as usize - 1],
            TagEnd::BlockQuote(_) => "blockquote",
            TagEnd::CodeBlock => "pre",
            TagEnd::List(true) => "ol",
            TagEnd::List(false) => "ul",
            TagEnd::Item => "li",
            TagEnd::FootnoteDefinition => "div",
            TagEnd::DefinitionList => "dl",
            TagEnd::DefinitionListTitle => "dt",
            TagEnd::DefinitionListDefinition => "dd",
            TagEnd::Table => "table",
            TagEnd::TableHead | TagEnd::TableRow => "tr",
            TagEnd::TableCell if self.is_in_table_head => "th",
            TagEnd::TableCell => "td",
            TagEnd::Emphasis => "em",
            TagEnd::Strong => "strong",
            TagEnd::Strikethrough => "s",
            TagEnd::Superscript => "sup",
            TagEnd::Subscript => "sub",
            TagEnd::Link => "a",
            TagEnd::HtmlBlock | TagEnd::Image | TagEnd::MetadataBlock(_) => "",
        }
    }
}

/// Whether a tag in a line makes all text after it part of something that is not shown; who writes it means its name.
fn is_raw(tag: &str) -> bool {
    let name = tag
        .trim_start_matches(['<', '/'])
        .split(|c: char| !c.is_ascii_alphanumeric())
        .next();
    let raw = [
        "title",
        "textarea",
        "style",
        "xmp",
        "iframe",
        "noembed",
        "noframes",
        "script",
        "plaintext",
        "template",
        "select",
    ];
    name.is_some_and(|name| raw.iter().any(|raw| name.eq_ignore_ascii_case(raw)))
}

/// Title, author and date of front matter in YAML or TOML, line by line.
fn add_facts(draft: &mut Draft, front_matter: &str) {
    let clean = |value: &str| -> String {
        let names = value.trim().trim_matches(['[', ']']).split(", ");
        let names = names.map(|name| name.trim().trim_matches(['"', '\'']));
        names.collect::<Vec<_>>().join(", ")
    };
    let mut lines = front_matter.lines().peekable();
    while let Some(line) = lines.next() {
        let Some((key, value)) = line.split_once([':', '=']) else {
            continue;
        };
        let mut value = clean(value);
        if value.is_empty() {
            let mut values = Vec::new();
            while let Some(item) = lines.peek().and_then(|line| line.trim().strip_prefix("- ")) {
                values.push(clean(item));
                lines.next();
            }
            value = values.join(", ");
        }
        match key {
            _ if value.is_empty() => {}
            "title" | "title " => draft.title(&value),
            "author" | "authors" | "author " => draft.fact("author", &value),
            _ => {}
        }
    }
    for wanted in ["lastmod", "last_modified", "updated", "modified", "date"] {
        let values = front_matter
            .lines()
            .filter_map(|line| line.split_once([':', '=']));
        let mut dates = values.filter(|(key, _)| key.trim_end() == wanted);
        if let Some((_, date)) = dates.next() {
            draft.date(&clean(date));
        }
    }
}
