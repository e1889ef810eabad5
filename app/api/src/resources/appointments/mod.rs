//! Appointments: schedules and their slots, booking, moving, cancelling, attending, the waiting list.

pub(crate) mod booking;
mod schedules;
mod slots;
mod state;
mod waiting;

pub(crate) use state::AppointmentStatus;

use std::sync::Arc;

use utoipa_axum::router::OpenApiRouter;

use crate::app::App;

pub(super) fn router() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new()
        .merge(schedules::router())
        .merge(slots::router())
        .merge(booking::router())
        .merge(waiting::router())
}
