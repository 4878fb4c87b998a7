//! The whole index against the exact search.

use proptest::prelude::*;

use super::config::Connections;
use super::error::Fault;
use super::*;

/// Pseudo-random numbers in [-1, 1).
fn numbers(seed: u32) -> impl FnMut() -> f32 {
    let mut state = u64::from(seed);
    move || {
        // Knuth's MMIX generator; the upper bits are the good ones.
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (state >> 40) as f32 / 8_388_608.0 - 1.0
    }
}

/// Vectors of length 1, in the same clusters for every seed.
fn vectors(rows: usize, dim: usize, seed: u32) -> Matrix {
    let mut number = numbers(99);
    let centres: Vec<f32> = (0..20 * dim).map(|_| number()).collect();
    let mut number = numbers(seed);
    let mut values = Vec::new();
    for row in 0..rows {
        let centre = &centres[row % 20 * dim..][..dim];
        let mut vector: Vec<f32> = centre.iter().map(|value| value + 0.6 * number()).collect();
        Matrix::normalise(&mut vector);
        values.extend(vector);
    }
    Matrix::new(dim, values)
}

fn flat(vectors: Matrix) -> Arc<Flat> {
    // Ties that are not the order of the rows.
    let rows = u32::try_from(vectors.rows()).unwrap();
    Arc::new(Flat::new(vectors, (0..rows).rev().collect()))
}

fn small() -> HnswConfig {
    HnswConfig {
        m: Connections::try_from(6).unwrap(),
        ef_construction: Breadth::try_from(40).unwrap(),
        deterministic: true,
    }
}

fn ef(ef: i64) -> Breadth {
    Breadth::try_from(ef).unwrap()
}

fn bytes(hnsw: &Hnsw) -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("graph");
    hnsw.save(&path).unwrap();
    fs_err::read(path).unwrap()
}

/// Opens a graph of these bytes, in a file.
fn open(bytes: &[u8], flat: &Arc<Flat>) -> anyhow::Result<Hnsw> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("graph");
    fs_err::write(&path, bytes).unwrap();
    Hnsw::open(&path, Arc::clone(flat))
}

/// What is wrong with a file of these bytes.
fn fault(bytes: &[u8], flat: &Arc<Flat>) -> Fault {
    let Err(error) = open(bytes, flat) else {
        panic!("a damaged graph was opened");
    };
    match error.downcast().unwrap() {
        HnswError::Damaged { fault, .. } => fault,
        other => panic!("{other}"),
    }
}

/// Opens a graph of these bytes, in memory.
fn opened(bytes: &[u8], flat: &Arc<Flat>) -> Result<Hnsw, Fault> {
    let words = bytes
        .chunks_exact(4)
        .map(bytemuck::pod_read_unaligned)
        .collect();
    let image = Image::checked(file::Words::Built(words), flat.vectors().rows(), flat.dim())?;
    Ok(Hnsw {
        flat: Arc::clone(flat),
        image,
        spare: Mutex::default(),
    })
}

/// The same bytes with the checksum that they would have, had they been written so.
fn resealed(mut bytes: Vec<u8>) -> Vec<u8> {
    let end = bytes.len() - 4;
    let checksum = crc32fast::hash(&bytes[..end]);
    bytes[end..].copy_from_slice(&checksum.to_ne_bytes());
    bytes
}

#[test]
fn finds_nearly_all_with_the_scores_of_the_exact_search_on_any_number_of_threads() {
    let flat = flat(vectors(4000, 48, 1));
    let queries = vectors(100, 48, 2);
    let all = Visible::everything();
    let visible = vec![&all; queries.rows()];
    let exact = flat.search(&queries, 10, &visible);
    for deterministic in [true, false] {
        let config = HnswConfig {
            deterministic,
            ..HnswConfig::default()
        };
        let hnsw = Hnsw::build(Arc::clone(&flat), &config).unwrap();
        let found = hnsw.search(&queries, 10, ef(64), &visible).unwrap();
        // Hits are compared with their scores, bit for bit.
        let recall = recall(&found, &exact).unwrap();
        assert!(recall > 0.99, "{recall}");
        for threads in [1, 2] {
            let pool = rayon::ThreadPoolBuilder::new()
                .num_threads(threads)
                .build()
                .unwrap();
            let again = pool.install(|| hnsw.search(&queries, 10, ef(64), &visible).unwrap());
            assert_eq!(again, found);
        }
    }
}

