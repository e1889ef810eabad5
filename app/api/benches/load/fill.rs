//! A database of a size, and what the clients take from it.

use std::{
    collections::HashMap,
    sync::atomic::{AtomicUsize, Ordering},
};

use galeno_api::{
    authz::Role,
    seed::{Size, seed},
};
use sqlx::{MySqlConnection, Row as _};
use uuid::Uuid;

use crate::{
    Plan,
    support::{World, mariadb::run},
};

/// What the clients take from the database.
pub struct Stock {
    pub organization: Uuid,
    pub patients: Vec<Uuid>,
    pub names: Vec<String>,
    pub tokens: HashMap<Role, String>,
    /// The member of staff behind each token.
    pub staff: HashMap<Role, Uuid>,
    slots: Vec<Uuid>,
    next: AtomicUsize,
}

impl Stock {
    /// A slot that nobody has had; none when they are used up.
    pub fn slot(&self) -> Option<Uuid> {
        self.slots.get(self.next.fetch_add(1, Ordering::Relaxed)).copied()
    }
}

/// Seeds patients with records, one schedule with slots for everybody, and a log; but for what a run before has left, when the
/// database was filled by one.
pub async fn fill(world: &mut World, plan: &Plan, filled: bool) -> Stock {
    let organization = if filled {
        sqlx::query_scalar("SELECT id FROM organization WHERE slug = 'bench'")
            .fetch_one(&mut world.db)
            .await
            .unwrap()
    } else {
        people(world, plan.patients).await
    };
    let (mut tokens, mut staff) = (HashMap::new(), HashMap::new());
    for role in [Role::Receptionist, Role::Physician] {
        let (account, member): (Uuid, Uuid) =
            sqlx::query_as("SELECT id, staff FROM account WHERE organization = ? AND username = ?")
                .bind(organization)
                .bind(role.word())
                .fetch_one(&mut world.db)
                .await
                .unwrap();
        tokens.insert(role, world.session(organization, account).await);
        staff.insert(role, member);
    }
    let patients: Vec<Uuid> =
        sqlx::query_scalar("SELECT id FROM patient WHERE organization = ? ORDER BY MD5(id) LIMIT 5000")
            .bind(organization)
            .fetch_all(&mut world.db)
            .await
            .unwrap();
    if !filled {
        care(world, organization, &patients, staff[&Role::Physician]).await;
    }
    let names = sqlx::query_scalar(
        "SELECT CONCAT(given_name, ' ', family_name) FROM patient WHERE organization = ? ORDER BY MD5(id) LIMIT 500",
    )
    .bind(organization)
    .fetch_all(&mut world.db)
    .await
    .unwrap();
    log(world, organization, plan.log_rows).await;
    offer(world, organization).await;
    let slots = free(world, organization).await;
    Stock {
        organization,
        patients,
        names,
        tokens,
        staff,
        slots,
        next: AtomicUsize::new(0),
    }
}

async fn people(world: &mut World, patients: u32) -> Uuid {
    let size = Size {
        patients,
        clinics: 2,
        entries: 3,
        days: 5,
    };
    let now = jiff::Timestamp::now();
    let keys = &world.app.keys;
    let seeded = seed(&mut world.db, keys, "bench", 1, &size, now, |_, _, _| {}).await;
    seeded.unwrap().organization
}

/// The physician treats those who are asked about.
async fn care(world: &mut World, organization: Uuid, patients: &[Uuid], physician: Uuid) {
    for patient in patients {
        sqlx::query(
            "INSERT INTO care_team (organization, id, patient, staff, reason, since, added_by) VALUES (?, ?, ?, ?, 'bench', NOW(6), ?)",
        )
        .bind(organization)
        .bind(Uuid::now_v7())
        .bind(patient)
        .bind(physician)
        .bind(physician)
        .execute(&mut world.db)
        .await
        .unwrap();
    }
}

