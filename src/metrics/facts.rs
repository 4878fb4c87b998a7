//! What a report says about a metric, and what `--explain` tells.

use serde::{Deserialize, Serialize};

use super::{Aggregate, Measure, Metric, PooledFrom, RbpGain, RecallPoint, Rules};

/// What a report says about a metric.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MetricFacts {
    /// Its name, such as `nDCG@10`.
    pub name: String,
    /// The unit of its values; `1` where it has none.
    pub unit: String,
    /// Which values are good.
    pub better: Better,
    /// The convention that it follows.
    pub convention: String,
    /// Digest of the model and prompt that judge it; absent where it is computed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub judge: Option<String>,
    /// What it is computed from, where it is no mean over examples.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pooled: Option<PooledFrom>,
    /// Whether it is only kept because others are computed from it: then no summary tells it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub aside: bool,
    /// Whether it is a share of outcomes that are rare, so that its interval is exact.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub exact: bool,
}

/// Which values of a metric are good.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Better {
    /// Quality.
    Higher,
    /// Cost, latency, rates of harm.
    Lower,
}

impl Better {
    /// A difference as a gain: positive where it is for the better.
    pub fn gain(self, difference: f64) -> f64 {
        match self {
            Self::Higher => difference,
            Self::Lower => -difference,
        }
    }
}

/// What a metric is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Explanation {
    /// In one sentence.
    pub definition: &'static str,
    /// The values it can have.
    pub range: &'static str,
    /// Its value where nothing was retrieved or nothing is relevant.
    pub empty: &'static str,
    /// Where the definition stands.
    pub source: &'static str,
}

const SHARE: &str = "0 to 1";
const COUNT: &str = "whole numbers from 0";
const ANY: &str = "any number";
const NOTHING: &str = "0";
const COUNTED: &str = "counted all the same";
const NOTHING_RETRIEVED: &str = "0 where nothing was retrieved; relevance has no part in it";

