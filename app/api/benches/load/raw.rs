//! The same transactions as the API runs, by prepared statements and nothing else: no HTTP, no JSON, no checks.

use std::sync::Arc;

use galeno_api::{
    authz::Role,
    db::{Account, Day, Stamp, begin_session, options},
    keys::sha256,
    people::{after, words},
};
use sqlx::{Connection, MySqlConnection, Row};
use uuid::Uuid;

use crate::{Kind, fill::Stock, measure::Worker, support::World};

const SESSION: &str = "SELECT s.id, s.organization, s.account, s.enrolled, s.seen_at, a.staff, a.patient, st.role \
    FROM session s JOIN account a ON a.organization = s.organization AND a.id = s.account \
    LEFT JOIN staff st ON st.organization = a.organization AND st.id = a.staff \
    WHERE s.token_hash = ? AND s.expires_at > ? AND a.active AND (a.staff IS NULL OR st.active)";

const STANDING: &str = "SELECT \
    EXISTS (SELECT 1 FROM care_team c WHERE c.organization = ? AND c.staff = ? AND c.patient = p.id \
      AND (c.until IS NULL OR c.until > ?)) AS named, \
    EXISTS (SELECT 1 FROM appointment a WHERE a.organization = ? AND a.staff = ? AND a.patient = p.id \
      AND a.starts_at BETWEEN ? AND ? AND a.status IN ('booked', 'arrived', 'fulfilled')) AS appointed, \
    EXISTS (SELECT 1 FROM break_glass b WHERE b.organization = ? AND b.staff = ? AND b.patient = p.id \
      AND b.expires_at > ?) AS emergency, p.restricted FROM patient p WHERE p.organization = ? AND p.id = ?";

macro_rules! patient {
    ($lock:literal) => {
        concat!(
            "SELECT id, document_type, document_number, given_name, family_name, birth_date, sex, phone, email, address, \
             postal_code, language, deceased_at, synthetic, merged_into, restricted, erased_at, version, updated_at \
             FROM patient WHERE organization = ? AND id = ?",
            $lock
        )
    };
}

const SEARCH: &str = "SELECT id, document_type, document_number, given_name, family_name, birth_date, sex, phone, email, \
    address, postal_code, language, deceased_at, synthetic, merged_into, restricted, erased_at, version, updated_at, \
    f.called, f.also FROM (SELECT w.organization AS home, w.patient AS found, w.word AS called, w.other AS also \
      FROM patient_pair w FORCE INDEX (PRIMARY) \
      JOIN patient p ON p.organization = w.organization AND p.id = w.patient WHERE w.organization = ? \
      AND ((w.word = ? AND w.other = ? AND w.patient > ?) OR (w.word = ? AND w.other > ? AND w.other < ?) \
        OR (w.word > ? AND w.word < ? AND LEFT(w.other, CHAR_LENGTH(?)) = ?)) \
      AND (? IS NULL OR w.name LIKE ?) AND (? IS NULL OR w.name LIKE ?) \
      AND NOT EXISTS (SELECT 1 FROM patient_pair e FORCE INDEX (patient_pair_of) WHERE e.organization = w.organization \
        AND e.patient = w.patient AND e.word >= ? AND e.word < ? AND e.other >= ? AND e.other < ? \
        AND (e.word < w.word OR (e.word = w.word AND e.other < w.other))) \
      AND (? IS NOT NULL OR NOT EXISTS (SELECT 1 FROM patient_word u WHERE u.unpaired = TRUE AND u.organization = w.organization)) \
      AND p.merged_into IS NULL AND p.erased_at IS NULL AND (? IS NULL OR p.birth_date = ?) \
      AND (? IS NULL OR p.document_number = ?) AND (? IS NULL OR p.phone = ?) \
      ORDER BY w.word, w.other, w.patient LIMIT ?) f JOIN patient ON organization = f.home AND id = f.found \
    ORDER BY f.called, f.also, id";

