//! Excel's workbooks since 2007.

use std::collections::HashMap;

use roxmltree::Node;

use super::super::Refusal;
use super::super::archive::Archive;
use super::super::draft::Draft;
use super::super::guard::Guard;
use super::super::office::{self, Relation, attribute, child, is, number};
use super::bytes::{Book, shown_truth};
use super::number::{Kind, shown_date};
use super::{Cells, tell};

/// Tells the sheets in their order.
pub(super) fn read(
    archive: &Archive<'_>,
    package: &[Relation],
    guard: &Guard<'_>,
    draft: &mut Draft,
) -> Result<(), Refusal> {
    let main = office::related(package, "officeDocument").unwrap_or("xl/workbook.xml");
    let text = office::need(archive, main)?;
    let tree = office::parse(&text)?;
    let relations = office::relations(archive, main)?;
    let since_1904 = child(tree.root_element(), "workbookPr")
        .and_then(|properties| attribute(properties, "date1904"));
    let book = Book {
        strings: strings(archive, &relations)?,
        kinds: kinds(archive, &relations)?,
        since_1904: matches!(since_1904, Some("1" | "true" | "on")),
    };
    let sheets = child(tree.root_element(), "sheets");
    for sheet in sheets
        .iter()
        .flat_map(|sheets| sheets.children().filter(|node| is(*node, "sheet")))
    {
        let part = office::relation_id(sheet, "id").and_then(|id| office::part_of(&relations, id));
        let Some(text) = part
            .map(|part| office::part(archive, part))
            .transpose()?
            .flatten()
        else {
            continue;
        };
        let tree = office::parse(&text)?;
        let name = attribute(sheet, "name").unwrap_or_default();
        tell(
            name,
            cells(&book, tree.root_element(), guard)?,
            guard,
            draft,
        )?;
    }
    Ok(())
}

fn strings(archive: &Archive<'_>, relations: &[Relation]) -> Result<Vec<String>, Refusal> {
    let Some(text) = office::related_part(archive, relations, "sharedStrings")? else {
        return Ok(Vec::new());
    };
    let tree = office::parse(&text)?;
    Ok(tree
        .root_element()
        .children()
        .filter(|node| is(*node, "si"))
        .map(words)
        .collect())
}

/// The text of a string: of itself, or of its runs. How it sounds is left out.
fn words(string: Node<'_, '_>) -> String {
    let runs = string.children().filter(|node| is(*node, "r"));
    let texts = string.children().chain(runs.flat_map(|run| run.children()));
    texts
        .filter(|node| is(*node, "t"))
        .filter_map(|node| node.text())
        .collect()
}

fn kinds(archive: &Archive<'_>, relations: &[Relation]) -> Result<Vec<Kind>, Refusal> {
    let Some(text) = office::related_part(archive, relations, "styles")? else {
        return Ok(Vec::new());
    };
    let tree = office::parse(&text)?;
    let formats = child(tree.root_element(), "numFmts");
    let formats = formats.iter().flat_map(Node::children);
    let code = |node: Node<'_, '_>| {
        Some((
            number(node, "numFmtId")?,
            Kind::of(attribute(node, "formatCode")?),
        ))
    };
    let by_id: HashMap<usize, Kind> = formats.filter_map(code).collect();
    let kind = |style: Node<'_, '_>| {
        let id = number(style, "numFmtId").unwrap_or(0);
        by_id.get(&id).copied().unwrap_or_else(|| Kind::own(id))
    };
    let styles = child(tree.root_element(), "cellXfs");
    Ok(styles
        .iter()
        .flat_map(|styles| styles.children().filter(|node| is(*node, "xf")))
        .map(kind)
        .collect())
}

fn cells(book: &Book, root: Node<'_, '_>, guard: &Guard<'_>) -> Result<Cells, Refusal> {
    let mut cells = Cells::new();
    let Some(data) = child(root, "sheetData") else {
        return Ok(cells);
    };
    let mut place = (0_usize, 0_usize);
    for row in data.children().filter(|node| is(*node, "row")) {
        place = (number(row, "r").unwrap_or(place.0.saturating_add(1)), 0);
        for cell in row.children().filter(|node| is(*node, "c")) {
            place.1 = attribute(cell, "r").and_then(column).unwrap_or(place.1 + 1);
            let text = value(book, cell);
            guard.spend(text.len())?;
            cells.insert(place, text);
        }
    }
    Ok(cells)
}

fn value(book: &Book, cell: Node<'_, '_>) -> String {
    let value = child(cell, "v")
        .and_then(|node| node.text())
        .unwrap_or_default();
    match attribute(cell, "t").unwrap_or("n") {
        "s" => value
            .trim()
            .parse()
            .map(|place| book.string(place))
            .unwrap_or_default(),
        "inlineStr" => child(cell, "is").map(words).unwrap_or_default(),
        "b" => shown_truth(value.trim() == "1"),
        "d" => shown_date(value),
        "n" => match value.trim().parse() {
            Ok(parsed) => book.number(parsed, number(cell, "s")),
            Err(_) => value.to_owned(),
        },
        _ => value.to_owned(),
    }
}

/// The column of a cell called `AB12`, from 1.
fn column(name: &str) -> Option<usize> {
    let letters = name.bytes().take_while(u8::is_ascii_alphabetic).take(4);
    let column = letters.fold(0, |column, letter| {
        column * 26 + usize::from(letter.to_ascii_uppercase() - b'A') + 1
    });
    (column > 0).then_some(column)
}
