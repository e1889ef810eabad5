//! An API over an empty database, with organizations that have one person of each role.

use std::{collections::HashMap, path::PathBuf, sync::Arc};

use galeno_api::{
    App,
    authz::Role,
    db::{Account, Stamp, migrate, options},
    http::{Running, serve},
    keys::sha256,
};
use galeno_contract::api::{ApiConfig, DatabaseNode};
use serde_json::{Value, json};
use sqlx::{Connection, MySqlConnection};
use uuid::Uuid;

use super::{Client, MariaDb, eventually};

/// A running API and what it serves.
pub struct World {
    pub app: Arc<App>,
    pub running: Running,
    pub anonymous: Client,
    pub config: ApiConfig,
    pub database: String,
    pub db: MySqlConnection,
    pub directory: tempfile::TempDir,
}

/// An organization with one person of each role, signed in.
pub struct Organization {
    pub id: Uuid,
    pub slug: String,
    pub clinic: Uuid,
    pub staff: HashMap<Role, Uuid>,
    clients: HashMap<Role, Client>,
    /// A patient with an account.
    pub patient: Uuid,
}

impl Organization {
    /// Somebody of that role.
    pub fn client(&self, role: Role) -> &Client {
        &self.clients[&role]
    }

    pub fn physician(&self) -> &Client {
        self.client(Role::Physician)
    }

    pub fn receptionist(&self) -> &Client {
        self.client(Role::Receptionist)
    }

    pub fn patient(&self) -> &Client {
        self.client(Role::Patient)
    }
}

/// The configuration of an API on this machine.
pub fn config(ports: &[u16], database: &str, directory: &std::path::Path) -> ApiConfig {
    let write = |name: &str, text: &str| -> PathBuf {
        let path = directory.join(name);
        std::fs::write(&path, text).unwrap();
        path
    };
    let nodes = ports
        .iter()
        .map(|port| DatabaseNode {
            host: "127.0.0.1".into(),
            port: *port,
        })
        .collect::<Vec<_>>();
    serde_json::from_value(json!({
        "server": {
            "listen": "127.0.0.1:0", "managementListen": "127.0.0.1:0", "publicUrl": "https://api.clinic.example",
            "webOrigins": ["https://clinic.example"], "drainDelay": "1ms", "drainTimeout": "5s"
        },
        "database": {
            "nodes": nodes, "name": database, "user": "api", "passwordFile": write("password", "secret\n"),
            "requireGalera": false, "connectionsPerNode": 24, "acquireTimeout": "30s"
        },
        "security": {
            "keyFiles": [write("key", "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\n")],
            "webauthn": {"rpId": "clinic.example", "rpName": "Clinic"}
        },
        "limits": {
            "requestTimeout": "60s", "requestsPerMinute": 1_000_000, "anonymousRequestsPerMinute": 1_000_000,
            "signInsPerMinute": 1_000_000, "concurrentRequests": 1000
        },
        "locale": "en"
    }))
    .unwrap()
}

/// The API's database account, with what the grants of production allow it.
pub async fn grant(root: &mut MySqlConnection, database: &str) {
    for statement in [
        "CREATE USER IF NOT EXISTS api@'127.0.0.1' IDENTIFIED BY 'secret'".to_owned(),
        format!("GRANT SELECT, INSERT, UPDATE, DELETE ON {database}.* TO api@'127.0.0.1'"),
        "CREATE DATABASE IF NOT EXISTS keeper".to_owned(),
        "GRANT SELECT ON keeper.* TO api@'127.0.0.1'".to_owned(),
    ] {
        sqlx::raw_sql(sqlx::AssertSqlSafe(statement))
            .execute(&mut *root)
            .await
            .unwrap();
    }
}

