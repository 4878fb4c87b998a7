//! `monitoring.html`: one page without anything from outside.

use std::collections::HashMap;
use std::fmt::{Result, Write};

use super::TOTAL;
use super::draw::{Scale, axis, latency_bar};
use super::figures::{Figures, What};
use super::format::{NONE, dollars, escaped, milliseconds, or_none, per_query, percent, quality};
use crate::metrics::MetricFacts;
use crate::report::{ALL, Identity, SummaryRow};

const STYLE: &str = include_str!("page.css");

/// Metrics in the table at the top, the first of the config's.
const HEADLINES: usize = 2;

/// What the page shows.
pub(super) struct Page<'a> {
    pub(super) identity: &'a Identity,
    pub(super) metrics: &'a [MetricFacts],
    pub(super) summary: &'a [SummaryRow],
    pub(super) figures: &'a Figures,
}

/// Rows of the summary by variant, metric and slice.
pub(super) type Means<'a> = HashMap<(&'a str, &'a str, &'a str), &'a SummaryRow>;

impl<'a> Page<'a> {
    /// The page.
    pub(super) fn html(&self) -> std::result::Result<String, std::fmt::Error> {
        let mut page = String::new();
        let key = |row: &'a SummaryRow| {
            let (variant, metric) = (row.variant.as_str(), row.metric.as_str());
            ((variant, metric, row.slice.as_str()), row)
        };
        let means: Means<'a> = self.summary.iter().map(key).collect();
        self.head(&mut page)?;
        self.glance(&mut page, &means)?;
        for (place, served) in self.figures.served.iter().enumerate() {
            self.variant(&mut page, place, served, &means)?;
        }
        self.notes(&mut page)?;
        page.write_str("</main></body></html>\n")?;
        Ok(page)
    }

    /// The value of a row of the figures.
    pub(super) fn value(
        &self,
        variant: &str,
        slice: &str,
        component: &str,
        what: What,
    ) -> Option<f64> {
        let row = self.figures.row(variant, slice, component, what);
        row.map(|row| row.value)
    }

    /// P50, P95 and P99 of a component over all examples.
    pub(super) fn quantiles(&self, variant: &str, component: &str) -> Option<[f64; 3]> {
        let of = |what| self.value(variant, ALL, component, what);
        Some([
            of(What::LatencyP50)?,
            of(What::LatencyP95)?,
            of(What::LatencyP99)?,
        ])
    }

    fn head(&self, page: &mut String) -> Result {
        let identity = self.identity;
        let name = escaped(&identity.name);
        // The policy holds even where a text would become markup: nothing is loaded, nothing runs.
        write!(
            page,
            "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"/>\
             <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\"/>\
             <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>\
             <meta name=\"color-scheme\" content=\"light dark\"/>\
             <title>{name}: monitoring</title><style>{STYLE}</style></head>\n<body><main><header><h1>{name}</h1>"
        )?;
        write!(
            page,
            "<p>Monitoring view of {} examples under {} variant{}, by ragkit {}.</p>",
            identity.examples,
            identity.variants.len(),
            if identity.variants.len() == 1 {
                ""
            } else {
                "s"
            },
            escaped(&identity.ragkit)
        )?;
        if identity.variants.len() > 1 {
            page.write_str("<nav aria-label=\"variants\">")?;
            for (place, variant) in identity.variants.iter().enumerate() {
                write!(page, "<a href=\"#v{place}\">{}</a>", escaped(variant))?;
            }
            page.write_str("</nav>")?;
        }
        page.write_str("</header>\n")
    }

    /// Every variant in one line, and its whole latency as a bar.
    fn glance(&self, page: &mut String, means: &Means<'_>) -> Result {
        let variants = &self.identity.variants;
        let headlines = &self.metrics[..self.metrics.len().min(HEADLINES)];
        page.write_str("<section><h2>At a glance</h2>")?;
        let mut header = vec!["variant"];
        header.extend(headlines.iter().map(|facts| facts.name.as_str()));
        header.extend(["P50 ms", "P95 ms", "P99 ms"]);
        let mut columns = self.service_columns(variants);
        columns.retain(|(_, what, ..)| *what != What::ConfidenceMean);
        header.extend(columns.iter().map(|(title, ..)| *title));
        table_head(page, &header)?;
        for variant in variants {
            write!(page, "<tr><th scope=\"row\">{}</th>", escaped(variant))?;
            for facts in headlines {
                let found = means.get(&(variant.as_str(), facts.name.as_str(), ALL));
                match found {
                    Some(row) => write!(page, "<td>{}{}</td>", quality(row.mean), ends(row))?,
                    None => write!(page, "<td>{NONE}</td>")?,
                }
            }
            for what in [What::LatencyP50, What::LatencyP95, What::LatencyP99] {
                let value = self.value(variant, ALL, TOTAL, what);
                write!(page, "<td>{}</td>", or_none(value, milliseconds))?;
            }
            self.service_cells(page, &columns, variant, ALL)?;
            page.write_str("</tr>")?;
        }
        page.write_str("</tbody></table></div>")?;
        let quantiles = |variant: &String| {
            let quantiles = self.quantiles(variant, TOTAL)?;
            Some((escaped(variant).into_owned(), quantiles))
        };
        let bars: Vec<(String, [f64; 3])> = variants.iter().filter_map(quantiles).collect();
        if variants.len() > 1 && !bars.is_empty() {
            page.write_str("<h3>Latency of a whole answer</h3>")?;
            let scale = Scale::from_zero(bars.iter().map(|(_, quantiles)| quantiles[2]));
            bar_rows(page, scale, bars.into_iter())?;
        }
        page.write_str("</section>\n")
    }

    /// The columns on tokens, cost and failures that any of these variants has anything to say in.
    pub(super) fn service_columns(&self, variants: &[String]) -> Vec<ServiceColumn> {
        let has = |&(_, what, _, needs_more): &ServiceColumn| {
            let mut rows = self.figures.rows.iter();
            rows.any(|row| {
                let meant = row.component == TOTAL && row.what == what;
                meant && variants.contains(&row.variant) && (!needs_more || row.value > 0.0)
            })
        };
        SERVICE.iter().copied().filter(has).collect()
    }

    /// The cells of these columns in a row.
    pub(super) fn service_cells(
        &self,
        page: &mut String,
        columns: &[ServiceColumn],
        variant: &str,
        slice: &str,
    ) -> Result {
        for &(_, what, show, _) in columns {
            let value = self.value(variant, slice, TOTAL, what);
            let bad = what == What::ErrorRate || what == What::DegradedRate;
            let class = if bad && value.is_some_and(|rate| rate > 0.0) {
                " class=\"bad\""
            } else {
                ""
            };
            write!(page, "<td{class}>{}</td>", or_none(value, show))?;
        }
        Ok(())
    }

    fn notes(&self, page: &mut String) -> Result {
        page.write_str("<footer><h2>How to read this</h2><ul>")?;
        for note in NOTES {
            write!(page, "<li>{note}</li>")?;
        }
        let convention = self.summary.iter().find(|row| row.ci_low.is_some());
        if let Some(row) = convention.and_then(|row| row.convention.rsplit("; ").next()) {
            write!(page, "<li>Intervals of quality: {}.</li>", escaped(row))?;
        }
        page.write_str("</ul></footer>\n")
    }
}