/// One connection with a lane of the log of its own.
pub struct Raw {
    db: MySqlConnection,
    stock: Arc<Stock>,
    staff: Uuid,
    token: [u8; 32],
    lane: u16,
    seq: u64,
}

/// Connections of a member of staff.
pub async fn connect(world: &World, stock: &Arc<Stock>, role: Role, count: usize) -> Vec<Raw> {
    let mut connections = Vec::new();
    for number in 0..count {
        let options = options(
            &world.config.database,
            &world.config.database.nodes[0],
            Account::Service,
        )
        .unwrap();
        let mut db = MySqlConnection::connect_with(&options).await.unwrap();
        begin_session(&mut db).await.unwrap();
        let lane = 50_000 + u16::try_from(number).unwrap();
        sqlx::query(
            "INSERT IGNORE INTO access_lane (organization, lane, seq, hash, seal, seal_key, updated_at) \
             VALUES (?, ?, 0, REPEAT('x', 32), REPEAT('x', 32), 'xxxxxxxx', NOW(6))",
        )
        .bind(stock.organization)
        .bind(lane)
        .execute(&mut db)
        .await
        .unwrap();
        let seq: u64 = sqlx::query_scalar("SELECT seq FROM access_lane WHERE organization = ? AND lane = ?")
            .bind(stock.organization)
            .bind(lane)
            .fetch_one(&mut db)
            .await
            .unwrap();
        connections.push(Raw {
            db,
            stock: stock.clone(),
            staff: stock.staff[&role],
            token: sha256(&stock.tokens[&role]),
            lane,
            seq,
        });
    }
    connections
}

impl Raw {
    async fn transaction(&mut self, kind: Kind, number: usize) -> Result<bool, sqlx::Error> {
        let stock = self.stock.clone();
        let patient = stock.patients[number % stock.patients.len()];
        sqlx::raw_sql("BEGIN").execute(&mut self.db).await?;
        sqlx::query(SESSION)
            .bind(&self.token[..])
            .bind(Stamp::now())
            .fetch_one(&mut self.db)
            .await?;
        let seen = match kind {
            Kind::Read => {
                self.standing(patient).await?;
                self.patient(patient!(""), patient).await?;
                vec![patient]
            }
            Kind::Search => self.search(&stock.names[number % stock.names.len()]).await?,
            Kind::Book => {
                self.standing(patient).await?;
                self.patient(patient!(" LOCK IN SHARE MODE"), patient).await?;
                let Some(slot) = stock.slot() else { return Ok(false) };
                self.book(patient, slot).await?;
                vec![patient]
            }
            Kind::Prescribe => {
                self.standing(patient).await?;
                self.patient(patient!(" LOCK IN SHARE MODE"), patient).await?;
                self.prescribe(patient).await?;
                vec![patient]
            }
        };
        self.log(&seen).await?;
        sqlx::raw_sql("COMMIT").execute(&mut self.db).await?;
        Ok(true)
    }

    async fn standing(&mut self, patient: Uuid) -> Result<(), sqlx::Error> {
        let (organization, now) = (self.stock.organization, Stamp::now());
        sqlx::query(STANDING)
            .bind(organization)
            .bind(self.staff)
            .bind(now)
            .bind(organization)
            .bind(self.staff)
            .bind(now)
            .bind(now)
            .bind(organization)
            .bind(self.staff)
            .bind(now)
            .bind(organization)
            .bind(patient)
            .fetch_one(&mut self.db)
            .await?;
        Ok(())
    }

    async fn patient(&mut self, sql: &'static str, patient: Uuid) -> Result<(), sqlx::Error> {
        sqlx::query(sql)
            .bind(self.stock.organization)
            .bind(patient)
            .fetch_one(&mut self.db)
            .await?;
        Ok(())
    }

