//! Component `api`: the clinical REST API, in the primary region.

mod config;
mod migration;

pub(super) use config::everywhere;

use k8s_openapi::api::core::v1::{ConfigMap, Volume, VolumeMount};

use super::Output;
use super::common::{config_volume, mount, namespaced, scratch_volume, secret_keys_volume, secret_volume};
use super::output::because;
use super::stateless::{Sources, Stateless};
use crate::topology::names::{Namespace, Program, certificates, objects, ports, secrets};
use crate::topology::{DataRegion, Topology};

/// The component's name.
pub(super) const COMPONENT: &str = "api";

const SOURCES: Sources = Sources {
    image: "/api/image",
    replicas: "/api/replicas",
    resources: "/api/resources",
};

/// Directories that Secrets and ConfigMaps are mounted at.
mod paths {
    pub(super) const CONFIG: &str = "/etc/galeno/api";
    pub(super) const SERVER_TLS: &str = "/etc/galeno/tls/server";
    pub(super) const DATABASE_TLS: &str = "/etc/galeno/tls/database";
    pub(super) const SECRETS: &str = "/etc/galeno/secrets/api";
    pub(super) const MIGRATION_SECRETS: &str = "/etc/galeno/secrets/migration";
    pub(super) const OIDC_SECRETS: &str = "/etc/galeno/secrets/oidc";
}

pub(super) fn render(topology: &Topology, region: DataRegion<'_>, output: &mut Output) {
    let config = config::of(topology, region.region());
    let text = match serde_saphyr::to_string(&config) {
        Ok(text) => text,
        Err(error) => {
            output
                .broken
                .push(format!("{COMPONENT} in {}: its configuration: {error}", region.name));
            return;
        }
    };
    let map = ConfigMap {
        metadata: namespaced(Namespace::App, objects::API_CONFIG, COMPONENT),
        data: Some([("api.yaml".to_owned(), text)].into()),
        ..ConfigMap::default()
    };
    let whole = because("what the API reads at start; secrets are paths in it, never values").from("/api");
    output.add(region.region(), COMPONENT, &map, whole, config::reasons());

    let (volumes, mounts) = volumes(topology);
    let api = Stateless {
        program: Program::Api,
        component: COMPONENT,
        image: &topology.api.image,
        replicas: topology.api.replicas,
        resources: &topology.api.resources,
        args: ["serve", "--config", galeno_contract::api::CONFIG_FILE]
            .map(str::to_owned)
            .into(),
        port: ports::API,
        management: ports::API_STATUS,
        volumes,
        mounts,
        checksum: config::checksum(&config),
        drain: (config.server.drain_delay, config.server.drain_timeout),
    };
    workload(topology, region, &api, output);
    migration::render(topology, region, output);
}

fn workload(topology: &Topology, region: DataRegion<'_>, api: &Stateless<'_>, output: &mut Output) {
    let region = region.region();
    let whole = because("the clinical REST API: several replicas, of which any may go").from("/api");
    output.add(
        region,
        COMPONENT,
        &api.deployment(topology, region),
        whole,
        api.deployment_reasons(&SOURCES),
    );
    let whole = because("one name for all replicas that are ready").from("/api");
    output.add(region, COMPONENT, &api.service(topology), whole, []);
    let whole = because("maintenance of nodes takes one replica at a time; a broken one never stands in its way");
    output.add(region, COMPONENT, &api.disruption_budget(), whole, []);
    if let Some(autoscaler) = api.autoscaler() {
        let whole = because("replicas follow the load between the bounds that are written").from("/api/replicas");
        output.add(
            region,
            COMPONENT,
            &autoscaler,
            whole,
            Stateless::autoscaler_reasons(&SOURCES),
        );
    }
}

fn volumes(topology: &Topology) -> (Vec<Volume>, Vec<VolumeMount>) {
    let mut volumes = vec![
        config_volume("config", objects::API_CONFIG),
        secret_volume("server-tls", certificates::API_SERVER),
        secret_volume("database-tls", certificates::API_DATABASE_CLIENT),
        secret_keys_volume("secrets", secrets::API, &secrets::API_KEYS),
        scratch_volume("scratch", "64Mi"),
    ];
    let mut mounts = vec![
        mount("config", paths::CONFIG, false),
        mount("server-tls", paths::SERVER_TLS, false),
        mount("database-tls", paths::DATABASE_TLS, false),
        mount("secrets", paths::SECRETS, false),
        mount("scratch", "/tmp", true),
    ];
    if !topology.api.oidc.is_empty() {
        let names: Vec<&str> = topology
            .api
            .oidc
            .iter()
            .map(|provider| provider.name.as_str())
            .collect();
        volumes.push(secret_keys_volume("oidc", secrets::API_OIDC, &names));
        mounts.push(mount("oidc", paths::OIDC_SECRETS, false));
    }
    (volumes, mounts)
}
