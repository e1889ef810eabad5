//! Configuration of the clinical API.
//!
//! Secrets are never in it: each one is the path of a file (a mounted `Secret`). Paths are absolute.

use std::{net::SocketAddr, path::PathBuf};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use crate::duration::Duration;

/// Where a container of the API finds its [`ApiConfig`].
pub const CONFIG_FILE: &str = "/etc/galeno/api/api.yaml";

/// What `api serve`, `api migrate` and `api seed` read at start.
///
/// `database` is read again while the API runs, so that a new active generation needs no restart; certificates are
/// read again when their files change. Everything else needs a restart.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct ApiConfig {
    /// Where clients reach the API and the management port.
    pub server: Server,
    /// The database's nodes and how to reach them.
    pub database: Database,
    /// Keys, sessions, lockout and sign-in.
    pub security: Security,
    /// Bounds on what one request, one client and the whole process may use.
    #[serde(default)]
    pub limits: Limits,
    /// Language of messages when the client asks for none that is known.
    #[serde(default)]
    pub locale: Locale,
    /// Logs and traces.
    #[serde(default)]
    pub telemetry: Telemetry,
}

/// Where the API listens and what it is called from outside.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Server {
    /// Address of `/api/v1` and `/fhir`, for example `[::]:8443`.
    pub listen: SocketAddr,
    /// Address of `/livez`, `/readyz` and `/metrics`, for example `[::]:9090`. Plain HTTP: the kubelet and Prometheus
    /// call it, and a NetworkPolicy lets nobody else in. It never serves data about a person.
    pub management_listen: SocketAddr,
    /// The address that people and FHIR clients use, for example `https://api.clinic.example`. No trailing slash.
    pub public_url: String,
    /// TLS of `listen`. Without it the API serves plain HTTP, and then only on a loopback address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tls: Option<ServerTls>,
    /// Addresses (CIDR) of the proxies whose `X-Forwarded-For` header is believed.
    #[serde(default)]
    pub trusted_proxies: Vec<String>,
    /// Origins of web applications that may call the API from a browser, for example `https://clinic.example`.
    #[serde(default)]
    pub web_origins: Vec<String>,
    /// How long `/readyz` already says no before the API stops accepting, so that balancers have noticed.
    #[serde(default = "default_drain_delay")]
    pub drain_delay: Duration,
    /// How long requests in flight may go on after that.
    #[serde(default = "default_drain_timeout")]
    pub drain_timeout: Duration,
}

fn default_drain_delay() -> Duration {
    Duration::from_secs(5)
}

fn default_drain_timeout() -> Duration {
    Duration::from_secs(30)
}

/// Files of the API's own TLS. They are read again when they change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct ServerTls {
    /// PEM: the certificate and its chain.
    pub certificate_file: PathBuf,
    /// PEM: the private key.
    pub key_file: PathBuf,
    /// PEM: the authority of client certificates. When given, a client without a certificate of it is refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_ca_file: Option<PathBuf>,
}

/// The database: one generation of a Galera cluster.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Database {
    /// Every node of the active generation, in order of preference for writes.
    #[schemars(length(min = 1))]
    pub nodes: Vec<DatabaseNode>,
    /// The nodes of every other generation. While one of them serves, this one does not: each program hears in its own time which
    /// generation is active, and clients must never be served from two.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub other_generations: Vec<DatabaseNode>,
    /// Name of the database.
    pub name: String,
    /// The account that serves requests: it can read and change rows of `name` and read `keeper.generation`, no more.
    pub user: String,
    /// File with that account's password.
    pub password_file: PathBuf,
    /// The account that `api migrate` uses: it owns the tables of `name`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub migration_user: Option<String>,
    /// File with that account's password.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub migration_password_file: Option<PathBuf>,
    /// TLS towards the nodes. Without it the connection is plain, and then only to a loopback address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tls: Option<DatabaseTls>,
    /// The number of the generation that is active. No request is served before that generation's acceptance is
    /// recorded in `keeper.generation`. Absent: the database is not under a keeper (a developer's machine).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expected_generation: Option<u32>,
    /// Refuse a node that is not a member of a Primary component. False only on a developer's machine.
    #[serde(default = "yes")]
    pub require_galera: bool,
    /// Which nodes take writes.
    #[serde(default)]
    pub routing: Routing,
    /// Open connections to each node, at most.
    #[serde(default = "default_pool")]
    #[schemars(range(min = 1, max = 1000))]
    pub connections_per_node: u32,
    /// How long a request waits for a free connection.
    #[serde(default = "default_acquire")]
    pub acquire_timeout: Duration,
    /// How often each node's state is asked for; a node leaves the pool within twice this.
    #[serde(default = "default_probe")]
    pub probe_interval: Duration,
}

