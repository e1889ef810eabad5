//! What people may ask about their data (GDPR, LOPDGDD), and what the organization must be able to show.

mod consents;
mod erasure;
mod export;
mod export_page;
mod labels;
mod processing;
mod requests;
mod research;
mod restriction;
mod retention;
mod row;

pub(super) use consents::rehome as rehome_consents;
pub(super) use restriction::set as restrict;

use std::sync::Arc;

use utoipa_axum::router::OpenApiRouter;

use crate::app::App;

pub(super) fn router() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new()
        .merge(consents::router())
        .merge(requests::router())
        .merge(restriction::router())
        .merge(erasure::router())
        .merge(export::router())
        .merge(research::router())
        .merge(processing::router())
}
