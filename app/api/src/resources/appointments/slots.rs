//! Slots: the pieces of a schedule that can be booked.

use std::sync::Arc;

use axum::response::Response;
use jiff::{Timestamp, ToSpan, civil::Time, tz::TimeZone};
use serde::{Deserialize, Serialize};
use sqlx::{FromRow, Row};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

use super::schedules;
use crate::{
    app::App,
    authz::Action,
    db::{Day, Fault, Stamp},
    http::{Body, Check, Cx, Faults, Kind, Path, Problem, Query, Result, Scope},
    scoped,
};

pub(super) fn router() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new()
        .routes(routes!(make))
        .routes(routes!(search))
        .routes(routes!(block))
}

/// A slot.
#[derive(Serialize, FromRow, ToSchema)]
pub(crate) struct Slot {
    id: Uuid,
    schedule: Uuid,
    staff: Uuid,
    clinic: Uuid,
    starts_at: Stamp,
    ends_at: Stamp,
    /// It can be booked.
    free: bool,
    version: u32,
}

/// The columns of a slot, and the tables they come from.
macro_rules! select {
    ($rest:literal) => {
        scoped!(concat!(
            "SELECT s.id, s.schedule, c.staff, c.clinic, s.starts_at, s.ends_at, \
             (NOT s.blocked AND c.active AND a.id IS NULL) AS free, s.version \
             FROM slot s JOIN schedule c ON c.organization = s.organization AND c.id = s.schedule \
             LEFT JOIN appointment a ON a.organization = s.organization AND a.taken = s.id WHERE s.organization = ? ",
            $rest
        ))
    };
}

/// Slots to be made: in each week between two days, on some weekdays, from a time to a time, of so many minutes.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewSlots {
    /// First day.
    from: Day,
    /// Last day.
    to: Day,
    /// 1 is Monday, 7 is Sunday.
    weekdays: Vec<i8>,
    /// In the organization's time zone.
    #[schema(value_type = String, example = "09:00")]
    start: Time,
    /// In the organization's time zone.
    #[schema(value_type = String, example = "13:30")]
    end: Time,
    /// Length of a slot.
    #[schema(minimum = 5, maximum = 480)]
    minutes: i64,
}

impl Check for NewSlots {
    fn check(&self, faults: &mut Faults) {
        let days = self
            .from
            .date()
            .until(self.to.date())
            .map_or(-1, |span| span.get_days());
        faults.expect(
            (0..=366).contains(&days),
            "/to",
            "Entre from y un año después.",
            "Between from and a year later.",
        );
        let weekdays = !self.weekdays.is_empty() && self.weekdays.iter().all(|day| (1..=7).contains(day));
        faults.expect(
            weekdays,
            "/weekdays",
            "Del 1 (lunes) al 7 (domingo).",
            "From 1 (Monday) to 7 (Sunday).",
        );
        faults.expect(
            self.start < self.end,
            "/end",
            "Debe ser posterior a start.",
            "It must be later than start.",
        );
        faults.expect(
            (5..=480).contains(&self.minutes),
            "/minutes",
            "Entre 5 y 480.",
            "Between 5 and 480.",
        );
    }
}

/// Slots one request may make.
const MOST: usize = 2_000;

/// The starts and ends that the wish comes to. A time that a change of the clock skips or repeats is taken once.
fn wanted(wish: &NewSlots, zone: &TimeZone) -> Vec<(Timestamp, Timestamp)> {
    let mut slots = Vec::new();
    let mut day = wish.from.date();
    while day <= wish.to.date() {
        if wish.weekdays.contains(&day.weekday().to_monday_one_offset()) {
            let (Ok(mut start), Ok(end)) = (
                day.to_datetime(wish.start).to_zoned(zone.clone()),
                day.to_datetime(wish.end).to_zoned(zone.clone()),
            ) else {
                break;
            };
            while let Ok(next) = start.checked_add(wish.minutes.minutes()) {
                if next > end {
                    break;
                }
                slots.push((start.timestamp(), next.timestamp()));
                start = next;
            }
        }
        match day.tomorrow() {
            Ok(next) => day = next,
            Err(_) => break,
        }
    }
    slots
}

/// What came of it.
#[derive(Serialize, ToSchema)]
pub(crate) struct SlotsMade {
    /// New slots.
    made: usize,
    /// Left out, because a slot is there at that time already.
    overlapping: usize,
}

/// Make slots. Those that would overlap others of the schedule are left out.
#[utoipa::path(post, path = "/schedules/{id}/slots", tag = "appointments", request_body = NewSlots,
    params(("id" = Uuid, Path)), responses((status = 200, body = SlotsMade)))]