#[test]
fn equal_vectors_give_equal_bytes_on_any_number_of_threads() {
    let flat = flat(vectors(700, 16, 3));
    let build = || bytes(&Hnsw::build(Arc::clone(&flat), &small()).unwrap());
    let first = build();
    for threads in [1, 2] {
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .unwrap();
        assert!(pool.install(build) == first);
    }
}

#[test]
fn what_was_saved_is_what_is_opened() {
    let flat = flat(vectors(1500, 20, 4));
    let queries = vectors(30, 20, 5);
    let all = Visible::everything();
    let built = Hnsw::build(Arc::clone(&flat), &small()).unwrap();
    let opened = open(&bytes(&built), &flat).unwrap();
    let search = |hnsw: &Hnsw| hnsw.search(&queries, 5, ef(20), &[&all; 30]).unwrap();
    assert_eq!(search(&built), search(&opened));
    assert!(bytes(&opened) == bytes(&built));
}

#[test]
fn a_file_with_any_byte_changed_or_missing_is_refused() {
    let flat = flat(vectors(40, 5, 6));
    let whole = bytes(&Hnsw::build(Arc::clone(&flat), &small()).unwrap());
    for place in 0..whole.len() {
        for bit in 0..8 {
            let mut changed = whole.clone();
            changed[place] ^= 1 << bit;
            assert!(opened(&changed, &flat).is_err(), "{place} {bit}");
        }
        fault(&whole[..place], &flat);
    }
    let mut longer = whole.clone();
    longer.extend([0; 4]);
    assert_eq!(fault(&longer, &flat), Fault::Size);
    assert_eq!(fault(b"RKHG", &flat), Fault::Size);
    assert_eq!(fault(b"", &flat), Fault::Magic);
    assert_eq!(fault(b"not a graph.", &flat), Fault::Magic);
}

#[test]
fn a_file_made_up_with_a_right_checksum_is_refused_or_can_be_searched() {
    let flat = flat(vectors(150, 5, 7));
    let queries = vectors(3, 5, 8);
    let all = Visible::everything();
    let whole = bytes(&Hnsw::build(Arc::clone(&flat), &small()).unwrap());
    let mut refused = 0;
    for place in 0..whole.len() - 4 {
        for value in [0, 1, 0x80, 0xff] {
            let mut changed = whole.clone();
            changed[place] = value;
            match opened(&resealed(changed), &flat) {
                Ok(hnsw) => {
                    let found = hnsw.search(&queries, 5, ef(5), &[&all; 3]).unwrap();
                    assert!(found.iter().all(|hits| hits.len() <= 5));
                }
                Err(_) => refused += 1,
            }
        }
    }
    assert!(refused > 1000, "{refused}");
}

#[test]
fn another_format_and_other_vectors_are_named() {
    let flat_of_60 = flat(vectors(60, 5, 6));
    let whole = bytes(&Hnsw::build(Arc::clone(&flat_of_60), &small()).unwrap());
    let mut newer = whole.clone();
    newer[4] = 9;
    assert_eq!(
        fault(&newer, &flat_of_60).to_string(),
        "it has format 9, this ragkit reads format 1"
    );
    for (rows, dim) in [(61, 5), (60, 6)] {
        assert_eq!(
            fault(&whole, &flat(vectors(rows, dim, 6))).to_string(),
            format!("it was built from 60 rows of 5 dimensions, the index has {rows} of {dim}")
        );
    }
}

