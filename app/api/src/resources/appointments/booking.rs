//! Booking, moving, cancelling, attending.

use std::sync::Arc;

use axum::response::Response;
use serde::{Deserialize, Serialize};
use sqlx::{FromRow, Row};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

use super::state::AppointmentStatus;
use crate::{
    app::App,
    auth::Person,
    authz::Action,
    db::{Fault, Stamp, classify},
    http::{Body, Check, Cx, Faults, Kind, Page, PageQuery, Path, Problem, Query, Result, Scope},
    resources::patients,
    scoped,
};

pub(super) fn router() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new()
        .routes(routes!(of_patient, book))
        .routes(routes!(read))
        .routes(routes!(move_to))
        .routes(routes!(cancel))
        .routes(routes!(attend))
        .routes(routes!(agenda))
}

/// An appointment.
#[derive(Serialize, FromRow, ToSchema)]
pub(crate) struct Appointment {
    pub(crate) id: Uuid,
    pub(crate) slot: Uuid,
    pub(crate) patient: Uuid,
    pub(crate) staff: Uuid,
    /// `booked`, `arrived`, `fulfilled`, `cancelled`, `noshow`.
    pub(crate) status: String,
    pub(crate) starts_at: Stamp,
    pub(crate) ends_at: Stamp,
    pub(crate) reason: Option<String>,
    pub(crate) version: u32,
    pub(crate) updated_at: Stamp,
}

impl Appointment {
    fn status(&self) -> Result<AppointmentStatus> {
        AppointmentStatus::from_word(&self.status).ok_or_else(|| Problem::bug("unknown status of an appointment"))
    }
}

pub(crate) async fn find(scope: &mut Scope, patient: Uuid, id: Uuid) -> Result<Appointment> {
    let query = scope.query_as::<Appointment>(scoped!(
        "SELECT id, slot, patient, staff, status, starts_at, ends_at, reason, version, updated_at FROM appointment \
         WHERE organization = ? AND patient = ? AND id = ?"
    ));
    Ok(query
        .bind(patient)
        .bind(id)
        .fetch_optional(scope.db())
        .await?
        .ok_or(Fault::NoRow)?)
}

struct FreeSlot {
    staff: Uuid,
    starts_at: Stamp,
    ends_at: Stamp,
}

/// What the slot offers. Whether it is still free, only writing shows.
async fn slot(scope: &mut Scope, id: Uuid) -> Result<FreeSlot> {
    let query = scope.query(scoped!(
        "SELECT s.starts_at, s.ends_at, s.blocked, c.active, c.staff FROM slot s \
         JOIN schedule c ON c.organization = s.organization AND c.id = s.schedule WHERE s.organization = ? AND s.id = ?"
    ));
    let row = query
        .bind(id)
        .fetch_optional(scope.db())
        .await?
        .ok_or_else(|| Problem::field("/slot", "Ese hueco no existe.", "There is no such slot."))?;
    if row.try_get("blocked")? || !row.try_get::<bool, _>("active")? {
        return Err(
            Problem::new(Kind::SlotTaken).detail("Ese hueco no admite citas.", "That slot takes no appointments.")
        );
    }
    let starts_at: Stamp = row.try_get("starts_at")?;
    if starts_at < Stamp::now() {
        return Err(Problem::field(
            "/slot",
            "Ese hueco ya ha pasado.",
            "That slot is in the past.",
        ));
    }
    Ok(FreeSlot {
        staff: row.try_get("staff")?,
        starts_at,
        ends_at: row.try_get("ends_at")?,
    })
}

/// The unique key on the slot has decided.
fn taken(error: &sqlx::Error) -> Problem {
    match classify(error) {
        Fault::Duplicate(key) if key == "appointment_slot_taken" => Problem::new(Kind::SlotTaken),
        fault => fault.into(),
    }
}

async fn write_event(scope: &mut Scope, appointment: &Appointment, reason: Option<String>) -> Result<()> {
    let by = scope.actor().id();
    let query = scope.query(scoped!(
        "INSERT INTO appointment_event (organization, appointment, version, status, slot, actor, reason, at) \
         VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
    ));
    query
        .bind(appointment.id)
        .bind(appointment.version)
        .bind(appointment.status.clone())
        .bind(appointment.slot)
        .bind(by)
        .bind(reason)
        .bind(Stamp::now())
        .execute(scope.db())
        .await?;
    Ok(())
}

