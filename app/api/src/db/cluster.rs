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
use tokio::{sync::watch, task::AbortHandle, time::timeout};

use super::{
    connect::{Account, options},
    pool::Pool,
    probe::{Demands, Fitness, Probe, Unfit},
    tx::Tx,
};

/// The nodes of the active generation.
pub struct Cluster {
    members: RwLock<Arc<Members>>,
    news: News,
}

/// Told whenever any node's fitness changes, of whichever generation.
type News = watch::Sender<()>;

struct Members {
    /// What they were made of, but for `others`.
    database: Database,
    nodes: Vec<Arc<Node>>,
    /// Nodes of other generations, which are watched so that no two generations serve.
    others: Vec<Arc<Watched>>,
    turn: AtomicUsize,
}

struct Node {
    watched: Arc<Watched>,
    pool: Pool,
}

/// A node that is asked again and again how it is.
struct Watched {
    name: String,
    fitness: watch::Receiver<Fitness>,
    watcher: AbortHandle,
}

impl Drop for Watched {
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
    news: watch::Receiver<()>,
}

impl Cluster {
    /// Starts watching the nodes. Returns at once: a node is chosen only after it has answered.
    pub fn start(database: &Database) -> Result<Self> {
        let news = News::default();
        Ok(Self {
            members: RwLock::new(Arc::new(Members::start(database, None, &news)?)),
            news,
        })
    }

    /// Turns to the nodes and the generation that `database` now names. Transactions that run keep their node.
    pub fn change(&self, database: &Database) -> Result<()> {
        let members = Arc::new(Members::start(database, Some(&self.members()), &self.news)?);
        *self.members.write().unwrap_or_else(PoisonError::into_inner) = members;
        Ok(())
    }

    fn members(&self) -> Arc<Members> {
        self.members.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// A node that is fit now.
    pub fn choose(&self) -> Result<Lease, Unavailable> {
        let members = self.members();
        if members.another_serves() {
            return Err(Unavailable(Unfit::OtherGeneration));
        }
        let of = |wanted: Fitness| {
            members
                .nodes
                .iter()
                .filter(move |node| node.watched.fitness() == wanted)
        };
        let able = [Fitness::Fit, Fitness::Donor, Fitness::Late]
            .into_iter()
            .map(|wanted| of(wanted).collect::<Vec<_>>())
            .find(|able| !able.is_empty())
            .ok_or_else(|| Unavailable(members.worst()))?;
        let index = match members.database.routing {
            Routing::FirstHealthy => 0,
            Routing::Spread => members.turn.fetch_add(1, Ordering::Relaxed) % able.len(),
        };
        Ok(Lease {
            node: able[index].clone(),
            members: members.clone(),
            news: self.news.subscribe(),
        })
    }

    /// Each node's name, and what it is good for.
    pub fn states(&self) -> Vec<(String, Fitness)> {
        self.members()
            .nodes
            .iter()
            .map(|node| (node.watched.name.clone(), node.watched.fitness()))
            .collect()
    }

    /// Each node's name, open connections and idle ones.
    pub fn usage(&self) -> Vec<(String, usize, usize)> {
        self.members()
            .nodes
            .iter()
            .map(|node| {
                let (open, idle) = node.pool.usage();
                (node.watched.name.clone(), open, idle)
            })
            .collect()
    }

    /// Closes every connection.
    pub async fn close(&self) {
        let members = self.members();
        for other in &members.others {
            other.watcher.abort();
        }
        for node in &members.nodes {
            node.watched.watcher.abort();
            node.pool.close().await;
        }
    }
}

impl Members {
    /// With the watchers of before, where only the list of other generations changes: one that is being prepared disturbs nobody.
    fn start(database: &Database, before: Option<&Self>, news: &News) -> Result<Self> {
        let mut own = database.clone();
        let others = std::mem::take(&mut own.other_generations);
        let same = before.filter(|before| before.database == own);
        let nodes = if let Some(same) = same {
            same.nodes.clone()
        } else {
            let start = |node| Node::start(&own, node, news).map(Arc::new);
            own.nodes.iter().map(start).collect::<Result<_>>()?
        };
        // What may be open is taken to be open until it has been asked; what appears beside a generation that serves is new.
        let first = if same.is_some() {
            Fitness::Unfit(Unfit::Unreachable)
        } else {
            Fitness::Late
        };
        let start = |node: &DatabaseNode| {
            let known = same.and_then(|same| same.others.iter().find(|known| known.name == node_name(node)));
            known.map_or_else(
                || Watched::start(&own, node, Demands::of_another(&own), first, news),
                |known| Ok(known.clone()),
            )
        };
        let others = others.iter().map(start).collect::<Result<_>>()?;
        Ok(Self {
            nodes,
            others,
            turn: AtomicUsize::new(0),
            database: own,
        })
    }

