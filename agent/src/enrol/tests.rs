//! Names, files and refusals.