#[test]
fn what_cannot_be_searched_is_refused_with_its_place() {
    let message = |values: Vec<f32>| {
        Hnsw::build(flat(Matrix::new(2, values)), &small())
            .err()
            .unwrap()
            .to_string()
    };
    assert_eq!(
        message(vec![1.0, 0.0, 0.0, f32::NAN]),
        "the vector of row 1 holds `NaN`; hnsw needs finite values"
    );
    assert_eq!(
        message(vec![f32::NEG_INFINITY, 0.0]),
        "the vector of row 0 holds `-inf`; hnsw needs finite values"
    );
    assert_eq!(
        message(vec![1.0, 0.0, 3.0, 4.0]),
        "the vector of row 1 has length `5`; scale vectors to length 1 or search exactly"
    );
    let hnsw = Hnsw::build(flat(vectors(9, 2, 1)), &small()).unwrap();
    let all = Visible::everything();
    let search = |queries: Matrix| hnsw.search(&queries, 1, ef(1), &vec![&all; queries.rows()]);
    assert_eq!(
        search(Matrix::new(3, vec![0.0; 3]))
            .unwrap_err()
            .to_string(),
        "the queries have 3 dimensions, the index 2; embed both with one model"
    );
    assert_eq!(
        search(Matrix::new(2, vec![0.0, 1.0, f32::INFINITY, 0.0]))
            .unwrap_err()
            .to_string(),
        "query 1 holds `inf`; hnsw needs finite values"
    );
    // A query of zeros is equally near to everything, as in the exact search.
    assert_eq!(search(Matrix::new(2, vec![0.0; 2])).unwrap(), [vec![]]);
    assert!(search(Matrix::default()).unwrap().is_empty());
}

#[test]
fn no_row_one_row_and_equal_rows() {
    let all = Visible::everything();
    let none = Hnsw::build(flat(Matrix::default()), &small()).unwrap();
    assert!(
        none.search(&Matrix::default(), 3, ef(9), &[])
            .unwrap()
            .is_empty()
    );
    let opened = open(&bytes(&none), &flat(Matrix::default())).unwrap();
    assert!(
        opened
            .search(&Matrix::default(), 3, ef(9), &[])
            .unwrap()
            .is_empty()
    );

    let query = Matrix::new(4, vec![1.0, 0.0, 0.0, 0.0]);
    let one = flat(vectors(1, 4, 9));
    let hnsw = open(
        &bytes(&Hnsw::build(Arc::clone(&one), &small()).unwrap()),
        &one,
    )
    .unwrap();
    let found = hnsw.search(&query, 10, ef(1), &[&all]).unwrap();
    assert_eq!(found, one.search(&query, 10, &[&all]));

    // Equal rows are one node, so that ties are broken among all of them, as in the exact search.
    let mut equal = Matrix::default();
    for _ in 0..3000 {
        equal.push(&[0.6, 0.8, 0.0, 0.0]);
    }
    for row in 0..1000 {
        equal.push(vectors(1000, 4, 10).row(row));
    }
    let equal = flat(equal);
    let hnsw = Hnsw::build(Arc::clone(&equal), &small()).unwrap();
    let near = Matrix::new(4, vec![0.6, 0.8, 0.0, 0.0]);
    let found = hnsw.search(&near, 10, ef(20), &[&all]).unwrap();
    assert_eq!(found, equal.search(&near, 10, &[&all]));
}

#[test]
fn more_hits_than_candidates_and_than_rows() {
    let flat = flat(vectors(900, 8, 11));
    let queries = vectors(4, 8, 12);
    let all = Visible::everything();
    let hnsw = Hnsw::build(Arc::clone(&flat), &small()).unwrap();
    for k in [0, 1, 50, 899, 900, 5000] {
        let found = hnsw.search(&queries, k, ef(1), &[&all; 4]).unwrap();
        assert!(found.iter().all(|hits| hits.len() == k.min(900)), "{k}");
    }
    let found = hnsw.search(&queries, 5000, ef(1), &[&all; 4]).unwrap();
    assert_eq!(found, flat.search(&queries, 5000, &[&all; 4]));
}

