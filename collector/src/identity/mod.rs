//! Who may talk to the collector: its certificate authority, enrolment tokens, and the certificates of agents.

mod authority;
mod enrolment;
mod token;

pub use authority::{Authority, IdentityError, agent_of};
pub use enrolment::{EnrolRequest, EnrolResponse, EnrolState, enrol};
pub use token::{TokenError, TokenRequest, create_token};
