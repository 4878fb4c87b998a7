//! Where the text of the groups of RTF goes.

/// Where the text of a group goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Target {
    Body,
    Nowhere,
    Info,
    Title,
    Author,
    Date(When),
    Fonts,
    Styles,
    /// The mark or number of an item.
    Mark,
    /// A footnote or a text box.
    Aside,
    /// A drawing, of which only text boxes are kept.
    Drawing,
}

/// Of what a date is that of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum When {
    Changed,
    Made,
}

impl Target {
    /// Where the text of a group within this one goes that begins with this word, if not to the same place.
    pub(super) fn within(self, name: &str, is_optional: bool) -> Option<Self> {
        Some(match name {
            "fonttbl" => Self::Fonts,
            "stylesheet" => Self::Styles,
            "info" => Self::Info,
            "title" if self == Self::Info => Self::Title,
            "author" if self == Self::Info => Self::Author,
            "creatim" if self == Self::Info => Self::Date(When::Made),
            "revtim" if self == Self::Info => Self::Date(When::Changed),
            "listtext" | "pntext" => Self::Mark,
            "footnote" => Self::Aside,
            "shpinst" | "do" => Self::Drawing,
            "shptxt" | "dptxbxtext" if self == Self::Drawing => Self::Aside,
            "moMath" | "moMathPara" => return None,
            _ if is_optional || is_skipped(name) => Self::Nowhere,
            _ => return None,
        })
    }
}

/// Whether the groups that begin with this word hold nothing of the text.
fn is_skipped(name: &str) -> bool {
    let of_pages = [
        "header", "headerl", "headerr", "headerf", "footer", "footerl", "footerr", "footerf",
    ];
    let of_info = [
        "subject",
        "operator",
        "keywords",
        "doccomm",
        "manager",
        "company",
        "category",
        "hlinkbase",
        "printim",
        "buptim",
        "comment",
    ];
    let others = [
        "colortbl",
        "fldinst",
        "falt",
        "mmathPict",
        "mmathPr",
        "nonesttables",
        "panose",
        "pict",
        "shprslt",
        "tc",
        "upr",
        "xe",
    ];
    of_pages.contains(&name) || of_info.contains(&name) || others.contains(&name)
}
