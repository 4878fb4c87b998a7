//! The section of one variant.

use std::fmt::{Result, Write};

use super::TOTAL;
use super::draw::{COLOURS, Scale, interval, shares};
use super::figures::{Component, Reason, Served, What};
use super::format::{NONE, dollars, escaped, milliseconds, or_none, per_query, percent, quality};
use super::page::{Means, Page, bar_rows, ends, table_head};
use crate::metrics::MetricFacts;
use crate::report::{ALL, SummaryRow};

/// Slices of fewer examples are shown faintly: their means say little.
const FEW: usize = 20;

/// Tables of more slices are closed until they are asked for.
const OPEN_UP_TO: usize = 24;

/// Reasons that are shown of many.
const REASONS: usize = 8;

/// Characters of a reason that are shown.
const REASON_LENGTH: usize = 300;

impl Page<'_> {
    pub(super) fn variant(
        &self,
        page: &mut String,
        place: usize,
        served: &Served,
        means: &Means<'_>,
    ) -> Result {
        let variant = &self.identity.variants[place];
        write!(
            page,
            "<section id=\"v{place}\"><h2>{}</h2>",
            escaped(variant)
        )?;
        if !self.metrics.is_empty() {
            self.quality(page, variant, means)?;
        }
        self.latency(page, variant, served)?;
        self.spending(page, variant, served)?;
        self.service(page, variant)?;
        reasons(page, &served.reasons)?;
        page.write_str("</section>\n")
    }

    /// Metrics by slice.
    fn quality(&self, page: &mut String, variant: &str, means: &Means<'_>) -> Result {
        self.open(page, "Quality by slice")?;
        let scales: Vec<Scale> = self.metrics.iter().map(|facts| self.scale(facts)).collect();
        let mut header = vec!["slice", "n"];
        header.extend(self.metrics.iter().map(|facts| facts.name.as_str()));
        table_head(page, &header)?;
        let mut flagged = false;
        for (slice, n) in &self.figures.slices {
            row_head(page, slice, *n)?;
            for (facts, scale) in self.metrics.iter().zip(&scales) {
                let of = |slice| means.get(&(variant, facts.name.as_str(), slice)).copied();
                let Some(row) = of(slice.as_str()) else {
                    write!(page, "<td>{NONE}</td>")?;
                    continue;
                };
                let all = of(ALL).filter(|_| slice != ALL).map(|row| row.mean);
                let worse = all.is_some_and(|all| is_worse(facts, row, all));
                flagged |= worse;
                let mark = if worse {
                    "<b class=\"bad\" title=\"its whole interval is worse than the mean of all\">▼</b>"
                } else {
                    ""
                };
                page.write_str("<td><span class=\"cell\">")?;
                interval(page, *scale, row.mean, row.ci_low.zip(row.ci_high), all)?;
                write!(
                    page,
                    "{mark}<span>{}</span></span>{}</td>",
                    quality(row.mean),
                    ends(row)
                )?;
            }
            page.write_str("</tr>")?;
        }
        page.write_str("</tbody></table></div>")?;
        if self.figures.slices.len() > 1 {
            page.write_str("<p class=\"note\">Beside each number: the mean with its 95 % interval, on one scale for the metric from the lowest to the highest end on this page; the upright line is the mean of all examples.")?;
            if flagged {
                page.write_str(
                    " <b class=\"bad\">▼</b> the whole interval is worse than that mean.",
                )?;
            }
            page.write_str("</p>")?;
        }
        page.write_str("</details>")
    }

    /// One scale for a metric under all variants and slices.
    fn scale(&self, facts: &MetricFacts) -> Scale {
        let rows = self.summary.iter().filter(|row| row.metric == facts.name);
        Scale::around(
            rows.flat_map(|row| [Some(row.mean), row.ci_low, row.ci_high])
                .flatten(),
        )
    }

    /// Opens a part that can be closed; closed where it is long.
    fn open(&self, page: &mut String, title: &str) -> Result {
        let open = if self.figures.slices.len() > OPEN_UP_TO {
            ""
        } else {
            " open=\"open\""
        };
        write!(page, "<details{open}><summary><h3>{title}</h3></summary>")
    }

    /// P50, P95 and P99 of every component, and which of them takes the time.
    fn latency(&self, page: &mut String, variant: &str, served: &Served) -> Result {
        let components = served.components.iter();
        let found: Vec<(&Component, [f64; 3])> = components
            .filter_map(|component| Some((component, self.quantiles(variant, &component.name)?)))
            .collect();
        page.write_str("<h3>Latency by component</h3>")?;
        if found.is_empty() {
            return page.write_str("<p class=\"note\">Nothing was timed.</p>");
        }
        let scale = Scale::from_zero(found.iter().map(|(_, quantiles)| quantiles[2]));
        let rows = found.iter().map(|(component, quantiles)| {
            let part = self.part(variant, component).unwrap_or_default();
            (label(component) + &part, *quantiles)
        });
        bar_rows(page, scale, rows)?;
        let batches: Vec<String> = found
            .iter()
            .filter_map(|(component, _)| {
                let size = self.value(variant, ALL, &component.name, What::BatchSizeMax)?;
                let batched = size > 1.0 && component.name != TOTAL;
                batched.then(|| format!("{} (up to {size:.0})", escaped(&component.name)))
            })
            .collect();
        if !batches.is_empty() {
            write!(
                page,
                "<p class=\"note\">Served several queries a call, so that a latency is the call's time divided by their number: {}.</p>",
                batches.join(", ")
            )?;
        }
        if served.calls_per_example > 1 {
            write!(
                page,
                "<p class=\"note\">Variants took turns: {} clocks an example.</p>",
                served.calls_per_example
            )?;
        }
        let parts: Vec<(&Component, f64)> = found
            .iter()
            .filter(|(component, _)| component.name != TOTAL)
            .filter_map(|(component, _)| {
                let share = self.value(variant, ALL, &component.name, What::LatencyShare)?;
                Some((*component, share))
            })
            .collect();
        if parts.len() > 1 {
            self.time(page, variant, &parts)?;
        }
        Ok(())
    }

    /// In how many of the timed answers a component has a part, where not in all.
    fn part(&self, variant: &str, component: &Component) -> Option<String> {
        let clocks = |name: &str| {
            let row = self.figures.row(variant, ALL, name, What::LatencyP50)?;
            Some(row.n)
        };
        let (some, all) = (clocks(&component.name)?, clocks(TOTAL)?);
        (some < all).then(|| format!(" <em>{some} of {all}</em>"))
    }

    /// Which component takes the time.
    fn time(&self, page: &mut String, variant: &str, parts: &[(&Component, f64)]) -> Result {
        page.write_str("<h3>Where the time goes</h3>")?;
        let drawn: Vec<(usize, &str, f64)> = parts
            .iter()
            .map(|(component, share)| (component.colour, component.name.as_str(), *share))
            .collect();
        shares(page, &drawn)?;
        page.write_str("<ul class=\"legend\">")?;
        for (component, share) in parts {
            let mean = self.value(variant, ALL, &component.name, What::LatencyMean);
            write!(
                page,
                "<li>{} <b>{}</b> <small>{} ms mean</small></li>",
                label(component),
                percent(*share),
                or_none(mean, milliseconds)
            )?;
        }
        page.write_str("</ul>")
    }

    /// What each component asks of a language model, per query.
    fn spending(&self, page: &mut String, variant: &str, served: &Served) -> Result {
        let components = served.components.iter();
        let asking: Vec<&Component> = components.filter(|component| component.asks).collect();
        if asking.is_empty() {
            return Ok(());
        }
        page.write_str("<h3>Tokens and cost per query</h3>")?;
        table_head(
            page,
            &[
                "component",
                "calls",
                "of them cached",
                "tokens in",
                "of them cached",
                "tokens out",
                "cost / query",
                "cost / 1000",
                "TTFT P50 ms",
                "TTFT P95 ms",
                "ms / token P50",
            ],
        )?;
        for component in asking {
            let of = |what| self.value(variant, ALL, &component.name, what);
            let part = |part: What, whole: What| match (of(part), of(whole)) {
                (Some(part), Some(whole)) if whole > 0.0 => percent(part / whole),
                _ => NONE.to_owned(),
            };
            write!(page, "<tr><th scope=\"row\">{}</th>", label(component))?;
            for cell in [
                or_none(of(What::Calls), per_query),
                part(What::CachedCalls, What::Calls),
                or_none(of(What::TokensIn), per_query),
                part(What::CachedTokensIn, What::TokensIn),
                or_none(of(What::TokensOut), per_query),
                or_none(of(What::Cost), dollars),
                or_none(of(What::Cost).map(|cost| 1000.0 * cost), dollars),
                or_none(of(What::TtftP50), milliseconds),
                or_none(of(What::TtftP95), milliseconds),
                or_none(of(What::InterTokenP50), milliseconds),
            ] {
                write!(page, "<td>{cell}</td>")?;
            }
            page.write_str("</tr>")?;
        }
        page.write_str("</tbody></table></div>")
    }

    /// Latency, tokens, cost and failures by slice.
    fn service(&self, page: &mut String, variant: &str) -> Result {
        self.open(page, "Service by slice")?;
        let columns = self.service_columns(&[variant.to_owned()]);
        let mut header = vec!["slice", "n", "P50 ms", "P95 ms", "P99 ms"];
        header.extend(columns.iter().map(|(title, ..)| *title));
        table_head(page, &header)?;
        for (slice, n) in &self.figures.slices {
            row_head(page, slice, *n)?;
            for what in [What::LatencyP50, What::LatencyP95, What::LatencyP99] {
                let value = self.value(variant, slice, TOTAL, what);
                write!(page, "<td>{}</td>", or_none(value, milliseconds))?;
            }
            self.service_cells(page, &columns, variant, slice)?;
            page.write_str("</tr>")?;
        }
        page.write_str("</tbody></table></div></details>")
    }
}

