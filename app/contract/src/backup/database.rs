//! How the keeper reaches the database.

use std::path::PathBuf;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How to reach the database.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Database {
    /// Every member of the generation, by ordinal.
    pub members: Vec<Member>,
    /// A file that holds the account's name.
    pub user_file: PathBuf,
    /// A file that holds the account's password.
    pub password_file: PathBuf,
    /// TLS towards the database. Without it the connection is in the clear: only for tests on one machine.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tls: Option<DatabaseTls>,
    /// The server's own option file, where mariadb-backup and the temporary server of a restore find what they cannot
    /// ask the server for: the key files of encryption at rest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub defaults_file: Option<PathBuf>,
    /// The account name that applications use. A node's clients are counted by it when the node to copy is chosen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub application_user: Option<String>,
}

/// One member of a generation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Member {
    /// The pod's name, `mariadb-g0-1`; also `wsrep_node_name`.
    pub name: String,
    /// DNS name or address.
    pub host: String,
    /// TCP port of the SQL protocol.
    #[serde(default = "sql_port")]
    #[schemars(range(min = 1))]
    pub port: u16,
    /// Where this member's volume is mounted *here* (read only). Only such members can be copied by this pod; the
    /// others are asked only how they are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data_directory: Option<PathBuf>,
}

/// TLS towards the database.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct DatabaseTls {
    /// PEM file of the certification authority that must have issued the server's certificate.
    pub ca_file: PathBuf,
    /// PEM file of the client's certificate, where the server asks for one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub certificate_file: Option<PathBuf>,
    /// PEM file of the client's private key (PKCS#8).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key_file: Option<PathBuf>,
}

fn sql_port() -> u16 {
    3306
}
