//! The desk's queries: findings, mutes, people, sessions, the audit chain.