/// Lines of a lane that no process writes to: what counts here is how large the table and its indexes are.
async fn log(world: &mut World, organization: Uuid, rows: u64) {
    const STEP: u64 = 100_000;
    let known: u64 = sqlx::query_scalar(
        "SELECT CAST(COALESCE(MAX(seq), 0) AS UNSIGNED) FROM access_log WHERE organization = ? AND lane = 60000",
    )
    .bind(organization)
    .fetch_one(&mut world.db)
    .await
    .unwrap();
    for from in (known + 1..=rows).step_by(usize::try_from(STEP).unwrap()) {
        let to = (from + STEP - 1).min(rows);
        let sql = format!(
            "INSERT INTO access_log SELECT ?, 60000, seq, UNHEX(MD5(seq)), NOW(6), 'staff', UNHEX(MD5(CONCAT('s', seq % 500))), \
             'physician', 'care', 'TREAT', 'record.read', 'done', UNHEX(MD5(CONCAT('p', seq % 50000))), 'entry', NULL, \
             UNHEX(MD5(CONCAT('r', seq))), NULL, UNHEX(SHA2(seq, 256)) FROM seq_{from}_to_{to}"
        );
        sqlx::query(sqlx::AssertSqlSafe(sql))
            .bind(organization)
            .execute(&mut world.db)
            .await
            .unwrap();
    }
}

/// Slots of years ahead, after those that there are: as many as any run books.
async fn offer(world: &mut World, organization: Uuid) {
    let last: i64 = sqlx::query_scalar(
        "SELECT COALESCE(MAX(TIMESTAMPDIFF(MINUTE, '2040-01-01', starts_at)), 0) FROM slot \
         WHERE organization = ? AND starts_at >= '2040-01-01'",
    )
    .bind(organization)
    .fetch_one(&mut world.db)
    .await
    .unwrap();
    sqlx::query(
        "INSERT INTO slot (organization, id, schedule, starts_at, ends_at) \
         SELECT c.organization, UNHEX(MD5(CONCAT(HEX(c.id), s.seq + ?))), c.id, '2040-01-01' + INTERVAL s.seq + ? MINUTE, \
         '2040-01-01' + INTERVAL s.seq + ? + 1 MINUTE FROM schedule c JOIN seq_1_to_20000 s WHERE c.organization = ?",
    )
    .bind(last)
    .bind(last)
    .bind(last)
    .bind(organization)
    .execute(&mut world.db)
    .await
    .unwrap();
}

/// Those that nobody has booked.
async fn free(world: &mut World, organization: Uuid) -> Vec<Uuid> {
    sqlx::query_scalar(
        "SELECT s.id FROM slot s LEFT JOIN appointment a ON a.organization = s.organization AND a.slot = s.id \
         WHERE s.organization = ? AND s.starts_at >= '2040-01-01' AND a.id IS NULL ORDER BY MD5(s.id)",
    )
    .bind(organization)
    .fetch_all(&mut world.db)
    .await
    .unwrap()
}

/// Waits until what was filled in is on the disk: its writing is no part of what is measured.
pub async fn settle(root: &mut MySqlConnection) {
    set(
        root,
        &[
            "innodb_io_capacity_max = 40000",
            "innodb_io_capacity = 20000",
            "innodb_max_dirty_pages_pct = 0",
        ],
    )
    .await;
    loop {
        let row = sqlx::query("SHOW GLOBAL STATUS LIKE 'Innodb_buffer_pool_pages_dirty'")
            .fetch_one(&mut *root)
            .await
            .unwrap();
        if row.get::<String, _>(1).parse::<u64>().unwrap() < 100 {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(500)).await;
    }
    set(
        root,
        &[
            "innodb_max_dirty_pages_pct = 90",
            "innodb_io_capacity = 200",
            "innodb_io_capacity_max = 2000",
        ],
    )
    .await;
}

/// To the values of the server's defaults, in the end.
async fn set(root: &mut MySqlConnection, variables: &[&str]) {
    for variable in variables {
        run(root, &format!("SET GLOBAL {variable}")).await;
    }
}
