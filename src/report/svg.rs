//! What the pictures of a run have in common.

use std::fmt::{Result, Write as _};
use std::io::Write as _;
use std::path::PathBuf;

use quick_xml::escape::escape;

use crate::whole_file::WholeFile;

/// The height of a line of a legend, in the picture's units, as all lengths here.
pub(super) const LINE: f64 = 20.0;
/// From where a line of a legend begins to its text.
pub(super) const SAMPLE: f64 = 32.0;
/// Paul Tol's bright scheme, which readers with any colour vision tell apart.
const COLOURS: [&str; 7] = [
    "#4477aa", "#ee6677", "#228833", "#ccbb44", "#66ccee", "#aa3377", "#888888",
];
const STYLE: &str = "svg{font:13px system-ui,sans-serif;background:#fff;color:#222}.grid{stroke:currentColor;opacity:.12}text{fill:currentColor}";
const DARK: &str = "@media(prefers-color-scheme:dark){svg{background:#181a1d;color:#ddd}}";

/// The beginning of a picture of some width and height: its style, with what it adds to that of all, and its title, which begins at `left`.
pub(super) fn begin((width, height): (f64, f64), style: &str, left: f64, title: &str) -> String {
    let title = escape(title);
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" role=\"img\" aria-label=\"{title}\"><style>{STYLE}{style}{DARK}</style><text x=\"{left}\" y=\"22\" font-weight=\"600\">{title}</text>"
    )
}

/// The colour of a variant, by its place among those that are drawn.
pub(super) fn colour(number: usize) -> &'static str {
    COLOURS[number % COLOURS.len()]
}

/// The attributes of a variant's lines: its colour, and dashes where colours begin anew.
pub(super) fn stroke(number: usize) -> String {
    let dash = if number < COLOURS.len() {
        ""
    } else {
        " stroke-dasharray=\"2 3\""
    };
    format!("stroke=\"{}\"{dash}", colour(number))
}

/// The points of a line, from places on the picture.
pub(super) fn points(places: impl IntoIterator<Item = (f64, f64)>) -> String {
    let points = places.into_iter().map(|(x, y)| format!("{x:.1},{y:.1}"));
    points.collect::<Vec<_>>().join(" ")
}

/// A variant's line of a legend that begins at a place.
pub(super) fn legend(
    svg: &mut String,
    (left, top): (f64, f64),
    number: usize,
    variant: &str,
) -> Result {
    let top = top + LINE * number as f64;
    write!(
        svg,
        "<line x1=\"{left}\" x2=\"{}\" y1=\"{top}\" y2=\"{top}\" stroke-width=\"3\" {}/><text x=\"{}\" y=\"{}\">{}</text>",
        left + SAMPLE - 8.0,
        stroke(number),
        left + SAMPLE,
        top + 4.0,
        escape(variant)
    )
}

/// What stands in the parentheses of a metric's name, such as a category or a model; nothing where there are none.
pub(super) fn inside(metric: &str) -> &str {
    let rest = metric.split_once('(').map(|(_, rest)| rest);
    rest.and_then(|rest| rest.strip_suffix(')'))
        .unwrap_or_default()
}

/// Writes a picture.
pub(super) fn write_picture(path: PathBuf, svg: &str) -> anyhow::Result<()> {
    let mut file = WholeFile::create(path)?;
    file.write_all(svg.as_bytes())?;
    Ok(file.finish()?)
}