fn yes() -> bool {
    true
}

fn default_pool() -> u32 {
    32
}

fn default_acquire() -> Duration {
    Duration::from_secs(3)
}

fn default_probe() -> Duration {
    Duration::from_millis(250)
}

/// One database node.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct DatabaseNode {
    /// DNS name or address; with TLS, the name that the node's certificate carries.
    pub host: String,
    /// Port of the MariaDB protocol.
    pub port: u16,
}

/// Files of the TLS towards the database. New connections use what the files hold at that time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct DatabaseTls {
    /// PEM: the authority that signs the nodes' certificates.
    pub ca_file: PathBuf,
    /// PEM: the API's client certificate.
    pub certificate_file: PathBuf,
    /// PEM: its private key.
    pub key_file: PathBuf,
}

/// Which database nodes take writes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Routing {
    /// The first healthy node in the list takes every transaction; the others stand by. Replicas of the API with the
    /// same list therefore agree without talking, and certification conflicts are rare.
    #[default]
    FirstHealthy,
    /// Every healthy node takes transactions, in turn. More reads per second; conflicts are retried.
    Spread,
}

/// Keys, sessions, lockout and sign-in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Security {
    /// Files with 32 random bytes in base64 each. The first key seals what is stored from now on (second-factor
    /// secrets, the access log's seal, cursors); the others still open what was sealed before.
    #[schemars(length(min = 1))]
    pub key_files: Vec<PathBuf>,
    /// Sessions of people.
    #[serde(default)]
    pub session: Session,
    /// What repeated wrong passwords do.
    #[serde(default)]
    pub lockout: Lockout,
    /// Passkeys.
    pub webauthn: Webauthn,
    /// Sign-in at other identity providers.
    #[serde(default)]
    pub oidc: Vec<OidcProvider>,
}

/// How long a session lives. Times end a session even while its token is known.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
pub struct Session {
    /// A session of staff without a request for this long has ended.
    pub staff_idle: Duration,
    /// A session of staff ends after this, whatever happens.
    pub staff_lifetime: Duration,
    /// The same for patients: idle.
    pub patient_idle: Duration,
    /// The same for patients: in all.
    pub patient_lifetime: Duration,
}

impl Default for Session {
    fn default() -> Self {
        Self {
            staff_idle: Duration::from_secs(30 * 60),
            staff_lifetime: Duration::from_secs(12 * 3600),
            patient_idle: Duration::from_secs(15 * 60),
            patient_lifetime: Duration::from_secs(2 * 3600),
        }
    }
}

/// What repeated wrong passwords do. Counted apart for devices that signed in to the account before, so that a
/// stranger's guesses never lock its owner out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
pub struct Lockout {
    /// Wrong passwords or codes before a pause.
    #[schemars(range(min = 3, max = 100))]
    pub attempts: u32,
    /// The first pause; it doubles with each further failure.
    pub first_pause: Duration,
    /// The longest pause.
    pub longest_pause: Duration,
}

impl Default for Lockout {
    fn default() -> Self {
        Self {
            attempts: 5,
            first_pause: Duration::from_secs(30),
            longest_pause: Duration::from_secs(3600),
        }
    }
}

/// WebAuthn relying party.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Webauthn {
    /// Relying-party id: the web application's host name or a parent domain of it, for example `clinic.example`.
    /// Passkeys are bound to it for ever.
    pub rp_id: String,
    /// Name that authenticators show.
    pub rp_name: String,
}

/// An OpenID Connect provider.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct OidcProvider {
    /// Short name in addresses: lower-case letters, digits, hyphens.
    pub name: String,
    /// Issuer, exactly as the provider's discovery document says it; HTTPS, or HTTP on a loopback address.
    pub issuer: String,
    /// Client id.
    pub client_id: String,
    /// File with the client secret. Absent: a public client, with PKCE alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_secret_file: Option<PathBuf>,
    /// PEM: further authorities of the provider's certificate. Absent: the public ones.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ca_file: Option<PathBuf>,
    /// Slug of the organization whose accounts sign in here.
    pub organization: String,
    /// Whether the provider's own second factor is enough for staff (its `amr` claim must then name one).
    #[serde(default)]
    pub second_factor: bool,
}