/// An appointment to be booked.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Booking {
    pub(crate) slot: Uuid,
    /// Why the patient comes.
    pub(crate) reason: Option<String>,
    /// The place on the waiting list that this booking ends.
    pub(crate) waiting: Option<Uuid>,
}

impl Check for Booking {
    fn check(&self, faults: &mut Faults) {
        faults.optional_line(self.reason.as_deref(), 500, "/reason");
    }
}

/// Book a slot for a patient. One request gets it, whatever many ask at the same instant.
#[utoipa::path(post, path = "/patients/{id}/appointments", tag = "appointments", request_body = Booking,
    params(("id" = Uuid, Path)), responses((status = 201, body = Appointment)))]
async fn book(cx: Cx, Path(patient): Path<Uuid>, Body(body): Body<Booking>) -> Result<Response> {
    let mut scope = cx.allow_for(Action::AppointmentBook, patient).await?;
    let appointment = reserve(&mut scope, patient, body).await?;
    let place = format!("/api/v1/patients/{patient}/appointments/{}", appointment.id);
    scope.created(place, appointment.version, &appointment).await
}

/// Writes a booking. The unique key on the slot decides who gets it.
pub(crate) async fn reserve(scope: &mut Scope, patient: Uuid, body: Booking) -> Result<Appointment> {
    patients::hold(scope, patient).await?;
    let free = slot(scope, body.slot).await?;
    let (id, now) = (Uuid::now_v7(), Stamp::now());
    let query = scope.query(scoped!(
        "INSERT INTO appointment (organization, id, slot, patient, staff, status, starts_at, ends_at, reason, created_at, \
         updated_at) VALUES (?, ?, ?, ?, ?, 'booked', ?, ?, ?, ?, ?)"
    ));
    query
        .bind(id)
        .bind(body.slot)
        .bind(patient)
        .bind(free.staff)
        .bind(free.starts_at)
        .bind(free.ends_at)
        .bind(body.reason)
        .bind(now)
        .bind(now)
        .execute(scope.db())
        .await
        .map_err(|error| taken(&error))?;
    if let Some(waiting) = body.waiting {
        let query = scope.query(scoped!(
            "UPDATE waiting SET status = 'booked', appointment = ?, updated_at = ?, version = version + 1 \
             WHERE organization = ? AND patient = ? AND id = ? AND status = 'waiting'"
        ));
        let done = query
            .bind(id)
            .bind(now)
            .bind(patient)
            .bind(waiting)
            .execute(scope.db())
            .await?;
        if done.rows_affected() == 0 {
            return Err(Problem::field("/waiting", "Ya no espera.", "No longer waiting."));
        }
    }
    let appointment = find(scope, patient, id).await?;
    write_event(scope, &appointment, None).await?;
    scope.note("appointment", Some(id), Some(patient));
    Ok(appointment)
}

/// A patient's appointments, the latest first.
#[utoipa::path(get, path = "/patients/{id}/appointments", tag = "appointments", params(("id" = Uuid, Path), PageQuery),
    responses((status = 200, body = Page<Appointment>)))]
async fn of_patient(cx: Cx, Path(patient): Path<Uuid>, Query(page): Query<PageQuery>) -> Result<Response> {
    let mut scope = cx.allow_for(Action::AppointmentRead, patient).await?;
    let limit = page.limit()?;
    let query = scope.query_as::<Appointment>(scoped!(
        "SELECT id, slot, patient, staff, status, starts_at, ends_at, reason, version, updated_at FROM appointment \
         WHERE organization = ? AND patient = ? AND id < ? ORDER BY id DESC LIMIT ?"
    ));
    let appointments = query
        .bind(patient)
        .bind(page.before()?)
        .bind(limit + 1)
        .fetch_all(scope.db())
        .await?;
    scope.note("appointment", None, Some(patient));
    scope
        .ok(&Page::new(appointments, limit, |appointment| appointment.id))
        .await
}

/// An appointment.
#[utoipa::path(get, path = "/patients/{id}/appointments/{appointment}", tag = "appointments",
    params(("id" = Uuid, Path), ("appointment" = Uuid, Path)), responses((status = 200, body = Appointment)))]