impl Metric {
    /// What the metric is.
    #[expect(clippy::too_many_lines, reason = "a table")]
    pub fn explanation(&self) -> Explanation {
        let (definition, range, empty, source) = match &self.measure {
            Measure::Ndcg(_) => (
                "discounted cumulative gain, Σ gain / log2(rank + 1), divided by that of the best ranking of all judged documents",
                SHARE,
                NOTHING,
                "Järvelin and Kekäläinen 2002; trec_eval m_ndcg.c and m_ndcg_cut.c; exponential gain: Burges et al. 2005",
            ),
            Measure::Dcg(_) => (
                "discounted cumulative gain: Σ gain / log2(rank + 1)",
                "from 0",
                NOTHING,
                "Järvelin and Kekäläinen 2002; trec_eval 10 m_ndcg.c",
            ),
            Measure::IdealDcg(_) => (
                "discounted cumulative gain of the best ranking of all judged documents",
                "from 0",
                "0 where nothing is relevant",
                "Järvelin and Kekäläinen 2002; trec_eval 10 m_ndcg.c",
            ),
            Measure::NdcgAtRelevant(_) => (
                "nDCG averaged over the relevant documents: at the rank of each one retrieved, at the end for each one missed",
                SHARE,
                NOTHING,
                "trec_eval m_ndcg_rel.c (experimental)",
            ),
            Measure::NdcgAtLevels(_) => (
                "nDCG averaged over the ranks at which the gain of the best ranking changes",
                SHARE,
                NOTHING,
                "trec_eval m_Rndcg.c (experimental)",
            ),
            Measure::G(_) => (
                "Σ gain / log2(2 + what the best ranking is ahead in gain), divided by the sum of all gains",
                "about 0 to 1",
                NOTHING,
                "trec_eval m_G.c (experimental)",
            ),
            Measure::BinaryG => (
                "mean over the relevant documents of 1 / log2(2 + the not relevant documents above)",
                SHARE,
                NOTHING,
                "trec_eval m_binG.c (experimental)",
            ),
            Measure::ExpectedReciprocalRank => (
                "expected 1 / rank at which a reader stops who is satisfied by grade g with probability (2^g − 1) / 2^highest",
                "0 to below 1",
                NOTHING,
                "Chapelle et al. 2009; TREC's gdeval.pl, whose highest grade is always 4",
            ),
            Measure::RankBiasedPrecision { gain, .. } => (
                match gain {
                    RbpGain::Binary => {
                        "(1 − p) Σ p^(rank − 1) over the relevant documents; p is the probability of reading on"
                    }
                    RbpGain::Grade => {
                        "(1 − p) Σ grade · p^(rank − 1) over the relevant documents; p is the probability of reading on"
                    }
                    RbpGain::Scaled(_) => {
                        "(1 − p) Σ gain · p^(rank − 1), gains divided by the query's highest where that is above 1; p is the probability of reading on"
                    }
                },
                SHARE,
                NOTHING,
                "Moffat and Zobel 2008; trec_eval 10 m_rbp.c in closed form (that program reads a maximum it never set)",
            ),
            Measure::RbpResidual => (
                "what the documents that nobody judged could add to RBP at p = 0.9",
                SHARE,
                NOTHING_RETRIEVED,
                "Moffat and Zobel 2008; trec_eval 10 m_rbp_resid.c",
            ),
            Measure::AveragePrecision => (
                "precision at the rank of each relevant document, summed, divided by all relevant documents",
                SHARE,
                NOTHING,
                "Buckley and Voorhees 2000; trec_eval m_map.c and m_map_cut.c",
            ),
            Measure::GeometricAveragePrecision => (
                "average precision, averaged over the queries by the geometric mean; a query below 0.00001 counts as that",
                "0.00001 to 1",
                "0.00001",
                "Robertson 2006; trec_eval m_gm_map.c",
            ),
            Measure::Yaap => (
                "ln((1 + s) / (1 + R − s)), s being the sum of the precisions at the relevant documents and R their number",
                ANY,
                "ln(1 / (1 + R))",
                "Robertson 2012; trec_eval m_yaap.c",
            ),
            Measure::ReciprocalRank => (
                "1 / rank of the first relevant document",
                SHARE,
                NOTHING,
                "Voorhees 1999; trec_eval m_recip_rank.c",
            ),
            Measure::Precision => (
                "relevant documents among the first k, divided by k also where fewer were retrieved",
                SHARE,
                NOTHING,
                "trec_eval m_P.c",
            ),
            Measure::RelativePrecision => (
                "relevant documents among the first k, divided by min(k, relevant documents)",
                SHARE,
                NOTHING,
                "trec_eval m_rel_P.c",
            ),
            Measure::Recall => (
                "the share of all relevant documents that stand among the first k",
                SHARE,
                NOTHING,
                "trec_eval m_recall.c",
            ),
            Measure::Success => (
                "1 where a relevant document stands among the first k, otherwise 0",
                "0 or 1",
                NOTHING,
                "trec_eval m_success.c",
            ),
            Measure::RPrecision => (
                "precision at R, the number of relevant documents",
                SHARE,
                NOTHING,
                "trec_eval m_Rprec.c",
            ),
            Measure::PrecisionAtMultiple(_) => (
                "precision at a multiple of R, the number of relevant documents",
                SHARE,
                NOTHING,
                "trec_eval m_Rprec_mult.c",
            ),
            Measure::InterpolatedPrecision(_) => (
                "the highest precision at this or any higher recall",
                SHARE,
                NOTHING,
                "trec_eval m_iprec_at_recall.c",
            ),
            Measure::MeanInterpolatedPrecision(_) => (
                "the mean of the interpolated precision at points of recall, 0, 0.1, … 1 unless named",
                SHARE,
                NOTHING,
                "trec_eval m_11pt_avg.c",
            ),
            Measure::Bpref => (
                "over the judged relevant documents, the mean of 1 − (judged not relevant documents above, at most R) / min(R, N)",
                SHARE,
                NOTHING,
                "Buckley and Voorhees 2004; trec_eval m_bpref.c",
            ),
            Measure::GeometricBpref => (
                "Bpref, averaged over the queries by the geometric mean; a query below 0.00001 counts as that",
                "0.00001 to 1",
                "0.00001",
                "trec_eval m_gm_bpref.c",
            ),
            Measure::InferredAp => (
                "average precision where only a sample of the pool was judged; the rest of the pool has a negative grade",
                SHARE,
                NOTHING,
                "Yilmaz and Aslam 2006; trec_eval m_infap.c",
            ),
            Measure::Judged => (
                "the share of the first k documents that stand in the judgements, of all where fewer were retrieved",
                SHARE,
                NOTHING_RETRIEVED,
                "ir-measures Judged",
            ),
            Measure::Unjudged => (
                "documents among the first k that nobody judged, divided by k",
                SHARE,
                NOTHING_RETRIEVED,
                "trec_eval 10 m_unjudged.c",
            ),
            Measure::SetPrecision => (
                "the share of the retrieved documents that are relevant",
                SHARE,
                NOTHING,
                "trec_eval m_set_P.c",
            ),
            Measure::RelativeSetPrecision => (
                "relevant documents retrieved, divided by min(retrieved, relevant)",
                SHARE,
                NOTHING,
                "trec_eval m_set_rel_P.c",
            ),
            Measure::SetRecall => (
                "the share of the relevant documents that were retrieved",
                SHARE,
                NOTHING,
                "trec_eval m_set_recall.c",
            ),
            Measure::SetF(_) => (
                "(1 + β) P R / (β P + R) of set precision and set recall; β is not squared",
                SHARE,
                NOTHING,
                "van Rijsbergen 1979; trec_eval m_set_F.c",
            ),
            Measure::SetAveragePrecision => (
                "set precision times set recall",
                SHARE,
                NOTHING,
                "trec_eval m_set_map.c",
            ),
            Measure::Utility(_) => (
                "a weighted sum of relevant and not relevant documents, retrieved and missed",
                ANY,
                "the weights of what was missed",
                "trec_eval m_utility.c",
            ),
            Measure::Queries => (
                "the number of queries evaluated",
                COUNT,
                COUNTED,
                "trec_eval m_num_q.c",
            ),
            Measure::Retrieved => (
                "the number of documents retrieved",
                COUNT,
                COUNTED,
                "trec_eval m_num_ret.c",
            ),
            Measure::Relevant => (
                "the number of relevant documents",
                COUNT,
                COUNTED,
                "trec_eval m_num_rel.c",
            ),
            Measure::RelevantRetrieved => (
                "the number of relevant documents retrieved",
                COUNT,
                NOTHING,
                "trec_eval m_num_rel_ret.c",
            ),
            Measure::JudgedNotRelevantRetrieved => (
                "the number of documents retrieved that are judged and not relevant",
                COUNT,
                COUNTED,
                "trec_eval m_num_nonrel_judged_ret.c",
            ),
        };
        Explanation {
            definition,
            range,
            empty,
            source,
        }
    }

