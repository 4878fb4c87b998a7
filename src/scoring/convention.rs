//! What definitions leave open, and how the tools of the field close it.

use std::fmt;

use crate::metrics::{Gain, Measure, Metric, RbpGain, RecallPoint, Rules};

/// A tool whose numbers are to be reproduced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tool {
    /// trec_eval 9.0.8 and pytrec_eval.
    TrecEval9,
    /// trec_eval 10.0.
    TrecEval10,
    /// ir-measures 0.4.3 with its default providers.
    IrMeasures,
    /// ranx 0.3.21, reading the file with `Run.from_file`.
    Ranx,
    /// MS MARCO's evaluation script.
    MsMarco,
}

/// In which order documents with equal scores stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ties {
    /// By id, the highest byte first: trec_eval.
    IdDescending,
    /// By id, the lowest byte first.
    IdAscending,
    /// In the order of the file.
    FileOrder,
    /// As NumPy's sort under Numba leaves them, which is not stable: ranx. Sorted a second time where the run and the
    /// judgements have different queries, as `make_comparable=True` does.
    Numba,
    /// By the rank column, whatever the score: MS MARCO.
    RankColumn,
}

/// What a query counts that is judged and not in the run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Missing {
    /// 0, as one for which nothing was found.
    Zero,
    /// 0 in every mean, and in nothing else: trec_eval 9 with `-c`, ir-measures.
    ZeroInMeans,
    /// Nothing: means are over the queries of the run.
    Skip,
}

/// How a ranking is made of scores.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Order {
    /// Between equal scores.
    pub ties: Ties,
    /// Scores are rounded to f32 first.
    pub single_precision: bool,
}

/// All conventions of a scoring.
#[derive(Debug, Clone, PartialEq)]
pub struct Convention {
    /// The tool that is reproduced, if any.
    pub tool: Option<Tool>,
    /// How rankings are made; a tool may have another order for some metrics.
    pub order: Order,
    /// The order is the user's and holds for every metric, whatever the tool does.
    pub own_order: bool,
    /// Queries that the run lacks.
    pub missing: Missing,
    /// What the metrics leave open.
    pub rules: Rules,
    /// Documents of each ranking that count at all.
    pub depth: usize,
    /// Documents that nobody judged are taken out of every ranking.
    pub judged_only: bool,
    /// A document whose id is that of the query is taken out of its ranking.
    pub without_self: bool,
}

impl Convention {
    /// The conventions of `tool`, or ragkit's own: trec_eval 10's, every judged query counting.
    pub fn of(tool: Option<Tool>, highest_grade: Option<i32>) -> Self {
        let (ties, single_precision) = match tool {
            None | Some(Tool::TrecEval10) => (Ties::IdDescending, false),
            Some(Tool::TrecEval9 | Tool::IrMeasures) => (Ties::IdDescending, true),
            Some(Tool::Ranx) => (Ties::Numba, false),
            Some(Tool::MsMarco) => (Ties::RankColumn, false),
        };
        let mut rules = Rules::with_highest_grade(highest_grade);
        if tool == Some(Tool::IrMeasures) {
            // Fixed in gdeval.pl.
            rules.highest_grade = Some(4);
        }
        if matches!(tool, Some(Tool::TrecEval9 | Tool::IrMeasures | Tool::Ranx)) {
            rules.recall_point = RecallPoint::PlusNineTenths;
        }
        Self {
            tool,
            order: Order {
                ties,
                single_precision,
            },
            own_order: false,
            missing: match tool {
                Some(Tool::TrecEval9 | Tool::TrecEval10) => Missing::Skip,
                Some(Tool::IrMeasures) => Missing::ZeroInMeans,
                _ => Missing::Zero,
            },
            rules,
            depth: usize::MAX,
            judged_only: false,
            without_self: false,
        }
    }

    /// The order in which the tool ranks for this metric.
    pub fn order_for(&self, metric: &Metric) -> Order {
        if self.tool != Some(Tool::IrMeasures) || self.own_order {
            return self.order;
        }
        // ir-measures hands these to providers with rules of their own: msmarco and judged; gdeval.
        let ties = match &metric.measure {
            Measure::ReciprocalRank if metric.cutoff.is_some() => Ties::IdAscending,
            Measure::Judged => Ties::IdAscending,
            Measure::Ndcg(Gain::Exponential) | Measure::ExpectedReciprocalRank => {
                Ties::IdDescending
            }
            _ => return self.order,
        };
        Order {
            ties,
            single_precision: false,
        }
    }

    /// The metric as the tool reads its name.
    #[must_use]
    pub fn reading(&self, metric: &Metric) -> Metric {
        let mut metric = metric.clone();
        if self.tool == Some(Tool::Ranx)
            && let Measure::RankBiasedPrecision { gain, .. } = &mut metric.measure
        {
            *gain = RbpGain::Grade;
        }
        metric
    }

    /// Whether a query without a relevant document counts.
    pub fn counts_without_relevant(&self) -> bool {
        // MS MARCO's judgements list the relevant passages only.
        self.tool != Some(Tool::MsMarco)
    }

    /// All of it that bears on the number of this metric, in words.
    pub fn describe(&self, metric: &Metric) -> String {
        let order = self.order_for(metric);
        let mut parts = Vec::new();
        if let Some(tool) = self.tool {
            parts.push(format!("as {tool}"));
        }
        let of_metric = self.reading(metric).convention(&self.rules);
        if !of_metric.is_empty() {
            parts.push(of_metric);
        }
        parts.push(order.to_string());
        parts.push(self.missing.to_string());
        if !self.counts_without_relevant() {
            parts.push("queries without a relevant document are left out".into());
        }
        if self.depth < usize::MAX {
            parts.push(format!("the first {} documents only", self.depth));
        }
        if self.judged_only {
            parts.push("unjudged documents taken out".into());
        }
        if self.without_self {
            parts.push("documents with the query's id taken out".into());
        }
        parts.join("; ")
    }
}

impl fmt::Display for Tool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::TrecEval9 => "trec_eval 9.0.8",
            Self::TrecEval10 => "trec_eval 10.0",
            Self::IrMeasures => "ir-measures 0.4.3",
            Self::Ranx => "ranx 0.3.21",
            Self::MsMarco => "MS MARCO's script",
        })
    }
}

impl fmt::Display for Order {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.ties {
            Ties::IdDescending => "ties by descending id",
            Ties::IdAscending => "ties by ascending id",
            Ties::FileOrder => "ties in the order of the file",
            Ties::Numba => "ties as Numba's sort leaves them, sorted again (make_comparable) where the queries differ",
            Ties::RankColumn => return f.write_str("ranked by the rank column"),
        })?;
        f.write_str(if self.single_precision {
            ", f32 scores"
        } else {
            ", f64 scores"
        })
    }
}

impl fmt::Display for Missing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Zero => "a judged query that is not in the run counts 0",
            Self::ZeroInMeans => {
                "a judged query that is not in the run counts 0 in means and is not counted"
            }
            Self::Skip => "a judged query that is not in the run is left out",
        })
    }
}
