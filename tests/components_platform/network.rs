//! Networks: everything denied but the edges of the topology, each opened at both of its ends.

use galeno::bundle::{Manifest, Object};
use galeno::components::Output;
use galeno::spec::{Cni, Environment};
use galeno::topology::{Peer, PodGroup, Region, Topology, edges};
use serde_json::{Value, json};

use crate::platform::{ENVIRONMENTS, changed, component, object, rendered, topology};

fn policies<'a>(output: &'a Output, region: &str, kind: &str) -> Vec<&'a Manifest> {
    component(output, region, "network")
        .into_iter()
        .filter(|m| m.object.kind() == kind)
        .collect()
}

fn policy<'a>(output: &'a Output, region: &str, namespace: &str, name: &str) -> &'a Object {
    let of = |m: &&Manifest| m.object.namespace() == namespace && m.object.name() == name;
    let found = policies(output, region, "NetworkPolicy").into_iter().find(of);
    &found
        .unwrap_or_else(|| panic!("no policy {namespace}/{name} in {region}"))
        .object
}

#[test]
fn every_namespace_denies_both_ways_and_asks_dns() {
    for name in ENVIRONMENTS {
        let topology = topology(name);
        let output = rendered(&topology);
        for region in &topology.regions {
            for namespace in region.namespaces(&topology) {
                let deny = policy(&output, region.name.as_str(), namespace.name(), "default-deny");
                assert_eq!(deny.at("/spec/podSelector"), Some(&json!({})));
                assert_eq!(deny.at("/spec/policyTypes"), Some(&json!(["Ingress", "Egress"])));
                assert_eq!(deny.at("/spec/ingress"), None);
                let egress = deny.at("/spec/egress").and_then(Value::as_array).unwrap();
                assert_eq!(egress.len(), 1);
                let dns = json!([{"port": 53, "protocol": "UDP"}, {"port": 53, "protocol": "TCP"}]);
                assert_eq!(egress[0]["ports"], dns);
            }
        }
    }
}

#[test]
fn no_rule_lets_everybody_through_by_having_no_peer() {
    for cni in [Cni::Plain, Cni::Cilium, Cni::Calico] {
        let topology = changed("prod", |environment| environment.kubernetes.cni = cni);
        let output = rendered(&topology);
        for manifest in output
            .manifests
            .iter()
            .filter(|m| m.object.kind() == "NetworkPolicy" && m.object.group() == "networking.k8s.io")
        {
            for (direction, peers) in [("ingress", "from"), ("egress", "to")] {
                let rules = manifest
                    .object
                    .at(&format!("/spec/{direction}"))
                    .and_then(Value::as_array);
                for rule in rules.into_iter().flatten() {
                    let some = rule[peers].as_array().is_some_and(|list| !list.is_empty());
                    assert!(some, "{} {direction}: {rule}", manifest.object.name());
                    let everyone = rule[peers].as_array().unwrap().iter().any(|peer| {
                        peer.get("namespaceSelector")
                            .is_some_and(|selector| *selector == json!({}))
                    });
                    assert!(!everyone, "{} {direction}: every namespace", manifest.object.name());
                }
            }
        }
    }
}

/// How the other end of an edge stands in a plain policy of a group.
fn written(group: &PodGroup, other: &PodGroup) -> Value {
    let selector = if other.labels.is_empty() {
        json!({})
    } else {
        json!({"matchLabels": other.labels})
    };
    if group.namespace == other.namespace {
        return json!({"podSelector": selector});
    }
    let namespace = json!({"matchLabels": {"kubernetes.io/metadata.name": other.namespace.name()}});
    if other.labels.is_empty() {
        json!({"namespaceSelector": namespace})
    } else {
        json!({"namespaceSelector": namespace, "podSelector": selector})
    }
}

