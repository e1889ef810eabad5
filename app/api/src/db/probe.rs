//! Whether a node may serve a request now.

use std::time::Duration;

use galeno_contract::api::Database;
use sqlx::{
    Connection, MySqlConnection, Row,
    mysql::{MySqlConnectOptions, MySqlDatabaseError},
};

use super::migrate::LATEST;

/// What a node is good for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fitness {
    /// In the Primary component, synced, writable, of the accepted generation.
    Fit,
    /// The same, but donor of a state transfer: it serves when no other node does.
    Donor,
    /// Its last answer was good and came late, or is awaited: it serves when no other node answers in time. On a machine that is
    /// busy all of them may be late, and late is better than never.
    Late,
    /// Not now.
    Unfit(Unfit),
}

impl Fitness {
    /// It may serve, and its last answer came in time.
    pub const fn in_time(self) -> bool {
        matches!(self, Self::Fit | Self::Donor)
    }

    /// It may serve, if only when no other node does.
    pub(super) const fn may_serve(self) -> bool {
        !matches!(self, Self::Unfit(_))
    }

    /// One word for whoever watches.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Fit | Self::Donor => "fit",
            Self::Late => "late",
            Self::Unfit(why) => why.word(),
        }
    }
}

/// Why a node may not serve.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Unfit {
    /// Not asked yet, or no answer in time.
    Unreachable,
    /// Not a member of a Primary component, or not ready.
    NotPrimary,
    /// Joining, or inconsistent.
    NotSynced,
    /// A Primary component without history: what a crash without recovery leaves behind.
    NoHistory,
    /// `read_only`: not the active generation, or under maintenance.
    ReadOnly,
    /// The expected generation's acceptance is not recorded.
    NotAccepted,
    /// Its tables are older than this program.
    OldSchema,
    /// Its server is older than this program: it has no `innodb_snapshot_isolation`, without which one change could write over
    /// another.
    OldServer,
    /// Another generation still serves, or may.
    OtherGeneration,
}

impl Unfit {
    /// One word for logs and metrics.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Unreachable => "unreachable",
            Self::NotPrimary => "not-primary",
            Self::NotSynced => "not-synced",
            Self::NoHistory => "no-history",
            Self::ReadOnly => "read-only",
            Self::NotAccepted => "not-accepted",
            Self::OldSchema => "old-schema",
            Self::OldServer => "old-server",
            Self::OtherGeneration => "other-generation",
        }
    }
}

/// What a node must show.
#[derive(Clone, Debug)]
pub(super) struct Demands {
    pub(super) galera: bool,
    pub(super) generation: Option<u32>,
    pub(super) schema: u32,
}

impl Demands {
    /// What the configuration asks, and tables as new as this program.
    pub(super) fn of(database: &Database) -> Self {
        Self {
            galera: database.require_galera,
            generation: database.expected_generation,
            schema: LATEST,
        }
    }

    /// What makes a node of another generation one that serves.
    pub(super) fn of_another(database: &Database) -> Self {
        Self {
            galera: database.require_galera,
            generation: None,
            schema: 0,
        }
    }
}

/// How long it may take to reach a node, shake hands and sign in. On a busy machine that takes longer than an answer may, and a node
/// that has left the pool must find back: within the deadline of an answer it might never.
pub(super) const OPENING: Duration = Duration::from_secs(3);

/// How long an answer may take before there is none.
const ANSWERING: Duration = Duration::from_secs(3);

/// One node's own connection for probing, kept open between probes.
pub(super) struct Probe {
    options: MySqlConnectOptions,
    open: Option<MySqlConnection>,
}

impl Probe {
    pub(super) fn new(options: MySqlConnectOptions) -> Self {
        Self { options, open: None }
    }

    /// Asks the node. An answer that takes longer than [`ANSWERING`] is none; opening a connection first may take [`OPENING`].
    pub(super) async fn ask(&mut self, demands: &Demands) -> Fitness {
        let mut connection = match self.open.take() {
            Some(connection) => connection,
            None => match tokio::time::timeout(OPENING, connect(&self.options)).await {
                Ok(Ok(new)) => new,
                Ok(Err(_)) | Err(_) => return Fitness::Unfit(Unfit::Unreachable),
            },
        };
        match tokio::time::timeout(ANSWERING, judge(&mut connection, demands)).await {
            Ok(Ok(fitness)) => {
                self.open = Some(connection);
                fitness
            }
            // Errors in a node that answers are a node that refuses: WSREP not ready, account fenced, table missing.
            Ok(Err(_)) | Err(_) => Fitness::Unfit(Unfit::Unreachable),
        }
    }
}

