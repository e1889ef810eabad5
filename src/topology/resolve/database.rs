//! The database, its generations and the ledger of restores.

use super::collect::Collector;
use super::programs::resources;
use crate::spec::{Environment, Promise, Role};
use crate::topology::database::{Database, Forced, Generation, GenerationSource};
use crate::topology::ledger::Ledger;
use crate::topology::values::Size;

/// Free space that a node needs besides its caches, for data to begin with.
const ROOM_FOR_DATA: u64 = 1 << 30;

pub(super) fn resolve(environment: &Environment, ledger: &Ledger, c: &mut Collector<'_>) -> Option<Database> {
    let written = &environment.database;
    nodes(environment, c);
    let image = c.parse("/database/image", &written.image);
    let size: Option<Size> = c.parse("/database/size", &written.size);
    let resources = resources("/database/resources", &written.resources, ("2", "8Gi"), c);
    let tuning = &written.tuning;
    let mut sized = |field: &str, text: &Option<String>, default: Option<Size>| match text {
        Some(text) => c.parse(&format!("/database/tuning/{field}"), text),
        None => default,
    };
    let buffer_pool: Option<Size> = sized(
        "bufferPool",
        &tuning.buffer_pool,
        resources.as_ref().map(|r| r.memory.percent(60)),
    );
    let redo_log: Option<Size> = sized("redoLog", &tuning.redo_log, Some(Size::from_mebibytes(2048)));
    let gcache: Option<Size> = sized("gcache", &tuning.gcache, Some(Size::from_mebibytes(2048)));
    let generations = generations(environment, ledger, c);
    let forced_recovery = forced(environment, &generations, c);
    let database = Database {
        image: image?,
        nodes: written.nodes,
        size: size?,
        resources: resources?,
        buffer_pool: buffer_pool?,
        redo_log: redo_log?,
        gcache: gcache?,
        max_connections: tuning.max_connections.unwrap_or(500),
        applier_threads: tuning.applier_threads.unwrap_or(4),
        sync_wait: tuning.sync_wait,
        generations,
        active: written.active,
        forced_recovery,
    };
    fits(&database, c);
    Some(database)
}

fn nodes(environment: &Environment, c: &mut Collector<'_>) {
    let nodes = usize::from(environment.database.nodes);
    let at = "/database/nodes";
    if nodes.is_multiple_of(2) {
        let problem = format!(
            "{nodes} database nodes: an even number gains nothing over {}",
            nodes - 1
        );
        c.error(
            at,
            "spec/even-nodes",
            problem,
            format!("write {} or {}", nodes - 1, nodes + 1),
        )
        .explain("half of the votes is no majority: of an even number, a cut in the middle stops both halves");
        return;
    }
    if environment.promise >= Promise::Node && nodes < 3 {
        let problem = "a single database node cannot be lost without losing the database";
        c.error(
            at,
            "spec/quorum",
            problem,
            "write 3, or promise nothing: `promise: none`",
        );
    }
    if environment.promise == Promise::Zone {
        for region in environment
            .regions
            .iter()
            .filter(|r| r.role != Role::Access && r.zones.len() >= 3)
        {
            let fullest = nodes.div_ceil(region.zones.len());
            if (nodes - fullest) * 2 <= nodes {
                let problem = format!(
                    "{nodes} database nodes in the {} zones of `{}`: one zone holds {fullest}, and without it no majority is left",
                    region.zones.len(),
                    region.name
                );
                c.error(at, "spec/quorum", problem, "write 3, or name more zones");
            }
        }
    }
    if nodes > 5 {
        let message = format!(
            "{nodes} database nodes: each confirms every write, so that more nodes make writes slower, not faster"
        );
        c.note(
            at,
            "spec/unwise",
            message,
            "3 or 5 nodes are usual; reads scale with them, writes do not",
        );
    }
}

fn fits(database: &Database, c: &mut Collector<'_>) {
    let memory = &database.resources.memory;
    if database.buffer_pool.bytes() > memory.percent(75).bytes() {
        let problem = format!(
            "a buffer pool of {} leaves too little of {memory} for connections and Galera",
            database.buffer_pool
        );
        c.error(
            "/database/tuning/bufferPool",
            "spec/memory",
            problem,
            format!("write at most {}", memory.percent(75)),
        );
    }
    let caches = database.redo_log.bytes() + database.gcache.bytes() + ROOM_FOR_DATA;
    if database.size.bytes() < caches {
        let problem = format!(
            "a volume of {} does not hold the redo log ({}), the write-set cache ({}) and data",
            database.size, database.redo_log, database.gcache
        );
        c.error(
            "/database/size",
            "spec/size",
            problem,
            format!("write {} or more", Size::from_mebibytes((caches >> 20) + 1)),
        );
    }
}