const NOTES: [&str; 6] = [
    "P50, P95 and P99 are quantiles by linear interpolation over the answers that a component had a part in (over every call, where the run alternated its variants). Quantiles of components do not add up to those of the total; mean times do.",
    "The total is the sum of all stages of an answer. Stages marked <em>aside</em> are measurements beside the pipeline: no caller waits for them.",
    "Where one call served several queries, a latency is the call's time divided by their number. It says what a query costs, not how long its caller waits.",
    "Tokens, calls and costs are means over all examples of the slice. A cost is what the work costs by the config's prices, also where ragkit's own cache answered and nothing was paid.",
    "Refusals, reviews and confidence are shares and means of the answers in words; degraded and errors are shares of all examples.",
    "The same figures stand in <code>monitoring.parquet</code>, the quality in <code>summary.parquet</code>, every single clock in <code>timings.parquet</code>.",
];

/// Title, what it shows, how, and whether it is left out where it is 0 everywhere.
pub(super) type ServiceColumn = (&'static str, What, fn(f64) -> String, bool);

const SERVICE: [ServiceColumn; 8] = [
    ("errors", What::ErrorRate, percent, false),
    ("degraded", What::DegradedRate, percent, true),
    ("refused", What::RefusalRate, percent, false),
    ("review", What::ReviewRate, percent, false),
    ("confidence", What::ConfidenceMean, quality, false),
    ("tokens in", What::TokensIn, per_query, false),
    ("tokens out", What::TokensOut, per_query, false),
    ("cost", What::Cost, dollars, false),
];

/// Opens a table that scrolls by itself where it is wider than the screen.
pub(super) fn table_head(page: &mut String, header: &[&str]) -> Result {
    page.write_str("<div class=\"scroll\" tabindex=\"0\"><table><thead><tr>")?;
    for name in header {
        write!(page, "<th scope=\"col\">{}</th>", escaped(name))?;
    }
    page.write_str("</tr></thead><tbody>")
}

/// The interval of a mean, in small print.
pub(super) fn ends(row: &SummaryRow) -> String {
    let ends = match (row.ci_low, row.ci_high) {
        (Some(low), Some(high)) => format!("[{}, {}]", quality(low), quality(high)),
        _ => "no interval".to_owned(),
    };
    format!("<small>{ends}</small>")
}

/// A bar and its three numbers in each row, and the scale below. Names are HTML.
pub(super) fn bar_rows(
    page: &mut String,
    scale: Scale,
    rows: impl Iterator<Item = (String, [f64; 3])>,
) -> Result {
    page.write_str(
        "<div class=\"bars\"><div class=\"row head\"><span></span><span></span><span><i class=\"tone p50\"></i>P50</span><span><i class=\"tone p95\"></i>P95</span><span><i class=\"tone p99\"></i>P99 ms</span></div>",
    )?;
    for (name, quantiles) in rows {
        write!(
            page,
            "<div class=\"row\"><span class=\"name\">{name}</span>"
        )?;
        latency_bar(page, scale, quantiles)?;
        for value in quantiles {
            write!(page, "<span>{}</span>", milliseconds(value))?;
        }
        page.write_str("</div>")?;
    }
    page.write_str("<div class=\"row\"><span></span>")?;
    axis(page, scale)?;
    page.write_str("</div></div>")
}
