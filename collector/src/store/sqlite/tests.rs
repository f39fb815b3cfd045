//! Commits, queries, retention and full disks.