fn opens(object: &Object, direction: &str, peers: &str, peer: &Value, ports: &[i64]) -> bool {
    let rules = object.at(&format!("/spec/{direction}")).and_then(Value::as_array);
    rules.into_iter().flatten().any(|rule| {
        let named = rule[peers].as_array().is_some_and(|list| list.contains(peer));
        let mut open: Vec<i64> = match rule.get("ports").and_then(Value::as_array) {
            Some(list) => list.iter().filter_map(|port| port["port"].as_i64()).collect(),
            None => Vec::new(),
        };
        open.sort_unstable();
        named && open == ports
    })
}

fn both_ends(topology: &Topology, region: &Region, output: &Output) -> usize {
    let mut checked = 0;
    for edge in edges(topology, region) {
        let (Peer::Pods(from), Peer::Pods(to)) = (&edge.from, &edge.to) else {
            continue;
        };
        let mut ports: Vec<i64> = edge.ports.iter().map(|port| i64::from(port.number)).collect();
        ports.sort_unstable();
        let name = region.name.as_str();
        let egress = policy(output, name, from.namespace.name(), &from.name);
        assert!(
            opens(egress, "egress", "to", &written(from, to), &ports),
            "{name}: {} → {} is not let out",
            from.name,
            to.name
        );
        let ingress = policy(output, name, to.namespace.name(), &to.name);
        assert!(
            opens(ingress, "ingress", "from", &written(to, from), &ports),
            "{name}: {} → {} is not let in",
            from.name,
            to.name
        );
        checked += 1;
    }
    checked
}

#[test]
fn both_ends_of_every_edge_are_open() {
    for name in ENVIRONMENTS {
        let topology = topology(name);
        let output = rendered(&topology);
        let checked: usize = topology
            .regions
            .iter()
            .map(|region| both_ends(&topology, region, &output))
            .sum();
        assert!(checked > 5, "{name}: {checked} edges between pods");
    }
}

#[test]
fn galera_speaks_inside_one_generation_only() {
    let output = rendered(&topology("prod"));
    let database = policy(&output, "eu-central", "clinic-data", "mariadb-g0");
    let mut galera = 0;
    for rule in database.at("/spec/ingress").and_then(Value::as_array).unwrap() {
        let ports: Vec<i64> = rule["ports"]
            .as_array()
            .unwrap()
            .iter()
            .filter_map(|p| p["port"].as_i64())
            .collect();
        if !ports.contains(&4567) {
            continue;
        }
        galera += 1;
        assert_eq!(ports.iter().filter(|port| **port == 4567).count(), 2, "TCP and UDP");
        for port in [4568, 4444] {
            assert!(ports.contains(&port), "{port}");
        }
        let generation = json!({"app.kubernetes.io/name": "mariadb", "galeno.dev/generation": "0"});
        assert_eq!(rule["from"], json!([{"podSelector": {"matchLabels": generation}}]));
    }
    assert_eq!(galera, 1);
    // A policy without the generation would let another one in.
    assert_eq!(
        database.at("/spec/podSelector/matchLabels/galeno.dev~1generation"),
        Some(&json!("0"))
    );
}

#[test]
fn only_traefik_takes_connections_from_outside() {
    for name in ENVIRONMENTS {
        let topology = topology(name);
        let output = rendered(&topology);
        for region in &topology.regions {
            for manifest in policies(&output, region.name.as_str(), "NetworkPolicy") {
                let text = manifest
                    .object
                    .at("/spec/ingress")
                    .map(Value::to_string)
                    .unwrap_or_default();
                if text.contains("0.0.0.0/0") {
                    assert_eq!(manifest.object.name(), "traefik");
                }
            }
        }
    }
}

