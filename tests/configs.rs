//! The files of `configs/` and `datasets/` are examples that people copy: they must never rot.

use std::path::{Path, PathBuf};

use ragkit::data::Card;
use ragkit::experiment::{Dataset, Experiment};
use ragkit::gate::{Gate, Ledger};
use ragkit::routing::PriceTable;

fn toml_files(folder: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let paths = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    paths
        .filter(|path| path.extension().is_some_and(|ending| ending == "toml"))
        .collect()
}

#[test]
fn every_config_is_valid_and_reads_back_as_it_is_written() {
    let configs = toml_files("configs");
    assert!(configs.len() >= 3);
    for path in configs {
        // The one file that is no experiment.
        if path.ends_with("prices.toml") {
            let prices = PriceTable::load(&path).unwrap_or_else(|error| panic!("{error:#}"));
            assert!(prices.models.len() >= 40);
            continue;
        }
        let experiment = Experiment::load(&path).unwrap_or_else(|error| panic!("{error:#}"));
        let written = toml::to_string(&experiment).unwrap();
        assert_eq!(
            toml::from_str::<Experiment>(&written).unwrap(),
            experiment,
            "{written}"
        );
        if let Dataset::Card(card) = &experiment.dataset {
            Card::load(&Path::new(env!("CARGO_MANIFEST_DIR")).join(&card.0)).unwrap();
        }
    }
}

#[test]
fn every_gate_is_valid_and_has_its_baseline() {
    let gates = toml_files("configs/gates");
    assert!(gates.len() >= 2);
    for path in gates {
        let gate = Gate::load(&path).unwrap_or_else(|error| panic!("{error:#}"));
        // A gate of bounds alone needs none.
        let Some(baseline) = gate.baseline else {
            continue;
        };
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(baseline);
        let newest = Ledger::open(&folder).unwrap().newest().unwrap();
        assert!(newest.is_some(), "{}", folder.display());
    }
}

#[test]
fn every_card_is_valid() {
    let cards = toml_files("datasets");
    assert!(cards.len() >= 3);
    for path in cards {
        let card = Card::load(&path).unwrap_or_else(|error| panic!("{error:#}"));
        assert_eq!(path.file_stem().unwrap().to_str().unwrap(), card.name);
    }
}
