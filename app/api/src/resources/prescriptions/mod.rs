//! Prescriptions: drafting with safety checks, signing, dispensing in parts, and a code that a pharmacy can verify.

mod checks;
mod code;
mod dispensing;
mod interactions;
mod routes;
mod state;
mod store;

pub(crate) use code::holds as code_holds;
pub(crate) use routes::{Signature, advance, draft, put_signature, redraft};
pub(crate) use state::PrescriptionStatus;
pub(super) use store::rehome;
pub(crate) use store::{Prescription, PrescriptionContent, find};

use std::sync::Arc;

use utoipa_axum::router::OpenApiRouter;

use crate::app::App;

pub(super) fn router() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new().merge(routes::router()).merge(dispensing::router())
}
