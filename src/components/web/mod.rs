//! Component `web`: the static web application, in the primary region and close to its users in access regions.

mod config;

use k8s_openapi::api::core::v1::ConfigMap;

use super::Output;
use super::common::{config_volume, mount, namespaced, scratch_volume, secret_volume};
use super::output::because;
use super::stateless::{Sources, Stateless, checksum};
use crate::spec::Role;
use crate::topology::names::{Namespace, Program, certificates, objects, ports};
use crate::topology::{Region, Topology};

/// The component's name.
pub(super) const COMPONENT: &str = "web";

/// Where its certificate is mounted.
const SERVER_TLS: &str = "/etc/galeno/tls/server";

pub(super) fn render(topology: &Topology, region: &Region, output: &mut Output) {
    let (replicas, source) = match region.role {
        Role::Primary => (topology.web.replicas, "/web/replicas"),
        Role::Access => (topology.access_web, "/access/replicas"),
        Role::Recovery => return,
    };
    let sources = Sources {
        image: "/web/image",
        replicas: source,
        resources: "/web/resources",
    };
    let config = config::of(topology, region);
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
        metadata: namespaced(Namespace::App, objects::WEB_CONFIG, COMPONENT),
        data: Some([("web.yaml".to_owned(), text)].into()),
        ..ConfigMap::default()
    };
    let whole = because("what the file server reads at start and what the browser is told; nothing in it is secret");
    output.add(region, COMPONENT, &map, whole.from("/web"), config::reasons());

    let web = Stateless {
        program: Program::Web,
        component: COMPONENT,
        image: &topology.web.image,
        replicas,
        resources: &topology.web.resources,
        args: ["serve", "--config", galeno_contract::web::CONFIG_FILE]
            .map(str::to_owned)
            .into(),
        port: ports::WEB,
        management: ports::WEB_STATUS,
        volumes: vec![
            config_volume("config", objects::WEB_CONFIG),
            secret_volume("server-tls", certificates::WEB_SERVER),
            scratch_volume("scratch", "16Mi"),
        ],
        mounts: vec![
            mount("config", "/etc/galeno/web", false),
            mount("server-tls", SERVER_TLS, false),
            mount("scratch", "/tmp", true),
        ],
        checksum: checksum(&config),
        drain: (config.drain_delay, config.drain_timeout),
    };
    let whole = because("the web application's files: the same everywhere, holding nothing about anybody").from("/web");
    output.add(
        region,
        COMPONENT,
        &web.deployment(topology, region),
        whole,
        web.deployment_reasons(&sources),
    );
    let whole = because("one name for all replicas that are ready").from("/web");
    output.add(region, COMPONENT, &web.service(topology), whole, []);
    let whole = because("maintenance of nodes takes one replica at a time; a broken one never stands in its way");
    output.add(region, COMPONENT, &web.disruption_budget(), whole, []);
    if let Some(autoscaler) = web.autoscaler() {
        let whole = because("replicas follow the load between the bounds that are written").from(source);
        output.add(
            region,
            COMPONENT,
            &autoscaler,
            whole,
            Stateless::autoscaler_reasons(&sources),
        );
    }
}
