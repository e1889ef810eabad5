//! The pool over several nodes: each node has its own connections and its own watcher.

use std::{
    pin::pin,
    sync::{
        Arc, PoisonError, RwLock,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use anyhow::Result;
use galeno_contract::api::{Database, DatabaseNode, Routing};
use sqlx::{MySql, MySqlPool, Transaction, mysql::MySqlPoolOptions};
use tokio::{sync::watch, task::AbortHandle, time::timeout};

use super::{
    connect::{Account, begin_session, options},
    probe::{Demands, Fitness, Probe, Unfit},
};

/// The nodes of the active generation.
pub struct Cluster {
    members: RwLock<Arc<Members>>,
}

struct Members {
    nodes: Vec<Arc<Node>>,
    routing: Routing,
    turn: AtomicUsize,
}

struct Node {
    name: String,
    pool: MySqlPool,
    fitness: watch::Receiver<Fitness>,
    watcher: AbortHandle,
}

impl Drop for Node {
    fn drop(&mut self) {
        self.watcher.abort();
    }
}

/// No node can serve.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no database node can serve: {}", .0.word())]
pub struct Unavailable(pub Unfit);

/// A node that was fit when it was chosen, and the news of its fall.
pub struct Lease {
    node: Arc<Node>,
    members: Arc<Members>,
}

impl Cluster {
    /// Starts watching the nodes. Returns at once: a node is chosen only after it has answered.
    pub fn start(database: &Database) -> Result<Self> {
        Ok(Self {
            members: RwLock::new(Arc::new(Members::start(database)?)),
        })
    }

    /// Turns to the nodes and the generation that `database` now names. Transactions that run keep their node.
    pub fn change(&self, database: &Database) -> Result<()> {
        let members = Arc::new(Members::start(database)?);
        *self.members.write().unwrap_or_else(PoisonError::into_inner) = members;
        Ok(())
    }

    fn members(&self) -> Arc<Members> {
        self.members.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// A node that is fit now.
    pub fn choose(&self) -> Result<Lease, Unavailable> {
        let members = self.members();
        let of = |wanted: Fitness| members.nodes.iter().filter(move |node| node.fitness() == wanted);
        let able = [Fitness::Fit, Fitness::Donor, Fitness::Late]
            .into_iter()
            .map(|wanted| of(wanted).collect::<Vec<_>>())
            .find(|able| !able.is_empty())
            .ok_or_else(|| Unavailable(members.worst()))?;
        let index = match members.routing {
            Routing::FirstHealthy => 0,
            Routing::Spread => members.turn.fetch_add(1, Ordering::Relaxed) % able.len(),
        };
        Ok(Lease {
            node: able[index].clone(),
            members: members.clone(),
        })
    }

    /// Each node's name, and what it is good for.
    pub fn states(&self) -> Vec<(String, Fitness)> {
        self.members()
            .nodes
            .iter()
            .map(|node| (node.name.clone(), node.fitness()))
            .collect()
    }

    /// Each node's name, open connections and idle ones.
    pub fn usage(&self) -> Vec<(String, u32, usize)> {
        self.members()
            .nodes
            .iter()
            .map(|node| (node.name.clone(), node.pool.size(), node.pool.num_idle()))
            .collect()
    }

    /// Closes every connection.
    pub async fn close(&self) {
        for node in &self.members().nodes {
            node.watcher.abort();
            node.pool.close().await;
        }
    }
}

impl Members {
    fn start(database: &Database) -> Result<Self> {
        let nodes = database
            .nodes
            .iter()
            .map(|node| Node::start(database, node).map(Arc::new))
            .collect::<Result<_>>()?;
        Ok(Self {
            nodes,
            routing: database.routing,
            turn: AtomicUsize::new(0),
        })
    }

    /// Whether any node answers in time.
    fn some_in_time(&self) -> bool {
        let in_time = |node: &Arc<Node>| matches!(node.fitness(), Fitness::Fit | Fitness::Donor);
        self.nodes.iter().any(in_time)
    }

    /// The reason that tells the most: a restore before a lost quorum before a node that is not there.
    fn worst(&self) -> Unfit {
        const BY_WEIGHT: [Unfit; 6] = [
            Unfit::NotAccepted,
            Unfit::ReadOnly,
            Unfit::OldSchema,
            Unfit::NoHistory,
            Unfit::NotSynced,
            Unfit::NotPrimary,
        ];
        let has = |why: &Unfit| self.nodes.iter().any(|node| node.fitness() == Fitness::Unfit(*why));
        BY_WEIGHT.into_iter().find(has).unwrap_or(Unfit::Unreachable)
    }
}

impl Node {
    fn fitness(&self) -> Fitness {
        *self.fitness.borrow()
    }

    fn start(database: &Database, node: &DatabaseNode) -> Result<Self> {
        let name = format!("{}:{}", node.host, node.port);
        let options = options(database, node, Account::Service)?;
        let pool = MySqlPoolOptions::new()
            .max_connections(database.connections_per_node)
            .acquire_timeout(database.acquire_timeout.to_std())
            .idle_timeout(Duration::from_mins(5))
            .max_lifetime(Duration::from_mins(30))
            // The watcher knows sooner than a ping, and a ping costs each request a round trip.
            .test_before_acquire(false)
            .after_connect(|connection, _| Box::pin(begin_session(connection)))
            .connect_lazy_with(options.clone());
        let demands = Demands::of(database);
        let (tell, fitness) = watch::channel(Fitness::Unfit(Unfit::Unreachable));
        let interval = database.probe_interval.to_std();
        let watcher = tokio::spawn(watch_node(name.clone(), Probe::new(options), demands, interval, tell));
        Ok(Self {
            name,
            pool,
            fitness,
            watcher: watcher.abort_handle(),
        })
    }
}

async fn watch_node(name: String, mut probe: Probe, demands: Demands, every: Duration, tell: watch::Sender<Fitness>) {
    let deadline = (every * 2).clamp(Duration::from_millis(400), Duration::from_secs(2));
    let mut tick = tokio::time::interval(every);
    tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tick.tick().await;
        let mut answer = pin!(probe.ask(&demands));
        let fitness = if let Ok(fitness) = timeout(deadline, &mut answer).await {
            fitness
        } else {
            if !matches!(*tell.borrow(), Fitness::Unfit(_)) {
                say(&name, &tell, Fitness::Late);
            }
            // Good news that comes late is late, or one that is always late would come and go without end.
            match answer.await {
                Fitness::Fit | Fitness::Donor => Fitness::Late,
                other => other,
            }
        };
        say(&name, &tell, fitness);
        if tell.is_closed() {
            return;
        }
    }
}

/// Tells what is new of a node.
fn say(name: &str, tell: &watch::Sender<Fitness>, fitness: Fitness) {
    let news = tell.send_if_modified(|known| std::mem::replace(known, fitness) != fitness);
    if news {
        match fitness {
            Fitness::Fit => tracing::info!(node = name, "database node is fit"),
            Fitness::Donor => tracing::info!(node = name, "database node is a donor"),
            Fitness::Late => tracing::warn!(node = name, "database node answers late"),
            Fitness::Unfit(why) => tracing::warn!(node = name, why = why.word(), "database node left the pool"),
        }
    }
}

impl Lease {
    /// Opens a transaction on the node.
    pub async fn begin(&self) -> Result<Transaction<'static, MySql>, sqlx::Error> {
        self.node.pool.begin().await
    }

    /// Completes when the node is no longer fit, or late where another one is not.
    pub async fn lost(&self) {
        let mut fitness = self.node.fitness.clone();
        loop {
            let now = *fitness.borrow_and_update();
            let lost = match now {
                Fitness::Fit | Fitness::Donor => false,
                Fitness::Late => self.members.some_in_time(),
                Fitness::Unfit(_) => true,
            };
            // An error means that the watcher has ended, which happens when the cluster turns to other nodes.
            if lost || fitness.changed().await.is_err() {
                return;
            }
        }
    }

    /// The node's name.
    pub fn node(&self) -> &str {
        &self.node.name
    }
}
