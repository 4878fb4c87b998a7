//! The graph as one run of 32-bit words, in memory as in its file, which is mapped and not read.
//!
//! `header · codes · scales · list starts · links · row starts · rows · checksum`, little-endian. Everything that a search
//! follows is checked once on opening, so that the search itself needs no checks beyond Rust's own.

use std::path::Path;

use memmap2::Mmap;

use super::HnswError;
use super::build::{Built, MAX_LAYERS};
use super::codes::{self, Codes};
use super::error::Fault;
use super::graph::Graph;
use super::walk::MAX_NODES;
use crate::models::Matrix;

/// `RKHG` on a little-endian machine; on another it reads otherwise, and the file is refused.
const MAGIC: u32 = u32::from_le_bytes(*b"RKHG");
/// Raised whenever the layout or the meaning of a word changes.
pub(super) const VERSION: u32 = 1;
/// Words before the codes: two cache lines, so that a code begins at the beginning of one.
const HEADER: usize = 32;
/// Where the nodes of each layer are counted in the header.
const COUNTS: usize = 8;

/// Where the words lie.
pub(super) enum Words {
    Built(Vec<u32>),
    Mapped(Mmap),
}

/// A whole graph, checked.
pub(super) struct Image {
    words: Words,
    layout: Layout,
}

/// What the header says, and with it where each part begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Layout {
    dim: u32,
    rows: u32,
    nodes: u32,
    links: u32,
    counts: [u32; MAX_LAYERS],
}

impl Layout {
    /// The first word of codes, scales, list starts, links, row starts, rows, checksum, and what follows that; `None`
    /// where a machine cannot count so far.
    fn starts(&self) -> Option<[usize; 8]> {
        let [dim, rows, nodes, links] =
            [self.dim, self.rows, self.nodes, self.links].map(|count| count as usize);
        let lists = self
            .counts
            .iter()
            .map(|count| *count as usize)
            .sum::<usize>();
        let codes = (codes::width(dim) / 4).checked_mul(nodes)?;
        let mut starts = [HEADER; 8];
        for (part, words) in [codes, dim, lists + 1, links, nodes + 1, rows, 1]
            .into_iter()
            .enumerate()
        {
            starts[part + 1] = starts[part].checked_add(words)?;
        }
        Some(starts)
    }
}

impl Image {
    /// Lays out a graph and the codes of its vectors.
    pub(super) fn new(built: &Built, vectors: &Matrix) -> Result<Self, HnswError> {
        let too_large = || HnswError::TooLarge {
            rows: vectors.rows(),
            dim: vectors.dim(),
        };
        let count = |number: usize| u32::try_from(number).map_err(|_| too_large());
        let mut counts = [0; MAX_LAYERS];
        for (count, layer) in counts.iter_mut().zip(&built.layers) {
            *count = u32::try_from(layer.len()).map_err(|_| too_large())?;
        }
        let lists = || built.layers.iter().flatten();
        let layout = Layout {
            dim: count(vectors.dim())?,
            rows: count(vectors.rows())?,
            nodes: count(built.rows.len())?,
            links: count(lists().map(Vec::len).sum())?,
            counts,
        };
        if layout.nodes > MAX_NODES {
            return Err(too_large());
        }
        let mut words = vec![
            MAGIC,
            VERSION,
            layout.dim,
            layout.rows,
            layout.nodes,
            layout.links,
        ];
        words.resize(COUNTS, 0);
        words.extend(counts);
        words.resize(HEADER, 0);

        let scales = codes::scales(vectors);
        let mut code = vec![0_i8; codes::width(vectors.dim())];
        for rows in &built.rows {
            codes::encode(vectors.row(rows[0] as usize), &scales, &mut code);
            words.extend(
                bytemuck::cast_slice(&code)
                    .chunks_exact(4)
                    .map(bytemuck::pod_read_unaligned::<u32>),
            );
        }
        words.extend(scales.iter().map(|scale| scale.to_bits()));
        extend_lists(&mut words, lists());
        extend_lists(&mut words, built.rows.iter());
        words.push(checksum(&words));
        let starts = layout.starts().ok_or_else(too_large)?;
        debug_assert_eq!(words.len(), starts[7]);
        Ok(Self {
            words: Words::Built(words),
            layout,
        })
    }

    /// Writes the file.
    pub(super) fn save(&self, path: &Path) -> anyhow::Result<()> {
        Ok(fs_err::write(path, bytemuck::cast_slice(self.words()))?)
    }

