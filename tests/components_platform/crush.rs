//! Where Ceph puts the copies, decided by Ceph's own `crushtool` (Debian package `ceph-base`): the map that the rendered device sets
//! make, and the rule that each rendered pool implies.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use galeno::bundle::Object;
use galeno::components::Output;
use serde_json::Value;

use crate::platform::{component, object, rendered, tool, topology};

/// Inputs that stand for placement groups.
const GROUPS: u32 = 2048;

/// The zone of each OSD, by its number, as the device sets of a cluster place them.
fn disks(cluster: &Object) -> Vec<String> {
    let sets = cluster.at("/spec/storage/storageClassDeviceSets").unwrap();
    let zone = "/placement/nodeAffinity/requiredDuringSchedulingIgnoredDuringExecution/nodeSelectorTerms/0/matchExpressions/0/values/0";
    sets.as_array()
        .unwrap()
        .iter()
        .flat_map(|set| {
            let zone = set.pointer(zone).unwrap().as_str().unwrap().to_owned();
            vec![zone; usize::try_from(set["count"].as_u64().unwrap()).unwrap()]
        })
        .collect()
}

/// The map as Rook builds it (each disk on a node of its own), with the rule that Ceph makes for a replicated pool.
fn map(disks: &[String], class: &str, domain: &str) -> String {
    let mut text = String::new();
    for osd in 0..disks.len() {
        let _ = writeln!(text, "device {osd} osd.{osd} class {class}");
    }
    text.push_str("type 0 osd\ntype 1 host\ntype 9 zone\ntype 11 root\n");
    let mut zones: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (osd, zone) in disks.iter().enumerate() {
        let _ = writeln!(
            text,
            "host node-{osd} {{\nid -{}\nalg straw2\nhash 0\nitem osd.{osd} weight 2.000\n}}",
            osd + 100
        );
        zones.entry(zone).or_default().push(osd);
    }
    for (number, (zone, osds)) in zones.iter().enumerate() {
        let _ = writeln!(text, "zone {zone} {{\nid -{}\nalg straw2\nhash 0", number + 2);
        for osd in osds {
            let _ = writeln!(text, "item node-{osd} weight 2.000");
        }
        text.push_str("}\n");
    }
    text.push_str("root default {\nid -1\nalg straw2\nhash 0\n");
    for (zone, osds) in &zones {
        let _ = writeln!(text, "item {zone} weight {}.000", osds.len() * 2);
    }
    let _ = writeln!(
        text,
        "}}\nrule pool {{\nid 0\ntype replicated\nmin_size 1\nmax_size 10\nstep take default class {class}\nstep chooseleaf firstn 0 type {domain}\nstep emit\n}}"
    );
    text
}

/// For each placement group, the zones of its copies. `out`: OSDs that are lost.
fn placed(disks: &[String], pool: &Value, out: &[usize]) -> Vec<Vec<String>> {
    let directory = tempfile::tempdir().unwrap();
    let class = pool["deviceClass"].as_str().unwrap();
    let domain = pool["failureDomain"].as_str().unwrap();
    std::fs::write(directory.path().join("map.txt"), map(disks, class, domain)).unwrap();
    tool("crushtool", directory.path(), &["-c", "map.txt", "-o", "map"]);
    let copies = pool.pointer("/replicated/size").unwrap().to_string();
    let last = (GROUPS - 1).to_string();
    let lost: Vec<String> = out.iter().map(ToString::to_string).collect();
    let mut arguments = vec![
        "-i",
        "map",
        "--test",
        "--rule",
        "0",
        "--num-rep",
        &copies,
        "--min-x",
        "0",
        "--max-x",
        &last,
        "--show-mappings",
    ];
    for osd in &lost {
        arguments.extend(["--weight", osd, "0"]);
    }
    tool("crushtool", directory.path(), &arguments)
        .lines()
        .filter_map(|line| line.strip_prefix("CRUSH rule 0 x ")?.split_once('['))
        .map(|(_, osds)| {
            osds.trim_end_matches(']')
                .split(',')
                .filter(|osd| !osd.is_empty())
                .map(|osd| disks[osd.parse::<usize>().unwrap()].clone())
                .collect()
        })
        .collect()
}

/// Every replicated pool of a region, by the object that states it.
fn pools(output: &Output, region: &str) -> Vec<(String, Value)> {
    let mut found = Vec::new();
    for manifest in component(output, region, "storage") {
        let object = &manifest.object;
        let mut add = |part: &str, pool: &Value| found.push((format!("{} {part}", object.name()), pool.clone()));
        match object.kind() {
            "CephBlockPool" => add("pool", object.at("/spec").unwrap()),
            "CephFilesystem" => {
                add("metadata", object.at("/spec/metadataPool").unwrap());
                for pool in object.at("/spec/dataPools").unwrap().as_array().unwrap() {
                    add("data", pool);
                }
            }
            _ => {}
        }
    }
    found
}

#[test]
fn the_copies_of_every_placement_group_are_in_three_zones() {
    for (environment, region) in [("prod", "eu-central"), ("prod", "eu-west")] {
        let output = rendered(&topology(environment));
        let disks = disks(object(&output, region, "CephCluster", "rook-ceph"));
        let pools = pools(&output, region);
        assert!(pools.len() >= 3, "{environment} {region}: {pools:?}");
        for (name, pool) in pools {
            let groups = placed(&disks, &pool, &[]);
            assert_eq!(groups.len(), GROUPS as usize, "{name}");
            for zones in groups {
                let distinct: BTreeSet<&String> = zones.iter().collect();
                assert_eq!((zones.len(), distinct.len()), (3, 3), "{name}: {zones:?}");
            }
        }
    }
}

#[test]
fn without_a_zone_two_copies_are_left_and_none_moves_into_a_zone_that_has_one() {
    let output = rendered(&topology("prod"));
    let disks = disks(object(&output, "eu-central", "CephCluster", "rook-ceph"));
    let lost: Vec<usize> = (0..disks.len()).filter(|&osd| disks[osd] == disks[0]).collect();
    for (name, pool) in pools(&output, "eu-central") {
        for zones in placed(&disks, &pool, &lost) {
            let distinct: BTreeSet<&String> = zones.iter().collect();
            assert_eq!((zones.len(), distinct.len()), (2, 2), "{name}: {zones:?}");
            assert!(!zones.contains(&disks[0]), "{name}: {zones:?}");
        }
    }
}

/// The check has teeth: with copies spread over nodes alone, some placement group has two in a zone.
#[test]
fn copies_spread_over_nodes_alone_would_be_noticed() {
    let output = rendered(&topology("prod"));
    let disks = disks(object(&output, "eu-central", "CephCluster", "rook-ceph"));
    let (_, mut pool) = pools(&output, "eu-central").remove(0);
    pool["failureDomain"] = "host".into();
    let twice = placed(&disks, &pool, &[])
        .iter()
        .any(|zones| zones.iter().collect::<BTreeSet<_>>().len() < zones.len());
    assert!(twice);
}