    /// The convention that the number follows, in words: all that a definition leaves open.
    pub fn convention(&self, rules: &Rules) -> String {
        let mut parts = Vec::new();
        let level = format!("relevant from grade {}", self.level.unwrap_or(rules.level));
        match &self.measure {
            Measure::Ndcg(gain) => {
                parts.push(format!("{gain}, ideal over all judged documents"));
            }
            Measure::Dcg(gain)
            | Measure::IdealDcg(gain)
            | Measure::NdcgAtRelevant(gain)
            | Measure::G(gain)
            | Measure::RankBiasedPrecision {
                gain: RbpGain::Scaled(gain),
                ..
            } => parts.push(gain.to_string()),
            Measure::NdcgAtLevels(gain) => parts.extend([gain.to_string(), level]),
            Measure::RankBiasedPrecision {
                gain: RbpGain::Grade,
                ..
            } => parts.extend(["the gain is the grade".to_owned(), level]),
            Measure::ExpectedReciprocalRank => {
                parts.push(rules.highest_grade.map_or_else(
                    || "highest grade that of the judgements".to_owned(),
                    |highest| format!("highest grade {highest}"),
                ));
            }
            Measure::InterpolatedPrecision(_) | Measure::MeanInterpolatedPrecision(_) => {
                let point = match rules.recall_point {
                    RecallPoint::Nearest => "a point of recall is the nearest number of documents",
                    RecallPoint::PlusNineTenths => {
                        "a point of recall is the whole part of recall · R + 0.9"
                    }
                };
                parts.extend([level, point.to_owned()]);
            }
            Measure::Utility(_) => parts.extend([
                level,
                format!("a collection of {} documents", rules.collection),
            ]),
            Measure::Judged
            | Measure::Unjudged
            | Measure::RbpResidual
            | Measure::Queries
            | Measure::Retrieved => {}
            _ => parts.push(level),
        }
        if self.judged_only {
            parts.push("unjudged documents taken out first".to_owned());
        }
        match self.aggregate() {
            Aggregate::Mean => {}
            Aggregate::GeometricMean => parts.push("geometric mean".to_owned()),
            Aggregate::Sum => parts.push("sum over the queries".to_owned()),
        }
        parts.join(", ")
    }
}