/// The first cells of the row of a slice.
fn row_head(page: &mut String, slice: &str, n: usize) -> Result {
    let class = if n < FEW { " class=\"few\"" } else { "" };
    write!(
        page,
        "<tr{class}><th scope=\"row\">{}</th><td>{n}</td>",
        escaped(slice)
    )
}

/// A component's name with its colour.
fn label(component: &Component) -> String {
    let name = escaped(&component.name);
    if component.name == TOTAL {
        return format!("<b>{name}</b>");
    }
    let aside = if component.aside {
        " <em>aside</em>"
    } else {
        ""
    };
    format!(
        "<i class=\"dot c{}\"></i>{name}{aside}",
        component.colour % COLOURS
    )
}

/// Whether the whole interval is worse than `all`.
fn is_worse(facts: &MetricFacts, row: &SummaryRow, all: f64) -> bool {
    let mut ends = [row.ci_low, row.ci_high].into_iter();
    ends.all(|end| end.is_some_and(|end| facts.better.gain(end - all) < 0.0))
}

/// Why stages were degraded and examples ended in an error.
fn reasons(page: &mut String, reasons: &[Reason]) -> Result {
    if reasons.is_empty() {
        return Ok(());
    }
    page.write_str("<h3>Degradations and errors</h3>")?;
    page.write_str("<div class=\"reasons\">")?;
    table_head(page, &["where", "examples", "why"])?;
    for reason in reasons.iter().take(REASONS) {
        let place = reason.component.as_deref().unwrap_or("error");
        let text: String = reason.text.chars().take(REASON_LENGTH).collect();
        let cut = if text.len() < reason.text.len() {
            "…"
        } else {
            ""
        };
        write!(
            page,
            "<tr><th scope=\"row\">{}</th><td>{}</td><td class=\"why\">{}{cut}</td></tr>",
            escaped(place),
            reason.examples,
            escaped(&text)
        )?;
    }
    page.write_str("</tbody></table></div></div>")?;
    if let Some(more) = reasons.len().checked_sub(REASONS).filter(|more| *more > 0) {
        write!(page, "<p class=\"note\">and {more} rarer reasons</p>")?;
    }
    Ok(())
}