/// A connection that answers also while its node is behind.
pub(super) async fn connect(options: &MySqlConnectOptions) -> Result<MySqlConnection, sqlx::Error> {
    let mut new = MySqlConnection::connect_with(options).await?;
    sqlx::query("SET SESSION wsrep_sync_wait = 0").execute(&mut new).await?;
    Ok(new)
}

/// What the node behind a connection is good for.
pub(super) async fn judge(connection: &mut MySqlConnection, demands: &Demands) -> Result<Fitness, sqlx::Error> {
    let mut donor = false;
    // information_schema answers on a node that is not Primary; the tables below do not.
    let rows = sqlx::query(
        "SELECT VARIABLE_NAME AS name, VARIABLE_VALUE AS value FROM information_schema.GLOBAL_STATUS \
         WHERE VARIABLE_NAME IN ('WSREP_READY', 'WSREP_CLUSTER_STATUS', 'WSREP_LOCAL_STATE', \
         'WSREP_CLUSTER_STATE_UUID') UNION ALL SELECT 'READ_ONLY', @@GLOBAL.read_only \
         UNION ALL SELECT 'SNAPSHOT_ISOLATION', @@GLOBAL.innodb_snapshot_isolation",
    )
    .fetch_all(&mut *connection)
    .await;
    let rows = match rows {
        Err(error) if unknown_variable(&error) => return Ok(Fitness::Unfit(Unfit::OldServer)),
        rows => rows?,
    };
    let value = |name: &str| -> Option<String> {
        let row = rows.iter().find(|row| {
            row.try_get::<String, _>("name")
                .is_ok_and(|n| n.eq_ignore_ascii_case(name))
        })?;
        row.try_get("value").ok()
    };
    if demands.galera {
        if value("WSREP_CLUSTER_STATUS").as_deref() != Some("Primary") || value("WSREP_READY").as_deref() != Some("ON")
        {
            return Ok(Fitness::Unfit(Unfit::NotPrimary));
        }
        if value("WSREP_CLUSTER_STATE_UUID").is_none_or(|uuid| uuid.chars().all(|c| c == '0' || c == '-')) {
            return Ok(Fitness::Unfit(Unfit::NoHistory));
        }
        // wsrep_local_state: 4 Synced, 2 Donor.
        match value("WSREP_LOCAL_STATE").as_deref() {
            Some("4") => {}
            Some("2") => donor = true,
            _ => return Ok(Fitness::Unfit(Unfit::NotSynced)),
        }
    }
    if value("READ_ONLY").as_deref() != Some("0") {
        return Ok(Fitness::Unfit(Unfit::ReadOnly));
    }
    if let Some(generation) = demands.generation {
        let accepted: Option<i64> =
            sqlx::query_scalar("SELECT accepted_at IS NOT NULL FROM keeper.generation WHERE number = ?")
                .bind(generation)
                .fetch_optional(&mut *connection)
                .await
                .unwrap_or(None);
        if accepted != Some(1) {
            return Ok(Fitness::Unfit(Unfit::NotAccepted));
        }
    }
    let schema: Option<u32> = sqlx::query_scalar("SELECT MAX(version) FROM schema_migration")
        .fetch_one(&mut *connection)
        .await
        .unwrap_or(None);
    if schema.is_none_or(|version| version < demands.schema) {
        return Ok(Fitness::Unfit(Unfit::OldSchema));
    }
    Ok(if donor { Fitness::Donor } else { Fitness::Fit })
}

/// MariaDB's ER_UNKNOWN_SYSTEM_VARIABLE.
fn unknown_variable(error: &sqlx::Error) -> bool {
    error
        .as_database_error()
        .and_then(|error| error.try_downcast_ref::<MySqlDatabaseError>())
        .is_some_and(|error| error.number() == 1193)
}