impl World {
    /// Which of what must hold in any database does not hold in this one.
    pub async fn broken(&mut self) -> Vec<&'static str> {
        let mut broken = Vec::new();
        for (name, query) in galeno_contract::invariants::ALL {
            let rows = sqlx::raw_sql(query).fetch_all(&mut self.db).await;
            if !rows.unwrap_or_else(|error| panic!("{name}: {error}")).is_empty() {
                broken.push(name);
            }
        }
        broken
    }

    /// A world on the shared server.
    pub async fn new() -> Self {
        Self::with(|_| {}).await
    }

    /// The same, with a change to the configuration.
    pub async fn with(change: impl FnOnce(&mut ApiConfig)) -> Self {
        Self::on(MariaDb::shared(), change).await
    }

    /// A world on a server.
    pub async fn on(server: &MariaDb, change: impl FnOnce(&mut ApiConfig)) -> Self {
        let database = server.database().await;
        Self::of(server, &database, change).await
    }

    /// A world on a database, which may have been used before.
    pub async fn of(server: &MariaDb, database: &str, change: impl FnOnce(&mut ApiConfig)) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let mut root = server.connect().await;
        grant(&mut root, database).await;
        migrate(&server.root().database(database), std::time::Duration::from_mins(1))
            .await
            .unwrap();
        let mut config = config(&[server.port], database, directory.path());
        change(&mut config);
        Self::start(config, database, directory, server).await
    }

    pub async fn start(config: ApiConfig, database: &str, directory: tempfile::TempDir, server: &MariaDb) -> Self {
        let db = MySqlConnection::connect_with(&server.root().database(database))
            .await
            .unwrap();
        let app = App::start(config.clone()).unwrap();
        let running = serve(app.clone()).await.unwrap();
        eventually("the API is ready", || async { app.cluster.choose().ok() }).await;
        let anonymous = Client::new(running.address);
        Self {
            app,
            running,
            anonymous,
            config,
            database: database.to_owned(),
            db,
            directory,
        }
    }

    /// A session for an account, as a sign-in with a second factor would make it.
    pub async fn session(&mut self, organization: Uuid, account: Uuid) -> String {
        let token = self.app.keys.token("gs").unwrap();
        let now = Stamp::now();
        sqlx::query(
            "INSERT INTO session (token_hash, organization, id, account, enrolled, method, created_at, seen_at, expires_at) \
             VALUES (?, ?, ?, ?, TRUE, 'test', ?, ?, ?)",
        )
        .bind(&sha256(&token)[..])
        .bind(organization)
        .bind(Uuid::now_v7())
        .bind(account)
        .bind(now)
        .bind(now)
        .bind(now.plus(std::time::Duration::from_hours(1)))
        .execute(&mut self.db)
        .await
        .unwrap();
        token
    }

    async fn account(
        &mut self,
        organization: Uuid,
        username: &str,
        staff: Option<Uuid>,
        patient: Option<Uuid>,
    ) -> Uuid {
        let (id, now) = (Uuid::now_v7(), Stamp::now());
        sqlx::query(
            "INSERT INTO account (organization, id, username, staff, patient, created_at, updated_at) VALUES (?, ?, ?, ?, ?, ?, ?)",
        )
        .bind(organization)
        .bind(id)
        .bind(username)
        .bind(staff)
        .bind(patient)
        .bind(now)
        .bind(now)
        .execute(&mut self.db)
        .await
        .unwrap();
        id
    }

    /// A member of staff with a session.
    pub async fn staff(&mut self, organization: Uuid, role: Role, number: usize) -> (Uuid, Client) {
        let (id, now) = (Uuid::now_v7(), Stamp::now());
        sqlx::query(
            "INSERT INTO staff (organization, id, role, given_name, family_name, license_number, created_at, updated_at) \
             VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        )
        .bind(organization)
        .bind(id)
        .bind(role.word())
        .bind("Test")
        .bind(format!("{} {number}", role.word()))
        .bind(format!("{}-{number}", role.word()))
        .bind(now)
        .bind(now)
        .execute(&mut self.db)
        .await
        .unwrap();
        let account = self
            .account(organization, &format!("{}{number}", role.word()), Some(id), None)
            .await;
        let token = self.session(organization, account).await;
        (id, self.anonymous.with(&token))
    }

    /// Access for a patient, with a session.
    pub async fn patient_client(&mut self, organization: Uuid, patient: Uuid) -> Client {
        let account = self
            .account(organization, &format!("p-{}", patient.simple()), None, Some(patient))
            .await;
        let token = self.session(organization, account).await;
        self.anonymous.with(&token)
    }

    /// An organization.
    pub async fn organization(&mut self, slug: &str) -> Organization {
        let (id, clinic, now) = (Uuid::now_v7(), Uuid::now_v7(), Stamp::now());
        sqlx::query(
            "INSERT INTO organization (id, slug, name, time_zone, created_at) VALUES (?, ?, ?, 'Europe/Madrid', ?)",
        )
        .bind(id)
        .bind(slug)
        .bind(slug)
        .bind(now)
        .execute(&mut self.db)
        .await
        .unwrap();
        sqlx::query(
            "INSERT INTO clinic (organization, id, code, name, created_at, updated_at) VALUES (?, ?, 'MAIN', 'Main', ?, ?)",
        )
        .bind(id)
        .bind(clinic)
        .bind(now)
        .bind(now)
        .execute(&mut self.db)
        .await
        .unwrap();
        let (mut staff, mut clients) = (HashMap::new(), HashMap::new());
        for role in [
            Role::Physician,
            Role::Nurse,
            Role::Receptionist,
            Role::Pharmacist,
            Role::Administrator,
            Role::Auditor,
        ] {
            let (member, client) = self.staff(id, role, 1).await;
            staff.insert(role, member);
            clients.insert(role, client);
        }
        let patient = register(&clients[&Role::Receptionist], "Ana", &format!("García {slug}")).await;
        let client = self.patient_client(id, patient).await;
        clients.insert(Role::Patient, client);
        Organization {
            id,
            slug: slug.to_owned(),
            clinic,
            staff,
            clients,
            patient,
        }
    }

    /// The physician of the organization treats the patient.
    pub async fn treats(&self, organization: &Organization, staff: Uuid, patient: Uuid) {
        let body = json!({"staff": staff, "reason": "test"});
        let path = format!("/patients/{patient}/care-team");
        organization
            .client(Role::Administrator)
            .post(&path, body)
            .await
            .expect(201);
    }

    /// Another API over the same database, as a second replica.
    pub async fn replica(&self, config: &ApiConfig) -> (Arc<App>, Running, Client) {
        let app = App::start(config.clone()).unwrap();
        let running = serve(app.clone()).await.unwrap();
        eventually("the replica is ready", || async { app.cluster.choose().ok() }).await;
        let client = Client::new(running.address);
        (app, running, client)
    }
}

/// What a patient looks like.
pub fn person(given: &str, family: &str) -> Value {
    json!({"given_name": given, "family_name": family, "birth_date": "1980-05-17", "sex": "female"})
}

/// Registers a patient.
pub async fn register(receptionist: &Client, given: &str, family: &str) -> Uuid {
    let body = json!({"patient": person(given, family), "not_a_duplicate": true});
    receptionist
        .post("/patients", body)
        .await
        .expect(201)
        .id()
        .parse()
        .unwrap()
}

/// Options of the migration account.
pub fn migration(config: &ApiConfig) -> sqlx::mysql::MySqlConnectOptions {
    options(&config.database, &config.database.nodes[0], Account::Migration).unwrap()
}