#[test]
fn outside_is_outside_the_cluster() {
    let output = rendered(&topology("prod"));
    let api = policy(&output, "eu-central", "external-secrets", "all");
    let blocks: Vec<&Value> = api
        .at("/spec/egress")
        .and_then(Value::as_array)
        .unwrap()
        .iter()
        .flat_map(|rule| rule["to"].as_array().unwrap())
        .filter(|peer| peer["ipBlock"]["cidr"] == "0.0.0.0/0")
        .collect();
    assert_eq!(blocks.len(), 1);
    let except: Vec<&str> = blocks[0]["ipBlock"]["except"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(Value::as_str)
        .collect();
    for range in ["10.10.0.0/16", "10.20.0.0/16", "10.30.0.0/16"] {
        assert!(except.contains(&range), "{range}");
    }
}

fn with(cni: Cni) -> impl FnOnce(&mut Environment) {
    move |environment| environment.kubernetes.cni = cni
}

#[test]
fn the_api_server_is_named_in_each_plugins_dialect() {
    let plain = rendered(&changed("prod", with(Cni::Plain)));
    let traefik = policy(&plain, "eu-central", "clinic-edge", "traefik");
    let egress = traefik.at("/spec/egress").map(Value::to_string).unwrap();
    assert!(egress.contains("10.10.0.0/28") && egress.contains("6443"), "{egress}");
    assert!(
        egress.contains("10.30.0.1/32"),
        "the Service's own address, for plugins that look before its translation"
    );

    let cilium = rendered(&changed("prod", with(Cni::Cilium)));
    let egress = policy(&cilium, "eu-central", "clinic-edge", "traefik")
        .at("/spec/egress")
        .map(Value::to_string)
        .unwrap();
    assert!(
        !egress.contains("10.10.0.0/28"),
        "Cilium never matches the API server by its address"
    );
    let entities = policies(&cilium, "eu-central", "CiliumNetworkPolicy");
    let of = |name: &str, namespace: &str| {
        let named = |m: &&&Manifest| m.object.name() == name && m.object.namespace() == namespace;
        &entities.iter().find(named).unwrap().object
    };
    let traefik = of("traefik", "clinic-edge");
    assert_eq!(
        traefik.at("/spec/egress/0/toEntities"),
        Some(&json!(["kube-apiserver"]))
    );
    let ceph = of("all", "rook-ceph")
        .at("/spec/ingress")
        .map(Value::to_string)
        .unwrap();
    assert!(ceph.contains("remote-node") && ceph.contains("3300"), "{ceph}");
    let webhooks = of("all", "cert-manager").at("/spec/ingress/0/fromEntities");
    assert_eq!(webhooks, Some(&json!(["kube-apiserver"])));

    let calico = rendered(&changed("prod", with(Cni::Calico)));
    let traefik = object(&calico, "eu-central", "NetworkPolicy", "traefik-api-server");
    assert_eq!(traefik.api_version(), "projectcalico.org/v3");
    assert_eq!(traefik.str_at("/spec/selector"), "app.kubernetes.io/name == 'traefik'");
    let service = json!({"name": "kubernetes", "namespace": "default"});
    assert_eq!(traefik.at("/spec/egress/0/destination/services"), Some(&service));
}

#[test]
fn programs_without_need_of_the_api_server_cannot_reach_it() {
    let output = rendered(&topology("prod"));
    for (namespace, name) in [
        ("clinic-app", "api"),
        ("clinic-app", "web"),
        ("clinic-data", "mariadb-g0"),
        ("clinic-data", "backup"),
    ] {
        let policy = policy(&output, "eu-central", namespace, name);
        let egress = policy.at("/spec/egress").map(Value::to_string).unwrap_or_default();
        assert!(
            !egress.contains("10.10.0.0/28") || egress.contains("except"),
            "{name}: {egress}"
        );
        assert!(!egress.contains("6443"), "{name}");
    }
}

#[test]
fn a_store_in_the_cluster_is_reached_by_its_namespace() {
    let topology = changed("prod", |environment| {
        environment.secrets.namespace = Some("vault".to_owned());
        environment.storage.kms = Some(galeno::spec::Kms {
            address: "https://vault.vault.svc:8200".to_owned(),
            role: "rook".to_owned(),
            path: "rook".to_owned(),
        });
    });
    let output = rendered(&topology);
    let vault = json!({"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "vault"}}});
    let ceph = policy(&output, "eu-central", "rook-ceph", "all");
    assert!(opens(ceph, "egress", "to", &vault, &[8200]));
    // The store's port stands in the cluster's own ClusterSecretStore.
    let external_secrets = policy(&output, "eu-central", "external-secrets", "all");
    assert!(opens(external_secrets, "egress", "to", &vault, &[]));
}
