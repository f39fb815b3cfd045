//! End-to-end tests and the makers of their captures.
