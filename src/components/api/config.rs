//! The API's configuration, in the very type that the API reads.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::{Path, PathBuf};

use galeno_contract::Duration;
use galeno_contract::api::{
    ApiConfig, Database, DatabaseNode, DatabaseTls, Limits, Locale, OidcProvider, Routing, Security, Server, ServerTls,
    Session, Telemetry, Webauthn,
};
use serde_json::Value;

use super::paths;
use crate::bundle::Reason;
use crate::components::output::because;
use crate::components::stateless;
use crate::topology::names::{accounts, ports, secrets};
use crate::topology::{Generation, Member, Region, Topology};

/// Connections that are left to the keeper, to backups and to a person with a prompt.
const RESERVED_CONNECTIONS: u32 = 40;

/// What the API reads at start.
pub(super) fn of(topology: &Topology, region: &Region) -> ApiConfig {
    ApiConfig {
        server: server(topology, region),
        database: database(topology),
        security: security(topology),
        limits: Limits::default(),
        locale: Locale::default(),
        telemetry: Telemetry::default(),
    }
}

fn server(topology: &Topology, region: &Region) -> Server {
    Server {
        listen: everywhere(region, ports::API.number),
        management_listen: everywhere(region, ports::API_STATUS.number),
        public_url: format!("https://{}", topology.api_host()),
        tls: Some(ServerTls {
            certificate_file: Path::new(paths::SERVER_TLS).join("tls.crt"),
            key_file: Path::new(paths::SERVER_TLS).join("tls.key"),
            client_ca_file: None,
        }),
        trusted_proxies: vec![region.network.pods.to_string()],
        web_origins: vec![format!("https://{}", topology.web_host())],
        drain_delay: Duration::from_secs(10),
        drain_timeout: Duration::from_secs(30),
    }
}

/// Every address of the pod, in the family that the cluster's pods have.
pub(in crate::components) fn everywhere(region: &Region, port: u16) -> SocketAddr {
    let address = if region.network.pods.is_ipv6() {
        IpAddr::from(Ipv6Addr::UNSPECIFIED)
    } else {
        Ipv4Addr::UNSPECIFIED.into()
    };
    SocketAddr::new(address, port)
}

/// The nodes of the active generation and how to reach them.
pub(super) fn database(topology: &Topology) -> Database {
    let generation = topology.database.active_generation();
    let nodes = |generation: &Generation| {
        let node = |member: &Member| DatabaseNode {
            host: member.host(),
            port: member.port(),
        };
        generation.members.iter().map(node).collect::<Vec<_>>()
    };
    let others = topology
        .database
        .generations
        .iter()
        .filter(|other| other.number != generation.number);
    let tls = Path::new(paths::DATABASE_TLS);
    Database {
        nodes: nodes(generation),
        other_generations: others.flat_map(nodes).collect(),
        name: accounts::SCHEMA.to_owned(),
        user: accounts::API.to_owned(),
        password_file: secret(paths::SECRETS, secrets::API_KEYS[0]),
        migration_user: Some(accounts::API_MIGRATION.to_owned()),
        migration_password_file: Some(secret(paths::MIGRATION_SECRETS, secrets::API_MIGRATION_KEYS[0])),
        tls: Some(DatabaseTls {
            ca_file: tls.join("ca.crt"),
            certificate_file: tls.join("tls.crt"),
            key_file: tls.join("tls.key"),
        }),
        expected_generation: Some(generation.number),
        require_galera: true,
        routing: Routing::FirstHealthy,
        connections_per_node: connections(topology),
        acquire_timeout: Duration::from_secs(3),
        probe_interval: Duration::from_millis(250),
    }
}

/// So many that all replicas together, those of a roll-out included, stay below what a node accepts.
fn connections(topology: &Topology) -> u32 {
    let replicas = u32::from(topology.api.replicas.max);
    let with_surge = replicas + replicas.div_ceil(4);
    let available = u32::from(topology.database.max_connections).saturating_sub(RESERVED_CONNECTIONS);
    (available / with_surge).clamp(1, 32)
}

fn security(topology: &Topology) -> Security {
    let oidc = topology.api.oidc.iter().map(|provider| OidcProvider {
        name: provider.name.to_string(),
        issuer: provider.issuer.as_str().to_owned(),
        client_id: provider.client_id.clone(),
        client_secret_file: Some(secret(paths::OIDC_SECRETS, provider.name.as_str())),
        ca_file: None,
        organization: provider.organization.clone(),
        second_factor: provider.second_factor,
    });
    Security {
        key_files: vec![secret(paths::SECRETS, secrets::API_KEYS[1])],
        session: Session::default(),
        lockout: galeno_contract::api::Lockout::default(),
        webauthn: Webauthn {
            rp_id: topology.domain.to_string(),
            rp_name: topology.domain.to_string(),
        },
        oidc: oidc.collect(),
    }
}

fn secret(directory: &str, key: &str) -> PathBuf {
    Path::new(directory).join(key)
}

/// Of the parts that the API reads only at start: not of `database`, which it reads again by itself. A change of the
/// active generation therefore restarts nothing.
pub(super) fn checksum(config: &ApiConfig) -> String {
    let mut value = serde_json::to_value(config).unwrap_or_default();
    if let Value::Object(map) = &mut value {
        map.remove("database");
    }
    stateless::checksum(&value)
}

/// Why the parts of the `ConfigMap` are there.
pub(super) fn reasons() -> [Reason; 1] {
    [because(
        "the nodes and the number of the active generation, so that no request is served before that very generation \
         was accepted; addresses below the domain; so many connections that all replicas together stay below \
         `maxConnections`; passkeys are bound to the domain",
    )
    .on("/data/api.yaml")
    .from("/database/active")]
}
