//! What was not written, and what it is taken for.

use serde_json::Value;

use crate::spec::{Environment, Source};
use crate::topology::Topology;

/// Every field with a default that stands nowhere in the file: its place, its value, and what it means.
pub(super) fn rows(topology: &Topology, source: &Source) -> Vec<Vec<String>> {
    let mut rows = Vec::new();
    if let Some(defaulted) = source.parsed::<Environment>() {
        walk(&defaulted, "", source, &mut rows);
    }
    let database = &topology.database;
    for (pointer, value, why) in [
        (
            "/database/resources/cpu",
            database.resources.cpu.to_string(),
            "asked for by each node",
        ),
        (
            "/database/resources/memory",
            database.resources.memory.to_string(),
            "asked for and never exceeded",
        ),
        (
            "/database/tuning/bufferPool",
            database.buffer_pool.to_string(),
            "60 % of the memory",
        ),
        (
            "/database/tuning/redoLog",
            database.redo_log.to_string(),
            "a small one breaks backups under load",
        ),
        (
            "/database/tuning/gcache",
            database.gcache.to_string(),
            "a node that was away this long needs no full transfer",
        ),
        (
            "/database/tuning/maxConnections",
            database.max_connections.to_string(),
            "to each node",
        ),
        (
            "/database/tuning/applierThreads",
            database.applier_threads.to_string(),
            "apply what other nodes wrote",
        ),
        (
            "/api/resources/cpu",
            topology.api.resources.cpu.to_string(),
            "asked for by each replica",
        ),
        (
            "/api/resources/memory",
            topology.api.resources.memory.to_string(),
            "asked for and never exceeded",
        ),
        (
            "/web/resources/cpu",
            topology.web.resources.cpu.to_string(),
            "asked for by each replica",
        ),
        (
            "/web/resources/memory",
            topology.web.resources.memory.to_string(),
            "asked for and never exceeded",
        ),
        ("/secrets/path", topology.secrets.path.clone(), "the environment's name"),
        (
            "/argocd/project",
            topology.argocd.project.to_string(),
            "the environment's name",
        ),
    ] {
        if !source.written(pointer) {
            rows.push(vec![dotted(pointer), value, why.to_owned()]);
        }
    }
    rows.sort();
    rows
}

fn dotted(pointer: &str) -> String {
    pointer.trim_start_matches('/').replace('/', ".")
}

fn walk(value: &Value, pointer: &str, source: &Source, rows: &mut Vec<Vec<String>>) {
    match value {
        Value::Object(map) => {
            for (key, value) in map {
                walk(value, &format!("{pointer}/{key}"), source, rows);
            }
        }
        // Items of a list are written or not as a whole, but a mapping among them may have defaults of its own.
        Value::Array(items) if source.written(pointer) => {
            for (i, item) in items.iter().enumerate().filter(|(_, item)| item.is_object()) {
                walk(item, &format!("{pointer}/{i}"), source, rows);
            }
        }
        _ if source.written(pointer) => {}
        _ => {
            let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            let said = crate::spec::description(pointer).unwrap_or_default();
            rows.push(vec![dotted(pointer), text, said]);
        }
    }
}