/// Generation 0 and one for each entry of the ledger, without those that were retired.
fn generations(environment: &Environment, ledger: &Ledger, c: &mut Collector<'_>) -> Vec<Generation> {
    let written = &environment.database;
    let newest = u32::try_from(ledger.entries.len()).unwrap_or(u32::MAX);
    for (i, retired) in written.retired.iter().enumerate() {
        let at = format!("/database/retired/{i}");
        if *retired > newest {
            c.error(
                &at,
                "spec/generation",
                format!("generation {retired} does not exist"),
                format!("the newest is {newest}"),
            );
        } else if *retired == written.active {
            c.error(
                &at,
                "spec/generation",
                format!("generation {retired} is active and cannot be retired"),
                "make another generation active first",
            );
        } else if written.retired[..i].contains(retired) {
            c.error(
                &at,
                "spec/duplicate",
                format!("generation {retired} is retired twice"),
                "remove one of the two",
            );
        }
    }
    if written.active > newest {
        let problem = format!(
            "generation {} is to be active and does not exist: the newest is {newest}",
            written.active
        );
        c.error(
            "/database/active",
            "spec/generation",
            problem,
            "request a restore first, `galeno restore request`, or write a generation that exists",
        );
    }
    let empty = Generation::new(0, GenerationSource::Empty, written.nodes);
    let restored = ledger.entries.iter().map(|entry| {
        let source = GenerationSource::Restored {
            source: entry.request.source.clone(),
            request: entry.digest.clone(),
        };
        Generation::new(entry.request.generation, source, written.nodes)
    });
    std::iter::once(empty)
        .chain(restored)
        .filter(|g| !written.retired.contains(&g.number))
        .collect()
}

fn forced(environment: &Environment, generations: &[Generation], c: &mut Collector<'_>) -> Option<Forced> {
    let written = environment.database.forced_recovery.as_ref()?;
    let at = "/database/forcedRecovery";
    let discarded = written.discard.iter().enumerate();
    let named: Vec<(String, &String)> = written
        .node
        .iter()
        .map(|node| (format!("{at}/node"), node))
        .chain(discarded.map(|(i, node)| (format!("{at}/discard/{i}"), node)))
        .collect();
    if named.is_empty() {
        let problem = "the recovery says neither whom to start from nor whose data to throw away";
        c.error(
            at,
            "spec/empty",
            problem,
            "write `node: POD`, `discard: [POD]`, or both",
        );
        return None;
    }
    let mut found = Vec::new();
    for (pointer, node) in named {
        let generation = generations.iter().find(|g| g.members.iter().any(|m| m.name == *node));
        let Some(generation) = generation else {
            let names: Vec<&str> = generations
                .iter()
                .flat_map(|g| &g.members)
                .map(|m| m.name.as_str())
                .collect();
            let problem = format!("`{node}` is no node of the database");
            c.error(
                &pointer,
                "spec/node",
                problem,
                format!("write one of {}", names.join(", ")),
            );
            return None;
        };
        if written.node.as_ref() == Some(node) && pointer.contains("/discard/") {
            let problem = format!("`{node}` is started from and thrown away at once");
            c.error(&pointer, "spec/node", problem, "name it in one of the two places");
            return None;
        }
        found.push((pointer, generation));
    }
    let (_, first) = found.first()?;
    if let Some((pointer, other)) = found.iter().find(|(_, generation)| generation.number != first.number) {
        let problem = format!(
            "a recovery is of one generation: here are {} and {}",
            first.number, other.number
        );
        c.error(pointer, "spec/node", problem, "name nodes of one generation");
        return None;
    }
    if written.discard.len() >= first.members.len() {
        let problem = "every node's data would be thrown away";
        c.error(
            &format!("{at}/discard"),
            "spec/node",
            problem,
            "leave one; or restore a backup: `galeno restore request`",
        );
        return None;
    }
    Some(Forced {
        generation: first.number,
        node: written.node.clone(),
        discard: written.discard.clone(),
        epoch: written.epoch,
    })
}
