//! The clinical record: entries with versions, signatures and amendments. Nothing is ever overwritten.

mod content;
mod documents;
mod routes;
mod store;

pub(crate) use content::atc;
pub(crate) use content::{
    Allergy, AllergyCategory, Condition, ConditionStatus, Content, Criticality, Encounter, Kind, Note, Observation,
    Value,
};
pub(super) use routes::NewEntry;
pub(crate) use store::{Entry, Status, active_allergies, entry};

use std::sync::Arc;

use utoipa_axum::router::OpenApiRouter;

use crate::app::App;

pub(super) fn router() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new().merge(routes::router()).merge(documents::router())
}
