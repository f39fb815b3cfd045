//! Round trips, golden bytes and hostile frames.

use super::*;