    /// Maps the file and checks all of it; it has to be the graph of `rows` vectors of `dim` dimensions.
    pub(super) fn open(path: &Path, rows: usize, dim: usize) -> anyhow::Result<Self> {
        let file = fs_err::File::open(path)?;
        let damaged = |fault| HnswError::Damaged {
            path: path.display().to_string(),
            fault,
        };
        // An empty file cannot be mapped.
        if file.metadata()?.len() == 0 {
            return Err(damaged(Fault::Magic).into());
        }
        #[expect(unsafe_code, reason = "a map is what lets a large graph open at once")]
        // SAFETY: ragkit never changes a data file after its index is committed: another build writes another folder,
        // and removing a file leaves its maps whole. Only plain integers are read from it, and every index that comes
        // out of it is checked again where it is used.
        let map = unsafe { Mmap::map(file.file()) }?;
        Ok(Self::checked(Words::Mapped(map), rows, dim).map_err(damaged)?)
    }

    /// These words, if they are the graph of `rows` vectors of `dim` dimensions.
    pub(super) fn checked(words: Words, rows: usize, dim: usize) -> Result<Self, Fault> {
        let bytes = match &words {
            Words::Built(words) => bytemuck::cast_slice(words),
            Words::Mapped(map) => &map[..],
        };
        let layout = check(bytes, rows, dim)?;
        Ok(Self { words, layout })
    }

    fn words(&self) -> &[u32] {
        match &self.words {
            Words::Built(words) => words,
            // `check` saw that it is whole words, and a map begins on a page.
            Words::Mapped(map) => bytemuck::cast_slice(map),
        }
    }

    /// The parts that a search reads.
    pub(super) fn parts(&self) -> (Graph<'_>, Codes<'_>) {
        parts(self.words(), &self.layout)
    }
}

/// The start of each list, from 0, the end of the last, and then all lists.
fn extend_lists<'l>(words: &mut Vec<u32>, lists: impl Iterator<Item = &'l Vec<u32>> + Clone) {
    let mut start = 0;
    words.push(start);
    words.extend(lists.clone().map(|list| {
        start += u32::try_from(list.len()).expect("links were counted in u32");
        start
    }));
    words.extend(lists.flatten());
}

fn checksum(words: &[u32]) -> u32 {
    crc32fast::hash(bytemuck::cast_slice(words))
}

fn parts<'w>(words: &'w [u32], layout: &Layout) -> (Graph<'w>, Codes<'w>) {
    let starts = layout.starts().expect("it was counted when it was checked");
    let part = |part: usize| &words[starts[part]..starts[part + 1]];
    let graph = Graph::new(&layout.counts, part(2), part(3), part(4), part(5));
    let codes = Codes::new(bytemuck::cast_slice(part(0)), bytemuck::cast_slice(part(1)));
    (graph, codes)
}

/// Whether these bytes are a graph of `rows` vectors of `dim` dimensions that can be searched without a further look.
fn check(bytes: &[u8], rows: usize, dim: usize) -> Result<Layout, Fault> {
    let words: &[u32] = bytemuck::try_cast_slice(bytes).map_err(|_| Fault::Size)?;
    if words.first() != Some(&MAGIC) {
        return Err(Fault::Magic);
    }
    match words.get(1) {
        Some(&VERSION) => {}
        Some(&version) => return Err(Fault::Version(version)),
        None => return Err(Fault::Size),
    }
    let header = words.get(..HEADER).ok_or(Fault::Size)?;
    let layout = Layout {
        dim: header[2],
        rows: header[3],
        nodes: header[4],
        links: header[5],
        counts: header[COUNTS..COUNTS + MAX_LAYERS]
            .try_into()
            .expect("one count a layer"),
    };
    if layout.starts().map(|starts| starts[7]) != Some(words.len()) {
        return Err(Fault::Size);
    }
    if checksum(&words[..words.len() - 1]) != words[words.len() - 1] {
        return Err(Fault::Checksum);
    }
    if layout.rows as usize != rows || layout.dim as usize != dim {
        return Err(Fault::OtherVectors {
            found_rows: layout.rows,
            found_dim: layout.dim,
            rows,
            dim,
        });
    }
    let shrink = layout.counts.is_sorted_by(|lower, upper| lower >= upper);
    if layout.counts[0] != layout.nodes || !shrink || layout.nodes > MAX_NODES {
        return Err(Fault::Layers);
    }
    let (graph, codes) = parts(words, &layout);
    graph.check(rows)?;
    codes.check()?;
    Ok(layout)
}
