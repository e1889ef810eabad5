//! Values that hold only what is right: each is made by parsing, and none can be changed afterwards.

mod dns;
mod image;
mod net;
mod quantity;
mod time;

pub use dns::{DnsLabel, DnsName};
pub use image::Image;
pub use net::{ApiServer, Cidr, HttpsUrl};
pub use quantity::{Cpu, Size};
pub use time::{CronLine, Zone};

/// Why a text is not the value it should be, and what to write instead.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{problem}")]
pub struct Invalid {
    /// What is wrong with the text.
    pub problem: String,
    /// What to write instead.
    pub mend: String,
}

impl Invalid {
    fn new(problem: impl Into<String>, mend: impl Into<String>) -> Self {
        Self {
            problem: problem.into(),
            mend: mend.into(),
        }
    }
}