/// Bounds on what one request, one client and the whole process may use.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
pub struct Limits {
    /// Bytes of a request's body.
    pub body_bytes: u32,
    /// Bytes of an uploaded document.
    pub document_bytes: u32,
    /// Bytes of a request's headers.
    pub header_bytes: u32,
    /// Time for a whole request.
    pub request_timeout: Duration,
    /// Time for a client to send its request's headers.
    pub header_timeout: Duration,
    /// Requests at work at once; more are answered 503 with `Retry-After`.
    pub concurrent_requests: u32,
    /// Open client connections; more wait in the kernel.
    pub connections: u32,
    /// Requests per minute of one signed-in person or service.
    pub requests_per_minute: u32,
    /// Requests per minute of one network address that is not signed in.
    pub anonymous_requests_per_minute: u32,
    /// Attempts at sign-in per minute of one network address.
    pub sign_ins_per_minute: u32,
    /// Passwords hashed at once: each takes 19 MiB of memory.
    pub concurrent_password_hashes: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            body_bytes: 256 * 1024,
            document_bytes: 8 * 1024 * 1024,
            header_bytes: 16 * 1024,
            request_timeout: Duration::from_secs(15),
            header_timeout: Duration::from_secs(5),
            concurrent_requests: 256,
            connections: 4096,
            requests_per_minute: 1200,
            anonymous_requests_per_minute: 120,
            sign_ins_per_minute: 20,
            concurrent_password_hashes: 2,
        }
    }
}

/// A language of messages.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Locale {
    /// Spanish.
    #[default]
    Es,
    /// English.
    En,
}

/// Logs and traces. Neither ever holds data about a person.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
pub struct Telemetry {
    /// The least serious line that is logged.
    pub log_level: LogLevel,
    /// How lines are written.
    pub log_format: LogFormat,
    /// Base address of an OpenTelemetry collector (OTLP over HTTP), for example `http://collector:4318`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub otlp_endpoint: Option<String>,
}

/// The least serious line that is logged.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum LogLevel {
    /// Failures.
    Error,
    /// And what may become one.
    Warn,
    /// And one line for each request.
    #[default]
    Info,
    /// And what a developer wants to know.
    Debug,
}

/// How log lines are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// One JSON object a line.
    #[default]
    Json,
    /// For people at a terminal.
    Text,
}

#[cfg(test)]
mod tests {
    use super::{ApiConfig, Limits, Routing};

    const SMALLEST: &str = r#"{
        "server": {"listen": "[::]:8443", "managementListen": "[::]:9090", "publicUrl": "https://api.clinic.example"},
        "database": {
            "nodes": [{"host": "mariadb-g0-0.mariadb-g0", "port": 3306}],
            "name": "clinic", "user": "api", "passwordFile": "/etc/galeno/database/password", "expectedGeneration": 0
        },
        "security": {
            "keyFiles": ["/etc/galeno/keys/1"],
            "webauthn": {"rpId": "clinic.example", "rpName": "Clinic"}
        }
    }"#;

    #[test]
    fn the_smallest_configuration_is_completed_with_safe_defaults() {
        let config: ApiConfig = serde_json::from_str(SMALLEST).unwrap();
        assert!(config.database.require_galera);
        assert_eq!(config.database.routing, Routing::FirstHealthy);
        assert_eq!(config.limits, Limits::default());
        let written = serde_json::to_string(&config).unwrap();
        assert_eq!(serde_json::from_str::<ApiConfig>(&written).unwrap(), config);
    }

    #[test]
    fn an_unknown_field_is_refused_at_every_depth() {
        for (known, wrong) in [
            (r#""server""#, r#""sever": {}, "server""#),
            (r#""listen""#, r#""listne": "x", "listen""#),
            (r#""rpId""#, r#""password": "x", "rpId""#),
        ] {
            let error = serde_json::from_str::<ApiConfig>(&SMALLEST.replacen(known, wrong, 1)).unwrap_err();
            assert!(error.to_string().contains("unknown field"), "{error}");
        }
    }
}