    /// Whether a node of another generation serves, or may.
    fn another_serves(&self) -> bool {
        self.others.iter().any(|other| other.fitness().may_serve())
    }

    /// Whether any node answers in time.
    fn some_in_time(&self) -> bool {
        self.nodes.iter().any(|node| node.watched.fitness().in_time())
    }

    /// The reason that tells the most: a restore before a lost quorum before a node that is not there.
    fn worst(&self) -> Unfit {
        const BY_WEIGHT: [Unfit; 7] = [
            Unfit::NotAccepted,
            Unfit::ReadOnly,
            Unfit::OldServer,
            Unfit::OldSchema,
            Unfit::NoHistory,
            Unfit::NotSynced,
            Unfit::NotPrimary,
        ];
        let has = |why: &Unfit| {
            self.nodes
                .iter()
                .any(|node| node.watched.fitness() == Fitness::Unfit(*why))
        };
        BY_WEIGHT.into_iter().find(has).unwrap_or(Unfit::Unreachable)
    }
}

impl Node {
    fn start(database: &Database, node: &DatabaseNode, news: &News) -> Result<Self> {
        let pool = Pool::start(database, node)?;
        let first = Fitness::Unfit(Unfit::Unreachable);
        let watched = Watched::start(database, node, Demands::of(database), first, news)?;
        Ok(Self { watched, pool })
    }
}

impl Watched {
    fn start(
        database: &Database,
        node: &DatabaseNode,
        demands: Demands,
        first: Fitness,
        news: &News,
    ) -> Result<Arc<Self>> {
        let name = node_name(node);
        let probe = Probe::new(options(database, node, Account::Service)?);
        let (sender, fitness) = watch::channel(first);
        let tell = Tell {
            name: name.clone(),
            fitness: sender,
            news: news.clone(),
        };
        let interval = database.probe_interval.to_std();
        let watcher = tokio::spawn(watch_node(probe, demands, interval, tell)).abort_handle();
        Ok(Arc::new(Self { name, fitness, watcher }))
    }

    fn fitness(&self) -> Fitness {
        *self.fitness.borrow()
    }
}

fn node_name(node: &DatabaseNode) -> String {
    format!("{}:{}", node.host, node.port)
}

async fn watch_node(mut probe: Probe, demands: Demands, every: Duration, tell: Tell) {
    let deadline = (every * 2).clamp(Duration::from_millis(400), Duration::from_secs(2));
    let mut tick = tokio::time::interval(every);
    tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tick.tick().await;
        let mut answer = pin!(probe.ask(&demands));
        let fitness = if let Ok(fitness) = timeout(deadline, &mut answer).await {
            fitness
        } else {
            if tell.fitness.borrow().may_serve() {
                tell.say(Fitness::Late);
            }
            // Good news that comes late is late, or one that is always late would come and go without end.
            let fitness = answer.await;
            if fitness.in_time() { Fitness::Late } else { fitness }
        };
        tell.say(fitness);
        if tell.fitness.is_closed() {
            return;
        }
    }
}

/// Whom a watcher tells what it sees.
struct Tell {
    name: String,
    fitness: watch::Sender<Fitness>,
    news: News,
}

impl Tell {
    /// Tells what is new of the node.
    fn say(&self, fitness: Fitness) {
        if !self
            .fitness
            .send_if_modified(|known| std::mem::replace(known, fitness) != fitness)
        {
            return;
        }
        self.news.send_replace(());
        let name = &self.name;
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
    pub async fn begin(&self) -> Result<Tx, sqlx::Error> {
        self.node.pool.begin().await
    }

    /// Completes when the node is no longer fit, or late where another one is not, or when another generation serves.
    pub async fn lost(&self) {
        let mut news = self.news.clone();
        // An error means that the cluster is gone, and its nodes with it.
        let _ = news.wait_for(|()| self.is_lost()).await;
    }

    fn is_lost(&self) -> bool {
        let fell = match self.node.watched.fitness() {
            Fitness::Fit | Fitness::Donor => false,
            Fitness::Late => self.members.some_in_time(),
            Fitness::Unfit(_) => true,
        };
        fell || self.members.another_serves()
    }

    /// The node's name.
    pub fn node(&self) -> &str {
        &self.node.watched.name
    }
}
