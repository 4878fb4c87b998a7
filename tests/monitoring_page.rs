//! The page of the monitoring view: it stands by itself, and shows what it is asked for.

use ragkit::report::files;

use crate::monitoring::{monitor, worked};

/// Whatever runs, slices, stages and errors are called, the page stays one document without anything from outside.
#[test]
fn the_page_stands_by_itself() {
    let hostile = "</style><script src=\"https://example.org/x.js\">'&amp;\"";
    let mut crafted = worked();
    crafted.identity.name = hostile.to_owned();
    crafted.identity.variants = vec![format!("a{hostile}"), format!("b{hostile}")];
    crafted.identity.metrics[0].name = format!("m{hostile}");
    for example in &mut crafted.examples {
        example.slices = vec![format!("kind={hostile}")];
        for output in &mut example.outputs {
            for stage in &mut output.stages {
                stage.name = format!("{}{hostile}", stage.name);
                stage.degraded = Some(hostile.to_owned());
            }
            output.error = Some(hostile.to_owned());
        }
    }
    let folder = tempfile::tempdir().unwrap();
    monitor(&crafted, folder.path());
    let page = std::fs::read_to_string(folder.path().join(files::MONITORING_PAGE)).unwrap();
    let options = roxmltree::ParsingOptions {
        allow_dtd: true,
        ..roxmltree::ParsingOptions::default()
    };
    let document = roxmltree::Document::parse_with_options(&page, options).unwrap();
    let allowed = [
        "html", "head", "meta", "title", "style", "body", "main", "header", "nav", "a", "section",
        "footer", "details", "summary", "h1", "h2", "h3", "p", "ul", "li", "div", "span", "i", "b",
        "em", "small", "code", "table", "thead", "tbody", "tr", "th", "td", "svg", "rect", "line",
        "circle",
    ];
    let mut titles = 0;
    for node in document.descendants().filter(roxmltree::Node::is_element) {
        let name = node.tag_name().name();
        assert!(allowed.contains(&name), "<{name}>");
        for attribute in node.attributes() {
            let (name, value) = (attribute.name(), attribute.value());
            assert!(!name.starts_with("on") && name != "src", "{name}");
            assert!(name != "href" || value.starts_with('#'), "{value}");
        }
        titles += usize::from(name == "h1" && node.text() == Some(hostile));
    }
    assert_eq!(titles, 1, "the name is shown as it is");
    let style = document
        .descendants()
        .find(|node| node.has_tag_name("style"))
        .unwrap();
    let style = style.text().unwrap();
    assert!(!style.contains("url(") && !style.contains("@import") && !style.contains("http"));
    assert!(page.contains("default-src 'none'"));
}

#[test]
fn a_page_shows_figures_and_reasons() {
    let folder = tempfile::tempdir().unwrap();
    monitor(&worked(), folder.path());
    let page = std::fs::read_to_string(folder.path().join(files::MONITORING_PAGE)).unwrap();
    for shown in [
        "P50 112 ms, P95 217 ms, P99 227 ms",
        "<i class=\"dot c4\"></i>generate <b>79.6\u{202f}%</b> <small>150 ms mean</small>",
        "<td>$0.00100</td><td>$1.00</td>",
        "embed (up to 4)",
        "generate <em>2 of 3</em></span>",
        "<tr><th scope=\"row\">rerank</th><td>1</td><td class=\"why\">no reranker</td></tr>",
        "<tr><th scope=\"row\">error</th><td>1</td><td class=\"why\">no &lt;answer&gt;</td></tr>",
        "<td class=\"bad\">25.0\u{202f}%</td>",
    ] {
        assert!(page.contains(shown), "{shown}\n{page}");
    }
}
