//! Queue, batches and books.
