//! How a graph is built, in numbers that are in range by their type.

use serde::{Deserialize, Serialize};

/// How the graph is built.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct HnswConfig {
    /// Links that a node asks for on an upper layer, and half of those on the lowest; more find more and cost more
    /// memory.
    pub m: Connections,
    /// Candidates that are weighed for the links of a node; more build a better graph, more slowly.
    pub ef_construction: Breadth,
    /// Whether nodes are inserted one by one, so that equal vectors give equal bytes; on all threads otherwise.
    pub deterministic: bool,
}

impl Default for HnswConfig {
    fn default() -> Self {
        Self {
            m: Within(16),
            ef_construction: Within(200),
            deterministic: true,
        }
    }
}

/// The `m` of a graph: 2 to 256, as `hnsw_rs` ends the process beyond.
pub(super) type Connections = Within<2, 256>;
/// How many candidates a search keeps (`ef`): 1 to 65,536.
pub type Breadth = Within<1, 65_536>;

/// A whole number from `LOW` to `HIGH`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "i64", into = "i64")]
pub struct Within<const LOW: u32, const HIGH: u32>(u32);

/// A number that is out of its range.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{number}` is out of range; give a whole number from {low} to {high}")]
pub struct OutOfRange {
    number: i64,
    low: u32,
    high: u32,
}

impl<const LOW: u32, const HIGH: u32> Within<LOW, HIGH> {
    /// The number.
    pub fn get(self) -> usize {
        self.0 as usize
    }
}

impl Breadth {
    /// What a search keeps unless told: 99.8 % of the ten nearest among 32,000 vectors of text were found with it.
    pub fn default_ef() -> Self {
        Within(128)
    }

    /// As broad, and broad enough to find so many.
    #[must_use]
    pub fn at_least(self, count: usize) -> Self {
        Self::try_from(i64::try_from(count).unwrap_or(i64::MAX))
            .map_or(Within(65_536), |count| Within(self.0.max(count.0)))
    }
}

impl<const LOW: u32, const HIGH: u32> TryFrom<i64> for Within<LOW, HIGH> {
    type Error = OutOfRange;

    fn try_from(number: i64) -> Result<Self, OutOfRange> {
        match u32::try_from(number) {
            Ok(inside) if (LOW..=HIGH).contains(&inside) => Ok(Self(inside)),
            _ => Err(OutOfRange {
                number,
                low: LOW,
                high: HIGH,
            }),
        }
    }
}

impl<const LOW: u32, const HIGH: u32> From<Within<LOW, HIGH>> for i64 {
    fn from(number: Within<LOW, HIGH>) -> Self {
        number.0.into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_out_of_range_are_refused_where_they_stand() {
        for (number, message) in [
            (0, "`0` is out of range; give a whole number from 2 to 256"),
            (1, "`1` is out of range; give a whole number from 2 to 256"),
            (
                257,
                "`257` is out of range; give a whole number from 2 to 256",
            ),
            (
                -3,
                "`-3` is out of range; give a whole number from 2 to 256",
            ),
        ] {
            assert_eq!(
                Connections::try_from(number).unwrap_err().to_string(),
                message
            );
        }
        assert_eq!(Connections::try_from(256).unwrap().get(), 256);
        let wrong = toml::from_str::<HnswConfig>("deterministic = true\nm = 300\n").unwrap_err();
        assert_eq!(
            wrong.to_string(),
            "TOML parse error at line 2, column 5\n  |\n2 | m = 300\n  |     ^^^\n\
             `300` is out of range; give a whole number from 2 to 256\n"
        );
        assert!(toml::from_str::<HnswConfig>("ef = 3").is_err());
        assert_eq!(
            toml::from_str::<HnswConfig>("ef_construction = 40").unwrap(),
            HnswConfig {
                ef_construction: Breadth::try_from(40).unwrap(),
                ..HnswConfig::default()
            }
        );
    }
}
