//! What a system produced, read back row by row: `results.parquet` may be far larger than memory.

use std::collections::{BTreeMap, HashMap};
use std::fs::File;

use anyhow::Context;
use arrow::array::{Array, ArrayRef, AsArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Float64Type, Int32Type, UInt32Type};
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use serde::Serialize;

use super::{Run, files};

/// One item of one stage's list.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Ranked {
    /// From 1, best first.
    pub rank: u32,
    /// What was chosen.
    pub item: String,
    /// Its grade, where it was judged.
    pub grade: Option<i32>,
}

/// The list of one stage for one example.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct StageList {
    /// The stage.
    pub stage: String,
    /// Its items, best first.
    pub items: Vec<Ranked>,
}

impl Run {
    /// Whether it has what its systems produced; a baseline that was promoted has not.
    pub fn has_results(&self) -> bool {
        self.path.file(files::RESULTS).exists()
    }

    /// The lists of `variant` for the examples that are `wanted`, stage by stage in the order in which they ran; measurements
    /// beside the pipeline are left out.
    pub fn lists(
        &self,
        variant: &str,
        wanted: &dyn Fn(&str) -> bool,
    ) -> anyhow::Result<HashMap<String, Vec<StageList>>> {
        let mut found: HashMap<String, Vec<StageList>> = HashMap::new();
        self.each_result(variant, &mut |row| {
            if !wanted(row.example) {
                return;
            }
            let stages = found.entry(row.example.to_owned()).or_default();
            if stages.last().is_none_or(|last| last.stage != row.stage) {
                stages.push(StageList {
                    stage: row.stage.to_owned(),
                    items: Vec::new(),
                });
            }
            if let Some(last) = stages.last_mut() {
                last.items.push(Ranked {
                    rank: row.rank,
                    item: row.item.to_owned(),
                    grade: row.grade,
                });
            }
        })?;
        Ok(found)
    }

    /// For every example of `variant` and each of its stages, the stage's name and a digest of its list: equal lists, equal digests.
    pub fn list_digests(
        &self,
        variant: &str,
    ) -> anyhow::Result<HashMap<String, Vec<(String, u64)>>> {
        use std::hash::{BuildHasher, Hash, Hasher};
        let state = foldhash::fast::FixedState::default();
        let mut found: HashMap<String, Vec<(String, u64)>> = HashMap::new();
        self.each_result(variant, &mut |row| {
            let mut hasher = state.build_hasher();
            row.item.hash(&mut hasher);
            let stages = match found.get_mut(row.example) {
                Some(stages) => stages,
                None => found.entry(row.example.to_owned()).or_default(),
            };
            if stages.last().is_none_or(|(stage, _)| stage != row.stage) {
                stages.push((row.stage.to_owned(), 0));
            }
            if let Some((_, digest)) = stages.last_mut() {
                digest.hash(&mut hasher);
                *digest = hasher.finish();
            }
        })?;
        Ok(found)
    }

    fn each_result(&self, variant: &str, see: &mut dyn FnMut(Row<'_>)) -> anyhow::Result<()> {
        const COLUMNS: [(&str, DataType); 7] = [
            ("variant", DataType::Utf8),
            ("example_id", DataType::Utf8),
            ("stage", DataType::Utf8),
            ("rank", DataType::UInt32),
            ("item", DataType::Utf8),
            ("grade", DataType::Int32),
            ("aside", DataType::Boolean),
        ];
        self.each_batch(files::RESULTS, &COLUMNS, &mut |batch| {
            let text = |place: usize| batch[place].as_string_opt::<i32>();
            let (variants, examples, stages, items) = (text(0)?, text(1)?, text(2)?, text(4)?);
            let ranks = batch[3].as_primitive_opt::<UInt32Type>()?;
            let grades = batch[5].as_primitive_opt::<Int32Type>()?;
            let asides = batch[6].as_boolean_opt()?;
            for row in 0..variants.len() {
                if variants.value(row) == variant && !asides.value(row) {
                    see(Row {
                        example: examples.value(row),
                        stage: stages.value(row),
                        rank: ranks.value(row),
                        item: items.value(row),
                        grade: grades.is_valid(row).then(|| grades.value(row)),
                    });
                }
            }
            Some(())
        })
    }

    /// The judgements of `variant` by `metric` that were repeated, by example: those of `judgements.parquet`, where a run has it.
    pub fn judgements(
        &self,
        variant: &str,
        metric: &str,
    ) -> anyhow::Result<BTreeMap<String, Vec<f64>>> {
        const COLUMNS: [(&str, DataType); 4] = [
            ("variant", DataType::Utf8),
            ("example_id", DataType::Utf8),
            ("metric", DataType::Utf8),
            ("value", DataType::Float64),
        ];
        let mut found: BTreeMap<String, Vec<f64>> = BTreeMap::new();
        if !self.path.file(files::JUDGEMENTS).exists() {
            return Ok(found);
        }
        self.each_batch(files::JUDGEMENTS, &COLUMNS, &mut |batch| {
            let text = |place: usize| batch[place].as_string_opt::<i32>();
            let (variants, examples, metrics) = (text(0)?, text(1)?, text(2)?);
            let values = batch[3].as_primitive_opt::<Float64Type>()?;
            for row in 0..variants.len() {
                if variants.value(row) == variant && metrics.value(row) == metric {
                    let of_example = found.entry(examples.value(row).to_owned()).or_default();
                    of_example.push(values.value(row));
                }
            }
            Some(())
        })?;
        Ok(found)
    }

    /// Shows every batch of a file, with these columns in this order and of these types.
    fn each_batch(
        &self,
        file: &str,
        columns: &[(&str, DataType)],
        see: &mut dyn FnMut(&[ArrayRef]) -> Option<()>,
    ) -> anyhow::Result<()> {
        let path = self.path.file(file);
        let unreadable = || format!("`{}` is not readable as Parquet", path.display());
        let opened: File = fs_err::File::open(&path)?.into_file();
        let builder = ParquetRecordBatchReaderBuilder::try_new(opened).with_context(unreadable)?;
        let names = columns.iter().map(|(name, _)| *name);
        let mask = ProjectionMask::columns(builder.parquet_schema(), names);
        let batches = builder.with_projection(mask).build();
        for batch in batches.with_context(unreadable)? {
            let batch = batch.with_context(unreadable)?;
            // Other writers have other kinds of text.
            let column =
                |(name, kind): &(&str, DataType)| cast(batch.column_by_name(name)?, kind).ok();
            let arrays: Option<Vec<ArrayRef>> = columns.iter().map(column).collect();
            arrays.and_then(|arrays| see(&arrays)).with_context(|| {
                let names: Vec<&str> = columns.iter().map(|(name, _)| *name).collect();
                format!(
                    "`{}` does not have the columns {} as `reports/README.md` describes them",
                    path.display(),
                    names.join(", ")
                )
            })?;
        }
        Ok(())
    }
}

/// One row of `results.parquet`.
struct Row<'a> {
    example: &'a str,
    stage: &'a str,
    rank: u32,
    item: &'a str,
    grade: Option<i32>,
}
