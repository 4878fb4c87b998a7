//! What can be wrong with vectors, queries and graph files.

use super::build::MAX_LAYERS;

/// Why a graph cannot be built, opened or asked.
#[derive(Debug, thiserror::Error)]
pub enum HnswError {
    /// A vector holds no number.
    #[error("the vector of row {row} holds `{value}`; hnsw needs finite values")]
    VectorNotFinite {
        /// The row, 0-based.
        row: usize,
        /// The value.
        value: f32,
    },
    /// A vector's dot products are no cosines.
    #[error(
        "the vector of row {row} has length `{length}`; scale vectors to length 1 or search exactly"
    )]
    VectorLength {
        /// The row, 0-based.
        row: usize,
        /// Its Euclidean length.
        length: f64,
    },
    /// A query holds no number.
    #[error("query {query} holds `{value}`; hnsw needs finite values")]
    QueryNotFinite {
        /// The query, 0-based within its batch.
        query: usize,
        /// The value.
        value: f32,
    },
    /// Queries of another dimension.
    #[error("the queries have {found} dimensions, the index {expected}; embed both with one model")]
    QueryDimension {
        /// The index's.
        expected: usize,
        /// The queries'.
        found: usize,
    },
    /// The vectors are too many or too long for one file.
    #[error("{rows} rows of {dim} dimensions are too many for one graph; search them exactly")]
    TooLarge {
        /// Rows.
        rows: usize,
        /// Dimensions.
        dim: usize,
    },
    /// A file that is no graph of ours.
    #[error("the graph `{path}` is damaged: {fault}; rebuild it with `ragkit index`")]
    Damaged {
        /// The file.
        path: String,
        /// What is wrong with it.
        fault: Fault,
    },
}

/// What is wrong with a graph file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// It does not begin as ours do.
    #[error("it is not a graph file of ragkit")]
    Magic,
    /// Another layout.
    #[error("it has format {0}, this ragkit reads format {version}", version = super::file::VERSION)]
    Version(u32),
    /// Fewer or more bytes than its header says.
    #[error("it has another size than its header says")]
    Size,
    /// Other bytes than were written.
    #[error("its checksum is not that of its content")]
    Checksum,
    /// Other vectors.
    #[error(
        "it was built from {found_rows} rows of {found_dim} dimensions, the index has {rows} of {dim}"
    )]
    OtherVectors {
        /// The file's rows.
        found_rows: u32,
        /// The file's dimensions.
        found_dim: u32,
        /// The index's rows.
        rows: usize,
        /// The index's dimensions.
        dim: usize,
    },
    /// Layers that do not lie in each other.
    #[error("its layers are not 1 to {MAX_LAYERS} that shrink from the lowest up")]
    Layers,
    /// A list of links that is not within the list of all.
    #[error("its lists of links do not follow one another")]
    Lists,
    /// A link out of its layer.
    #[error("a link leads out of its layer")]
    Link,
    /// Rows that are not each in one node.
    #[error("its nodes do not share out the rows")]
    Rows,
    /// A scale that is no number.
    #[error("a scale is not a finite number")]
    Scale,
}
