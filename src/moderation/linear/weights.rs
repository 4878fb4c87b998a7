//! Weights of buckets, packed: only those that are not 0, found by their rank.

/// Categories that are summed together, as wide as one cache line takes two of.
pub(super) const LANES: usize = 8;

/// The weights of one bucket for some categories, those that are missing 0.
#[derive(Debug, Clone, Copy, PartialEq)]
#[repr(align(32))]
pub(super) struct Lanes(pub(super) [f32; LANES]);

/// 64 buckets.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Block {
    /// A bit for each that has weights.
    held: u64,
    /// How many of the blocks before have.
    before: u32,
}

/// Buckets × categories.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Weights {
    blocks: Vec<Block>,
    /// Ascending.
    buckets: Vec<u32>,
    categories: usize,
    /// Of each bucket one after the other, each as many as categories take.
    lanes: Vec<Lanes>,
}

impl Weights {
    /// Of buckets, ascending and below 2^`bits`, each with one weight a category.
    pub(super) fn new(bits: u32, categories: usize, buckets: Vec<u32>, weights: &[f32]) -> Self {
        let mut blocks = vec![Block::default(); 1 << bits >> 6];
        for bucket in &buckets {
            blocks[*bucket as usize / 64].held |= 1 << (bucket % 64);
        }
        let mut before = 0;
        for block in &mut blocks {
            block.before = before;
            before += block.held.count_ones();
        }
        let mut lanes = Vec::with_capacity(buckets.len() * categories.div_ceil(LANES));
        for weights in weights.chunks_exact(categories) {
            for some in weights.chunks(LANES) {
                let mut padded = [0.0; LANES];
                padded[..some.len()].copy_from_slice(some);
                lanes.push(Lanes(padded));
            }
        }
        Self {
            blocks,
            buckets,
            categories,
            lanes,
        }
    }

    /// Those that have weights, ascending.
    pub(super) fn buckets(&self) -> &[u32] {
        &self.buckets
    }

    /// One a category for each of [`Self::buckets`], row after row.
    pub(super) fn rows(&self) -> impl Iterator<Item = f32> {
        let groups = self.lanes.chunks_exact(self.groups());
        groups.flat_map(|groups| {
            let weights = groups.iter().flat_map(|lanes| lanes.0);
            weights.take(self.categories)
        })
    }

    /// The weight of a bucket for a category.
    pub(super) fn get(&self, bucket: u32, category: usize) -> f32 {
        self.place(bucket).map_or(0.0, |place| {
            self.lanes[place * self.groups() + category / LANES].0[category % LANES]
        })
    }

    /// Adds to the log-odds of each category what the buckets of a row bring.
    pub(super) fn add(&self, indices: &[u32], values: &[f32], log_odds: &mut [f64]) {
        let groups = self.groups();
        for (group, log_odds) in log_odds.chunks_mut(LANES).enumerate() {
            let mut sums = [0.0_f32; LANES];
            for (bucket, value) in indices.iter().zip(values) {
                if let Some(place) = self.place(*bucket) {
                    let weights = &self.lanes[place * groups + group].0;
                    for (sum, weight) in sums.iter_mut().zip(weights) {
                        *sum += value * weight;
                    }
                }
            }
            for (log_odds, sum) in log_odds.iter_mut().zip(sums) {
                *log_odds += f64::from(sum);
            }
        }
    }

    fn groups(&self) -> usize {
        self.categories.div_ceil(LANES)
    }

    fn place(&self, bucket: u32) -> Option<usize> {
        let block = self.blocks[bucket as usize / 64];
        let bit = bucket % 64;
        (block.held >> bit & 1 == 1).then(|| {
            let earlier = block.held & ((1 << bit) - 1);
            (block.before + earlier.count_ones()) as usize
        })
    }
}
