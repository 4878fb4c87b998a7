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

/// What is known of each stage of one example, with its name, by its place in the pipeline.
pub type Steps<T> = BTreeMap<u32, (String, T)>;

/// The entry of the row's stage.
fn step<'s, T: Default>(steps: &'s mut Steps<T>, row: &Row<'_>) -> &'s mut T {
    let entry = steps.entry(row.step);
    &mut entry
        .or_insert_with(|| (row.stage.to_owned(), T::default()))
        .1
}

impl Run {
    /// Whether it has what its systems produced; a baseline that was promoted has not.
    pub fn has_results(&self) -> bool {
        self.path.file(files::RESULTS).exists()
    }

    /// The lists of `variant` for the examples that are `wanted`, by stage in the order in which they ran; measurements beside the
    /// pipeline are left out, and so are empty lists.
    pub fn lists(
        &self,
        variant: &str,
        wanted: &dyn Fn(&str) -> bool,
    ) -> anyhow::Result<HashMap<String, Steps<Vec<Ranked>>>> {
        let mut found: HashMap<String, Steps<Vec<Ranked>>> = HashMap::new();
        self.each_result(variant, &mut |row| {
            if wanted(row.example) {
                let steps = found.entry(row.example.to_owned()).or_default();
                step(steps, &row).push(Ranked {
                    rank: row.rank,
                    item: row.item.to_owned(),
                    grade: row.grade,
                });
            }
        })?;
        for (_, list) in found.values_mut().flat_map(BTreeMap::values_mut) {
            list.sort_unstable_by_key(|ranked| ranked.rank);
        }
        Ok(found)
    }

    /// For every example of `variant` and each of its stages a digest of its list: equal lists, equal digests.
    pub fn list_digests(&self, variant: &str) -> anyhow::Result<HashMap<String, Steps<u64>>> {
        use std::hash::BuildHasher;
        let state = foldhash::fast::FixedState::default();
        let mut found: HashMap<String, Steps<u64>> = HashMap::new();
        self.each_result(variant, &mut |row| {
            let steps = match found.get_mut(row.example) {
                Some(steps) => steps,
                None => found.entry(row.example.to_owned()).or_default(),
            };
            let digest = step(steps, &row);
            // A sum: it does not depend on the order of rows.
            *digest = digest.wrapping_add(state.hash_one((row.rank, row.item)));
        })?;
        Ok(found)
    }

    fn each_result(&self, variant: &str, see: &mut dyn FnMut(Row<'_>)) -> anyhow::Result<()> {
        const COLUMNS: [(&str, DataType); 8] = [
            ("variant", DataType::Utf8),
            ("example_id", DataType::Utf8),
            ("stage", DataType::Utf8),
            ("step", DataType::UInt32),
            ("rank", DataType::UInt32),
            ("item", DataType::Utf8),
            ("grade", DataType::Int32),
            ("aside", DataType::Boolean),
        ];
        self.each_batch(files::RESULTS, &COLUMNS, &mut |batch| {
            let text = |place: usize| batch[place].as_string_opt::<i32>();
            let (variants, examples, stages, items) = (text(0)?, text(1)?, text(2)?, text(5)?);
            let steps = batch[3].as_primitive_opt::<UInt32Type>()?;
            let ranks = batch[4].as_primitive_opt::<UInt32Type>()?;
            let grades = batch[6].as_primitive_opt::<Int32Type>()?;
            let asides = batch[7].as_boolean_opt()?;
            for row in 0..variants.len() {
                if variants.value(row) == variant && !asides.value(row) {
                    see(Row {
                        example: examples.value(row),
                        stage: stages.value(row),
                        step: steps.value(row),
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
                    let value = values.value(row);
                    if values.is_null(row) || !value.is_finite() {
                        return None;
                    }
                    let of_example = found.entry(examples.value(row).to_owned()).or_default();
                    of_example.push(value);
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
                    "`{}` does not have the columns {} with the values that `reports/README.md` describes",
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
    step: u32,
    rank: u32,
    item: &'a str,
    grade: Option<i32>,
}
