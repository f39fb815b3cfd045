//! Other programs that read the same captures: what they say, in a form that can be compared.

pub mod causes;
pub mod claims;
pub mod tshark;