#[test]
fn the_largest_m_and_the_smallest_are_built() {
    let flat = flat(vectors(800, 8, 13));
    let all = Visible::everything();
    for (m, least) in [(2, 0.8), (256, 1.0)] {
        let config = HnswConfig {
            m: Connections::try_from(m).unwrap(),
            ..small()
        };
        let hnsw = Hnsw::build(Arc::clone(&flat), &config).unwrap();
        let found = hnsw
            .search(&vectors(9, 8, 14), 5, ef(60), &[&all; 9])
            .unwrap();
        let exact = flat.search(&vectors(9, 8, 14), 5, &[&all; 9]);
        let recall = recall(&found, &exact).unwrap();
        assert!(recall >= least, "{m}: {recall}");
    }
}

#[test]
fn every_row_is_reached() {
    // `ef` below what makes the search exact, `k` large: a walk that ends early has met all there is.
    let flat = flat(vectors(3000, 6, 15));
    let hnsw = Hnsw::build(Arc::clone(&flat), &small()).unwrap();
    let (graph, _) = hnsw.image.parts();
    let mut reached = vec![false; graph.nodes()];
    let mut open = vec![0];
    while let Some(node) = open.pop() {
        if !std::mem::replace(&mut reached[node as usize], true) {
            open.extend(graph.links(0, node));
        }
    }
    assert!(reached.iter().all(|reached| *reached));
}

#[test]
fn recall_counts_each_query_alike_and_leaves_out_those_without_a_hit() {
    let hit = |row| Hit {
        row,
        tie: row,
        score: f64::from(row),
    };
    let exact = [vec![hit(1), hit(2)], vec![hit(3)], vec![]];
    let found = [vec![hit(2), hit(7)], vec![hit(3)], vec![hit(4)]];
    assert_eq!(recall(&found, &exact), Some(0.75));
    assert_eq!(recall(&found[2..], &exact[2..]), None);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn only_visible_rows_are_found_and_nearly_all_of_them(share in 0.0_f64..1.0, seed: u32, clustered: bool) {
        let flat = flat(vectors(2000, 12, 16));
        let hnsw = Hnsw::build(Arc::clone(&flat), &small()).unwrap();
        let queries = vectors(20, 12, 17);
        let mut number = numbers(seed);
        let mut draw = || f64::from(number().abs()) < share;
        // Rows of one cluster are near each other, and so are hidden together.
        let clusters: Vec<bool> = (0..20).map(|_| draw()).collect();
        let seen: Vec<bool> = (0..2000).map(|row| if clustered { clusters[row % 20] } else { draw() }).collect();
        let visible = Visible::rows(seen.clone());
        let visible = vec![&visible; 20];
        let found = hnsw.search(&queries, 10, ef(40), &visible).unwrap();
        let exact = flat.search(&queries, 10, &visible);
        for (found, exact) in found.iter().zip(&exact) {
            prop_assert!(found.iter().all(|hit| seen[hit.row as usize]));
            prop_assert_eq!(found.len(), exact.len());
        }
        prop_assert!(recall(&found, &exact).unwrap_or(1.0) > 0.9, "{:?}", recall(&found, &exact));
    }
}

/// The mean share of each query's exact hits that an approximate search found too; `None` without any exact hit.
///
/// In [0, 1]; queries without an exact hit do not count.
///
/// # Panics
/// Where the two are not of the same queries.
fn recall(found: &[Vec<Hit>], exact: &[Vec<Hit>]) -> Option<f64> {
    assert_eq!(found.len(), exact.len(), "the same queries");
    let share = |(found, exact): (&Vec<Hit>, &Vec<Hit>)| {
        let both = exact.iter().filter(|hit| found.contains(hit)).count();
        (!exact.is_empty()).then(|| both as f64 / exact.len() as f64)
    };
    let shares: Vec<f64> = found.iter().zip(exact).filter_map(share).collect();
    (!shares.is_empty()).then(|| shares.iter().sum::<f64>() / shares.len() as f64)
}