async fn read(cx: Cx, Path((patient, id)): Path<(Uuid, Uuid)>) -> Result<Response> {
    let mut scope = cx.allow_for(Action::AppointmentRead, patient).await?;
    let appointment = find(&mut scope, patient, id).await?;
    scope.note("appointment", Some(id), Some(patient));
    scope.versioned(appointment.version, &appointment).await
}

/// Where to.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Move {
    pub(crate) slot: Uuid,
    pub(crate) reason: Option<String>,
}

impl Check for Move {
    fn check(&self, faults: &mut Faults) {
        faults.optional_line(self.reason.as_deref(), 500, "/reason");
    }
}

/// Move an appointment to another slot: it gets the new one before it gives up the old one, or keeps the old one.
#[utoipa::path(post, path = "/patients/{id}/appointments/{appointment}/move", tag = "appointments", request_body = Move,
    params(("id" = Uuid, Path), ("appointment" = Uuid, Path), ("If-Match" = String, Header)),
    responses((status = 200, body = Appointment)))]
async fn move_to(cx: Cx, Path((patient, id)): Path<(Uuid, Uuid)>, Body(body): Body<Move>) -> Result<Response> {
    let mut scope = cx.allow_for(Action::AppointmentBook, patient).await?;
    let appointment = relocate(&mut scope, patient, id, body).await?;
    scope.versioned(appointment.version, &appointment).await
}

/// Moves an appointment whose version the client has read.
pub(crate) async fn relocate(scope: &mut Scope, patient: Uuid, id: Uuid, body: Move) -> Result<Appointment> {
    let before = find(scope, patient, id).await?;
    scope.expect_version(before.version)?;
    if before.status()? != AppointmentStatus::Booked {
        return Err(Problem::new(Kind::IllegalTransition));
    }
    let free = slot(scope, body.slot).await?;
    let query = scope.query(scoped!(
        "UPDATE appointment SET slot = ?, staff = ?, starts_at = ?, ends_at = ?, updated_at = ?, version = version + 1 \
         WHERE organization = ? AND id = ? AND version = ?"
    ));
    query
        .bind(body.slot)
        .bind(free.staff)
        .bind(free.starts_at)
        .bind(free.ends_at)
        .bind(Stamp::now())
        .bind(id)
        .bind(before.version)
        .change_unless(scope.db(), Kind::Changed, taken)
        .await?;
    let appointment = find(scope, patient, id).await?;
    write_event(scope, &appointment, body.reason).await?;
    scope.note("appointment", Some(id), Some(patient));
    Ok(appointment)
}

/// Takes one step with an appointment whose version the client has read.
pub(crate) async fn step(
    scope: &mut Scope,
    patient: Uuid,
    id: Uuid,
    next: AppointmentStatus,
    reason: Option<String>,
) -> Result<Appointment> {
    let before = find(scope, patient, id).await?;
    scope.expect_version(before.version)?;
    if !before.status()?.may_become(next) {
        return Err(Problem::new(Kind::IllegalTransition).with("status", before.status));
    }
    let query = scope.query(scoped!(
        "UPDATE appointment SET status = ?, updated_at = ?, version = version + 1 \
         WHERE organization = ? AND id = ? AND version = ?"
    ));
    query
        .bind(next.word())
        .bind(Stamp::now())
        .bind(id)
        .bind(before.version)
        .change_unless(scope.db(), Kind::Changed, taken)
        .await?;
    let appointment = find(scope, patient, id).await?;
    write_event(scope, &appointment, reason).await?;
    scope.note("appointment", Some(id), Some(patient));
    Ok(appointment)
}

/// Why.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Cancellation {
    reason: Option<String>,
}

impl Check for Cancellation {
    fn check(&self, faults: &mut Faults) {
        faults.optional_line(self.reason.as_deref(), 500, "/reason");
    }
}

/// A cancelled appointment, and who waits for its slot.
#[derive(Serialize, ToSchema)]
pub(crate) struct Cancelled {
    appointment: Appointment,
    /// The first on the waiting list of that schedule; for staff.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_waiting: Option<Uuid>,
}

/// Cancel an appointment. Its slot is free again.
#[utoipa::path(post, path = "/patients/{id}/appointments/{appointment}/cancel", tag = "appointments",
    request_body = Cancellation,
    params(("id" = Uuid, Path), ("appointment" = Uuid, Path), ("If-Match" = String, Header)),
    responses((status = 200, body = Cancelled)))]