    async fn search(&mut self, name: &str) -> Result<Vec<Uuid>, sqlx::Error> {
        let mut words = words(name);
        words.sort_by_key(|word| std::cmp::Reverse(word.len()));
        let word = |index: usize| words.get(index).map(|word| format!("% {word}%"));
        let (first, second) = (&words[0], &words[1]);
        let rows = sqlx::query(SEARCH)
            .bind(self.stock.organization)
            .bind(first)
            .bind(second)
            .bind(Uuid::nil())
            .bind(first)
            .bind(second)
            .bind(after(second))
            .bind(first)
            .bind(after(first))
            .bind(second)
            .bind(second)
            .bind(word(2))
            .bind(word(2))
            .bind(word(3))
            .bind(word(3))
            .bind(first)
            .bind(after(first))
            .bind(second)
            .bind(after(second))
            .bind(None::<String>)
            .bind(None::<Day>)
            .bind(None::<Day>)
            .bind(None::<String>)
            .bind(None::<String>)
            .bind(None::<String>)
            .bind(None::<String>)
            .bind(11)
            .fetch_all(&mut self.db)
            .await?;
        let mut ids = rows
            .iter()
            .map(|row| row.try_get("id"))
            .collect::<Result<Vec<Uuid>, _>>()?;
        ids.truncate(10);
        Ok(ids)
    }

    async fn book(&mut self, patient: Uuid, slot: Uuid) -> Result<(), sqlx::Error> {
        let (organization, id, now) = (self.stock.organization, Uuid::now_v7(), Stamp::now());
        let row = sqlx::query(
            "SELECT s.starts_at, s.ends_at, s.blocked, c.active, c.staff FROM slot s \
             JOIN schedule c ON c.organization = s.organization AND c.id = s.schedule WHERE s.organization = ? AND s.id = ?",
        )
        .bind(organization)
        .bind(slot)
        .fetch_one(&mut self.db)
        .await?;
        let (starts, ends, staff): (Stamp, Stamp, Uuid) = (
            row.try_get("starts_at")?,
            row.try_get("ends_at")?,
            row.try_get("staff")?,
        );
        sqlx::query(
            "INSERT INTO appointment (organization, id, slot, patient, staff, status, starts_at, ends_at, reason, created_at, \
             updated_at) VALUES (?, ?, ?, ?, ?, 'booked', ?, ?, NULL, ?, ?)",
        )
        .bind(organization)
        .bind(id)
        .bind(slot)
        .bind(patient)
        .bind(staff)
        .bind(starts)
        .bind(ends)
        .bind(now)
        .bind(now)
        .execute(&mut self.db)
        .await?;
        sqlx::query(
            "SELECT id, slot, patient, staff, status, starts_at, ends_at, reason, version, updated_at FROM appointment \
             WHERE organization = ? AND patient = ? AND id = ?",
        )
        .bind(organization)
        .bind(patient)
        .bind(id)
        .fetch_one(&mut self.db)
        .await?;
        sqlx::query(
            "INSERT INTO appointment_event (organization, appointment, version, status, slot, actor, reason, at) \
             VALUES (?, ?, 1, 'booked', ?, ?, NULL, ?)",
        )
        .bind(organization)
        .bind(id)
        .bind(slot)
        .bind(self.staff)
        .bind(now)
        .execute(&mut self.db)
        .await?;
        Ok(())
    }

