//! HTTP: how requests come in, how answers and problems go out, and the bounds on both.

mod attempt;
mod body;
mod cx;
mod health;
mod idempotency;
mod layers;
mod limiter;
mod metrics;
mod open;
mod page;
mod problem;
mod proxies;
mod router;
mod scope;
mod scoped;
mod server;
mod text;
mod tls;
mod trace;

pub use body::{Body, Check, Faults, Path, Query};
pub use cx::Cx;
pub use idempotency::KEPT as ANSWERS_KEPT;
pub use limiter::{Limiter, Who};
pub use metrics::Metrics;
pub use open::{Info, Open, SESSION_COOKIE};
pub use page::{Page, PageQuery};
pub(crate) use page::{cursor, place};
pub use problem::{FieldError, Kind, Problem, ProblemDetails, Result};
pub use proxies::Proxies;
pub use router::{openapi, service};
pub use scope::Scope;
pub(crate) use scope::version_of;
pub use scoped::{Scoped, Statement, StatementAs};
pub use server::{Running, serve};
pub use text::{Text, preferred, text};
pub use trace::Traces;