async fn cancel(cx: Cx, Path((patient, id)): Path<(Uuid, Uuid)>, Body(body): Body<Cancellation>) -> Result<Response> {
    let mut scope = cx.allow_for(Action::AppointmentBook, patient).await?;
    let appointment = step(&mut scope, patient, id, AppointmentStatus::Cancelled, body.reason).await?;
    let mut next_waiting = None;
    if matches!(scope.actor().person, Person::Staff(_)) {
        let query = scope.query(scoped!(
            "SELECT w.id FROM slot s JOIN waiting w ON w.organization = s.organization AND w.schedule = s.schedule \
             WHERE s.organization = ? AND s.id = ? AND w.status = 'waiting' \
             AND (w.not_before IS NULL OR w.not_before <= DATE(s.starts_at)) ORDER BY w.priority, w.id LIMIT 1"
        ));
        let row = query.bind(appointment.slot).fetch_optional(scope.db()).await?;
        next_waiting = row.map(|row| row.try_get("id")).transpose()?;
    }
    scope
        .versioned(
            appointment.version,
            &Cancelled {
                appointment,
                next_waiting,
            },
        )
        .await
}

/// A step.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Attendance {
    /// `arrived`, `fulfilled` or `noshow`.
    status: AppointmentStatus,
}

impl Check for Attendance {
    fn check(&self, faults: &mut Faults) {
        use AppointmentStatus as S;
        let one = matches!(self.status, S::Arrived | S::Fulfilled | S::NoShow);
        faults.expect(
            one,
            "/status",
            "arrived, fulfilled o noshow.",
            "arrived, fulfilled or noshow.",
        );
    }
}

/// Say that the patient came, was seen, or did not come.
#[utoipa::path(post, path = "/patients/{id}/appointments/{appointment}/attendance", tag = "appointments",
    request_body = Attendance,
    params(("id" = Uuid, Path), ("appointment" = Uuid, Path), ("If-Match" = String, Header)),
    responses((status = 200, body = Appointment)))]
async fn attend(cx: Cx, Path((patient, id)): Path<(Uuid, Uuid)>, Body(body): Body<Attendance>) -> Result<Response> {
    let mut scope = cx.allow_for(Action::AppointmentAttend, patient).await?;
    let appointment = step(&mut scope, patient, id, body.status, None).await?;
    scope.versioned(appointment.version, &appointment).await
}

/// Whose day.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct Whose {
    /// Of this member of staff.
    staff: Uuid,
    /// From this time on.
    #[param(value_type = String, format = DateTime)]
    from: Stamp,
    /// Before this time; a day later, when it is left out.
    #[param(value_type = Option<String>, format = DateTime)]
    to: Option<Stamp>,
}

/// Somebody's appointments in order of time, 200 at most.
#[utoipa::path(get, path = "/appointments", tag = "appointments", params(Whose),
    responses((status = 200, body = Vec<Appointment>)))]
async fn agenda(cx: Cx, Query(whose): Query<Whose>) -> Result<Response> {
    let mut scope = cx.allow(Action::AppointmentList).await?;
    let to = whose
        .to
        .unwrap_or_else(|| whose.from.plus(std::time::Duration::from_hours(24)));
    // That somebody comes is needed to run the place; why stays out of sight while the person's data is restricted.
    let query = scope.query_as::<Appointment>(scoped!(
        "SELECT a.id, a.slot, a.patient, a.staff, a.status, a.starts_at, a.ends_at, IF(p.restricted, NULL, a.reason) AS reason, \
         a.version, a.updated_at FROM appointment a JOIN patient p ON p.organization = a.organization AND p.id = a.patient \
         WHERE a.organization = ? AND a.staff = ? AND a.starts_at >= ? AND a.starts_at < ? ORDER BY a.starts_at LIMIT 200"
    ));
    let appointments = query
        .bind(whose.staff)
        .bind(whose.from)
        .bind(to)
        .fetch_all(scope.db())
        .await?;
    if appointments.is_empty() {
        scope.note("agenda", Some(whose.staff), None);
    }
    for appointment in &appointments {
        scope.note("appointment", Some(appointment.id), Some(appointment.patient));
    }
    scope.ok(&appointments).await
}