    async fn prescribe(&mut self, patient: Uuid) -> Result<(), sqlx::Error> {
        let (organization, id, now) = (self.stock.organization, Uuid::now_v7(), Stamp::now());
        sqlx::query(
            "INSERT INTO prescription (organization, id, patient, prescriber, status, atc, national_code, medication, dose, route, \
             frequency, duration_days, quantity, unit, indication, created_at, updated_at) \
             VALUES (?, ?, ?, ?, 'draft', ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        )
        .bind(organization)
        .bind(id)
        .bind(patient)
        .bind(self.staff)
        .bind("N02BE01")
        .bind(None::<String>)
        .bind("Paracetamol 1 g")
        .bind("1")
        .bind("oral")
        .bind("cada 8 horas")
        .bind(None::<u32>)
        .bind(20)
        .bind("comprimidos")
        .bind(None::<String>)
        .bind(now)
        .bind(now)
        .execute(&mut self.db)
        .await?;
        sqlx::query("SELECT * FROM prescription WHERE organization = ? AND patient = ? AND id = ?")
            .bind(organization)
            .bind(patient)
            .bind(id)
            .fetch_one(&mut self.db)
            .await?;
        sqlx::query(
            "INSERT INTO prescription_event (organization, prescription, version, status, actor, reason, at) \
             VALUES (?, ?, 1, 'draft', ?, NULL, ?)",
        )
        .bind(organization)
        .bind(id)
        .bind(self.staff)
        .bind(now)
        .execute(&mut self.db)
        .await?;
        sqlx::query(
            "SELECT e.id, v.content FROM entry e \
             JOIN entry_version v ON v.organization = e.organization AND v.entry = e.id AND v.version = e.version \
             WHERE e.organization = ? AND e.patient = ? AND e.kind = 'allergy' AND e.status <> 'entered-in-error' LIMIT 500",
        )
        .bind(organization)
        .bind(patient)
        .fetch_all(&mut self.db)
        .await?;
        sqlx::query(
            "SELECT id, atc, medication FROM prescription WHERE organization = ? AND patient = ? \
             AND status IN ('active', 'on-hold') AND id <> ? AND (valid_until IS NULL OR valid_until > ?) LIMIT 200",
        )
        .bind(organization)
        .bind(patient)
        .bind(id)
        .bind(now)
        .fetch_all(&mut self.db)
        .await?;
        Ok(())
    }

    async fn log(&mut self, seen: &[Uuid]) -> Result<(), sqlx::Error> {
        let (organization, now) = (self.stock.organization, Stamp::now());
        let lines = seen.len().max(1);
        let hash = [b'x'; 32];
        sqlx::query(
            "UPDATE access_lane SET seq = ?, hash = ?, seal = ?, seal_key = ?, updated_at = ? \
             WHERE organization = ? AND lane = ? AND seq = ? AND hash = ?",
        )
        .bind(self.seq + lines as u64)
        .bind(&hash[..])
        .bind(&hash[..])
        .bind(&hash[..8])
        .bind(now)
        .bind(organization)
        .bind(self.lane)
        .bind(self.seq)
        .bind(&hash[..])
        .execute(&mut self.db)
        .await?;
        let mut insert = sqlx::QueryBuilder::<sqlx::MySql>::new(
            "INSERT INTO access_log (organization, lane, seq, id, at, actor_kind, actor, role, relation, purpose, action, \
             outcome, patient, resource_kind, resource, request, source, hash) ",
        );
        insert.push_values(0..lines, |mut values, line| {
            self.seq += 1;
            values
                .push_bind(organization)
                .push_bind(self.lane)
                .push_bind(self.seq)
                .push_bind(Uuid::now_v7())
                .push_bind(now)
                .push_bind("staff")
                .push_bind(self.staff)
                .push_bind("physician")
                .push_bind("care")
                .push_bind("TREAT")
                .push_bind("patient.read")
                .push_bind("done")
                .push_bind(seen.get(line).copied())
                .push_bind("patient")
                .push_bind(seen.get(line).copied())
                .push_bind(Uuid::now_v7())
                .push_bind(&[127_u8, 0, 0, 1][..])
                .push_bind(&[0_u8; 32][..]);
        });
        insert.build().persistent(true).execute(&mut self.db).await?;
        Ok(())
    }
}

impl Worker for Raw {
    async fn work(&mut self, kind: Kind, number: usize) -> bool {
        self.transaction(kind, number).await.unwrap()
    }
}