async fn make(cx: Cx, Path(id): Path<Uuid>, Body(body): Body<NewSlots>) -> Result<Response> {
    let mut scope = cx.allow(Action::ScheduleManage).await?;
    schedules::find(&mut scope, id).await?;
    let zone: String = sqlx::query_scalar("SELECT time_zone FROM organization WHERE id = ?")
        .bind(scope.organization())
        .fetch_one(scope.db())
        .await?;
    let zone = TimeZone::get(&zone).map_err(|_| Problem::bug("the organization's time zone is unknown"))?;
    let wanted = wanted(&body, &zone);
    if wanted.len() > MOST {
        return Err(Problem::field(
            "/to",
            "Son más de 2000 huecos; hágalo por partes.",
            "More than 2000 slots; do it in parts.",
        ));
    }
    let (Some((first, _)), Some((_, last))) = (wanted.first(), wanted.last()) else {
        return scope
            .ok(&SlotsMade {
                made: 0,
                overlapping: 0,
            })
            .await;
    };
    // Whoever makes slots of the same schedule at the same time, on whatever node, meets at this row.
    let query = scope.query(scoped!(
        "UPDATE schedule SET updated_at = ?, version = version + 1 WHERE organization = ? AND id = ?"
    ));
    query.bind(Stamp::now()).bind(id).execute(scope.db()).await?;
    let query = scope.query(scoped!(
        "SELECT starts_at, ends_at FROM slot WHERE organization = ? AND schedule = ? AND starts_at < ? AND ends_at > ?"
    ));
    let rows = query
        .bind(id)
        .bind(Stamp::from(*last))
        .bind(Stamp::from(*first))
        .fetch_all(scope.db())
        .await?;
    let there = rows
        .iter()
        .map(|row| {
            Ok((
                row.try_get::<Stamp, _>("starts_at")?,
                row.try_get::<Stamp, _>("ends_at")?,
            ))
        })
        .collect::<Result<Vec<_>, sqlx::Error>>()?;
    let (mut made, mut overlapping) = (0, 0);
    for (start, end) in wanted {
        let (start, end) = (Stamp::from(start), Stamp::from(end));
        if there.iter().any(|(from, to)| *from < end && *to > start) {
            overlapping += 1;
            continue;
        }
        let query = scope.query(scoped!(
            "INSERT INTO slot (organization, id, schedule, starts_at, ends_at) VALUES (?, ?, ?, ?, ?)"
        ));
        query
            .bind(Uuid::now_v7())
            .bind(id)
            .bind(start)
            .bind(end)
            .execute(scope.db())
            .await?;
        made += 1;
    }
    scope.note("schedule", Some(id), None);
    scope.ok(&SlotsMade { made, overlapping }).await
}

/// Which slots.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct Which {
    /// Of one schedule.
    schedule: Uuid,
    /// From this time on; now, when it is left out.
    #[param(value_type = Option<String>, format = DateTime)]
    from: Option<Stamp>,
    /// Before this time; four weeks later, when it is left out.
    #[param(value_type = Option<String>, format = DateTime)]
    to: Option<Stamp>,
    /// Also those that cannot be booked.
    #[serde(default)]
    #[param(default = false)]
    all: bool,
}

/// Free slots of a schedule in order of time, 200 at most: ask again from the last one's end.
#[utoipa::path(get, path = "/slots", tag = "appointments", params(Which), responses((status = 200, body = Vec<Slot>)))]
async fn search(cx: Cx, Query(which): Query<Which>) -> Result<Response> {
    let mut scope = cx.allow(Action::ScheduleRead).await?;
    let from = which.from.unwrap_or_else(Stamp::now);
    let to = which
        .to
        .unwrap_or_else(|| from.plus(std::time::Duration::from_hours(28 * 24)));
    let query = scope.query_as::<Slot>(select!(
        "AND s.schedule = ? AND s.starts_at >= ? AND s.starts_at < ? HAVING (free OR ?) ORDER BY s.starts_at LIMIT 200"
    ));
    let slots = query
        .bind(which.schedule)
        .bind(from)
        .bind(to)
        .bind(which.all)
        .fetch_all(scope.db())
        .await?;
    scope.ok(&slots).await
}

/// Whether a slot is held back.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Block {
    /// It cannot be booked.
    blocked: bool,
}

impl Check for Block {
    fn check(&self, _: &mut Faults) {}
}

/// Hold a slot back, or give it free. What is booked in it stays.
#[utoipa::path(put, path = "/slots/{id}", tag = "appointments", request_body = Block,
    params(("id" = Uuid, Path), ("If-Match" = String, Header)), responses((status = 200, body = Slot)))]
async fn block(cx: Cx, Path(id): Path<Uuid>, Body(body): Body<Block>) -> Result<Response> {
    let mut scope = cx.allow(Action::ScheduleManage).await?;
    let version = scope.if_match()?;
    find(&mut scope, id).await?;
    let query = scope.query(scoped!(
        "UPDATE slot SET blocked = ?, version = version + 1 WHERE organization = ? AND id = ? AND version = ?"
    ));
    query
        .bind(body.blocked)
        .bind(id)
        .bind(version)
        .change(scope.db(), Kind::Changed)
        .await?;
    let slot = find(&mut scope, id).await?;
    scope.note("slot", Some(id), None);
    scope.versioned(slot.version, &slot).await
}

async fn find(scope: &mut Scope, id: Uuid) -> Result<Slot> {
    let query = scope.query_as::<Slot>(select!("AND s.id = ?"));
    Ok(query.bind(id).fetch_optional(scope.db()).await?.ok_or(Fault::NoRow)?)
}

#[cfg(test)]
mod tests {
    use jiff::{
        civil::{date, time},
        tz::TimeZone,
    };

    use super::{NewSlots, wanted};

    #[test]
    fn slots_keep_to_the_clock_on_the_wall() {
        let wish = NewSlots {
            from: date(2026, 10, 23).into(),
            to: date(2026, 10, 26).into(),
            weekdays: vec![1, 5],
            start: time(9, 0, 0, 0),
            end: time(10, 10, 0, 0),
            minutes: 20,
        };
        let slots = wanted(&wish, &TimeZone::get("Europe/Madrid").unwrap());
        let starts: Vec<_> = slots.iter().map(|(start, _)| start.to_string()).collect();
        // The clocks go back between the Friday and the Monday.
        assert_eq!(starts[0], "2026-10-23T07:00:00Z");
        assert_eq!(starts[3], "2026-10-26T08:00:00Z");
        assert_eq!(starts.len(), 6, "the last ten minutes are no slot");
    }
}
