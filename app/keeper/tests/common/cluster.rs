//! Nodes: real keepers, each with its volume, its namespace and its certificate.

use std::cell::RefCell;
use std::fmt::Write as _;
use std::fs::{self, File};
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use mysql::prelude::{FromRow, Queryable as _};
use mysql::{Conn, OptsBuilder, SslOpts};
use serde_json::{Value, json};

use super::authority::Authority;
use super::net::{Net, run};
use super::{PATIENCE, wait, wait_within};

pub const PASSWORD: &str = "correct horse battery staple";
/// The end of validity of ordinary certificates.
pub const UNTIL: i32 = 2089;

const MY_CNF: &str = "\
[mariadbd]
innodb_buffer_pool_size=48M
innodb_log_file_size=48M
innodb_flush_log_at_trx_commit=1
innodb_snapshot_isolation=ON
max_connections=100
performance_schema=OFF
log_bin=binlog
log_slave_updates=ON
server_id=1
wsrep_gtid_mode=ON
wsrep_gtid_domain_id=1
wsrep_slave_threads=2
wsrep_sync_wait=1
";

pub struct Options {
    pub nodes: usize,
    pub cluster: String,
    pub generation: u32,
    pub source: &'static str,
    /// More lines for `my.cnf`.
    pub my_cnf: String,
    /// More accounts (JSON, as in the configuration).
    pub accounts: Vec<Value>,
    pub active: u32,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            nodes: 3,
            cluster: "test".into(),
            generation: 0,
            source: "empty",
            my_cnf: String::new(),
            accounts: vec![],
            active: 0,
        }
    }
}

/// One cluster at a time: three database servers are load enough for a small machine.
static ALONE: Mutex<()> = Mutex::new(());

pub struct Cluster {
    pub net: Net,
    pub authority: Authority,
    pub options: Options,
    directory: tempfile::TempDir,
    processes: Vec<Option<Child>>,
    _alone: MutexGuard<'static, ()>,
}

impl Cluster {
    /// Everything but the processes.
    pub fn prepare(options: Options) -> Self {
        let alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
        let net = Net::new(options.nodes);
        let directory = tempfile::Builder::new().prefix("keeper-").tempdir_in("/tmp").unwrap();
        fs::set_permissions(directory.path(), fs::Permissions::from_mode(0o755)).unwrap();
        // The user that runs the nodes need not be able to reach the build's directory.
        fs::copy(env!("CARGO_BIN_EXE_keeper"), directory.path().join("keeper")).unwrap();
        let authority = Authority::new("test");
        let processes = (0..options.nodes).map(|_| None).collect();
        let cluster = Self {
            net,
            authority,
            options,
            directory,
            processes,
            _alone: alone,
        };
        fs::write(cluster.path("password"), format!("{PASSWORD}\n")).unwrap();
        fs::write(cluster.path("my.cnf"), format!("{MY_CNF}{}", cluster.options.my_cnf)).unwrap();
        cluster.intent(&json!({"active": cluster.options.active}));
        for i in 0..cluster.options.nodes {
            fs::create_dir_all(cluster.volume(i)).unwrap();
            fs::create_dir_all(cluster.node_path(i, "run")).unwrap();
            cluster.certify(i, &cluster.authority, UNTIL);
            cluster.configure(i, |_| {});
            own(&cluster.node_path(i, ""));
        }
        cluster
    }

    /// All nodes started from nothing, ready, with the writer's table.
    pub fn start_fresh(options: Options) -> Self {
        let mut cluster = Self::prepare(options);
        for i in 0..cluster.options.nodes {
            cluster.spawn(i);
        }
        cluster.wait_all_ready();
        cluster.create_table();
        cluster
    }

    /// Three nodes, ready, with the writer's table: from the volumes of a cluster that was started once from nothing.
    pub fn start() -> Self {
        let mut cluster = Self::prepare_used();
        for i in 0..cluster.options.nodes {
            cluster.spawn(i);
        }
        cluster.wait_all_ready();
        cluster
    }

    /// As [`Cluster::start`], without the processes.
    pub fn prepare_used() -> Self {
        let template = template();
        let cluster = Self::prepare(Options::default());
        for i in 0..cluster.options.nodes {
            let from = format!("{}/.", template.join(format!("n{i}")).display());
            run(
                "cp",
                &["-a", "--reflink=auto", &from, &cluster.volume(i).display().to_string()],
            );
        }
        cluster
    }

    pub fn create_table(&self) {
        self.root(0)
            .query_drop(
                "CREATE TABLE IF NOT EXISTS clinic.numbers (seq BIGINT AUTO_INCREMENT PRIMARY KEY, id BIGINT NOT NULL, \
                 node INT NOT NULL, KEY (id)) ENGINE=InnoDB",
            )
            .unwrap();
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    pub fn node_path(&self, node: usize, name: &str) -> PathBuf {
        self.path(&format!("n{node}")).join(name)
    }

    pub fn volume(&self, node: usize) -> PathBuf {
        self.node_path(node, "volume")
    }

    pub fn name(node: usize) -> String {
        format!("db-{node}")
    }

    pub fn certify(&self, node: usize, authority: &Authority, until: i32) {
        let mut names = vec![Net::host(node)];
        names.extend((0..self.options.nodes).map(|i| self.net.address(i)));
        authority.issue(&self.node_path(node, "tls"), &names, until);
        own(&self.node_path(node, "tls"));
    }

    /// Writes the node's configuration, changed by `change`.
    pub fn configure(&self, node: usize, change: impl FnOnce(&mut Value)) {
        let members: Vec<Value> = (0..self.options.nodes)
            .map(|i| json!({"name": Self::name(i), "host": Net::host(i)}))
            .collect();
        let mut accounts = vec![json!({
            "name": "app", "passwordFile": self.path("password"), "grants": ["ALL PRIVILEGES ON clinic.*"],
        })];
        accounts.extend(self.options.accounts.iter().cloned());
        let run = self.node_path(node, "run");
        let tls = self.node_path(node, "tls");
        let mut config = json!({
            "cluster": self.options.cluster, "generation": self.options.generation, "source": self.options.source,
            "members": members, "node": Self::name(node), "volume": self.volume(node), "runDirectory": run,
            "mariadb": {
                "config": self.path("my.cnf"), "socket": self.socket(node),
                "providerOptions": {"gcache.size": "64M", "gcs.fc_limit": "64"},
            },
            "tls": {"ca": tls.join("ca.crt"), "certificate": tls.join("tls.crt"), "key": tls.join("tls.key")},
            "probe": {"listen": "0.0.0.0:9105"}, "intent": self.path("intent.yaml"), "accounts": accounts,
            "databases": ["clinic"],
            "timeouts": {"poll": "300ms", "peer": "3s", "forcedSettle": "6s", "stepDown": "5s", "drain": "300ms",
                         "shutdown": "300s"},
        });
        change(&mut config);
        fs::write(self.node_path(node, "node.json"), config.to_string()).unwrap();
    }

    pub fn intent(&self, intent: &Value) {
        let new = self.path(".intent");
        fs::write(&new, intent.to_string()).unwrap();
        fs::rename(new, self.path("intent.yaml")).unwrap();
    }

    pub fn order(&self, recovery: &Value) {
        self.intent(&json!({"active": self.options.active, "recovery": recovery}));
    }

    pub fn socket(&self, node: usize) -> PathBuf {
        self.node_path(node, "run").join("db.sock")
    }

    pub fn log(&self, node: usize) -> String {
        fs::read_to_string(self.node_path(node, "log")).unwrap_or_default()
    }

    /// Starts a node's keeper. Call it from the test's own thread: the process dies with the thread that started it.
    pub fn spawn(&mut self, node: usize) {
        let child = self.command(node).spawn().unwrap();
        self.processes[node] = Some(child);
    }

    /// A node as its own process tree: in its network, its own process namespace (what dies, dies whole), as the
    /// unprivileged user of the database.
    pub fn command(&self, node: usize) -> Command {
        let log = File::options()
            .create(true)
            .append(true)
            .open(self.node_path(node, "log"))
            .unwrap();
        let mut command = Command::new("setpriv");
        command
            .args(["--pdeathsig", "KILL", "ip", "netns", "exec", &self.net.ns(node)])
            .args(["unshare", "--pid", "--fork", "--kill-child=KILL", "--mount-proc"])
            .args([
                "setpriv",
                "--reuid",
                "mysql",
                "--regid",
                "mysql",
                "--clear-groups",
                "--inh-caps=-all",
            ])
            .arg(self.path("keeper"))
            .args(["node", "--config"])
            .arg(self.node_path(node, "node.json"))
            .env("RUST_LOG", "info")
            .stdin(Stdio::null())
            .stdout(log.try_clone().unwrap())
            .stderr(log);
        command
    }

    /// Kills keeper and mariadbd at once, as a power cut would.
    pub fn kill(&mut self, node: usize) {
        if let Some(mut child) = self.processes[node].take() {
            // The whole process namespace dies with its first process.
            let keeper = keeper_pid(&child);
            if let Some(pid) = keeper {
                signal(pid, rustix::process::Signal::KILL);
            }
            let _ = child.kill();
            let _ = child.wait();
            self.wait_gone(node);
        }
    }

    /// Kills a node and waits for nothing; [`Cluster::kill`] does the rest.
    pub fn kill_at_once(&self, node: usize) {
        if let Some(pid) = self.processes[node].as_ref().and_then(keeper_pid) {
            signal(pid, rustix::process::Signal::KILL);
        }
    }

    /// Kills several as nearly at once as a program can.
    pub fn kill_all(&mut self, nodes: &[usize]) {
        for &node in nodes {
            self.kill_at_once(node);
        }
        for &node in nodes {
            self.kill(node);
        }
    }

    /// SIGTERM, as Kubernetes does it.
    pub fn terminate(&self, node: usize) {
        if let Some(pid) = self.processes[node].as_ref().and_then(keeper_pid) {
            signal(pid, rustix::process::Signal::TERM);
        }
    }

    /// Waits until a node that was told to leave has left; whether cleanly. (The keeper ends well also when it had to kill
    /// mariadbd: that only its log says.)
    pub fn wait_left(&mut self, node: usize) -> bool {
        let mut child = self.processes[node].take().expect("was started");
        let status = wait_within(
            &format!("node {node} leaves"),
            PATIENCE,
            || child.try_wait().unwrap(),
            || self.describe(),
        );
        self.wait_gone(node);
        let log = self.log(node);
        let (_, leaving) = log.rsplit_once("stopping mariadbd").expect("mariadbd was told to end");
        status.success() && !leaving.contains("did not end in time")
    }

    /// Whether the keeper's process has ended by itself.
    pub fn has_ended(&mut self, node: usize) -> bool {
        self.processes[node]
            .as_mut()
            .is_none_or(|child| child.try_wait().unwrap().is_some())
    }

    fn wait_gone(&self, node: usize) {
        // The lock is free when the last process of the node is gone.
        let lock = self.volume(node).join("keeper/lock");
        wait(&format!("node {node} is gone"), || match File::open(&lock) {
            Ok(file) => file.try_lock().ok(),
            Err(_) => Some(()),
        });
    }

    /// Puts an empty volume in the place of a node's own; returns where that is now.
    pub fn set_volume_aside(&self, node: usize) -> PathBuf {
        let (volume, aside) = (self.volume(node), self.node_path(node, "aside"));
        fs::rename(&volume, &aside).unwrap();
        fs::create_dir(&volume).unwrap();
        own(&volume);
        aside
    }

    pub fn lose_volume(&self, node: usize) {
        for entry in fs::read_dir(self.volume(node)).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                fs::remove_dir_all(path).unwrap();
            } else {
                fs::remove_file(path).unwrap();
            }
        }
    }

    /// What a node's HTTP server says: code and body.
    pub fn get(&self, node: usize, path: &str) -> Option<(u16, String)> {
        let address = format!("{}:9105", self.net.address(node)).parse().unwrap();
        self.net.among_clients(|| {
            let mut stream = TcpStream::connect_timeout(&address, Duration::from_secs(2)).ok()?;
            stream.set_read_timeout(Some(Duration::from_secs(5))).ok()?;
            stream
                .write_all(format!("GET {path} HTTP/1.1\r\nHost: x\r\n\r\n").as_bytes())
                .ok()?;
            let mut text = String::new();
            stream.read_to_string(&mut text).ok()?;
            let (head, body) = text.split_once("\r\n\r\n")?;
            let code = head.split(' ').nth(1)?.parse().ok()?;
            Some((code, body.to_owned()))
        })
    }

    /// What a node's HTTP server says as soon as it says anything: a busy machine may leave one request without an answer.
    pub fn answer(&self, node: usize, path: &str) -> (u16, String) {
        wait_within(
            &format!("node {node} answers {path}"),
            PATIENCE,
            || self.get(node, path),
            || self.describe(),
        )
    }

    pub fn is_ready(&self, node: usize) -> bool {
        self.get(node, "/ready").is_some_and(|(code, _)| code == 200)
    }

    /// Whether a node says that it is not ready; one that says nothing does not.
    pub fn is_refusing(&self, node: usize) -> bool {
        self.get(node, "/ready").is_some_and(|(code, _)| code == 503)
    }

    pub fn status(&self, node: usize) -> Option<Value> {
        serde_json::from_str(&self.get(node, "/status")?.1).ok()
    }

    /// Why a node waits.
    pub fn why(&self, node: usize) -> String {
        self.status(node)
            .and_then(|s| s["why"].as_str().map(str::to_owned))
            .unwrap_or_default()
    }

    pub fn wait_ready(&self, nodes: &[usize]) {
        for &node in nodes {
            wait_within(
                &format!("node {node} is ready"),
                PATIENCE,
                || self.is_ready(node).then_some(()),
                || self.describe(),
            );
        }
    }

    pub fn wait_all_ready(&self) {
        self.wait_ready(&(0..self.options.nodes).collect::<Vec<_>>());
        let size = self.options.nodes.to_string();
        for node in 0..self.options.nodes {
            wait_within(
                &format!("node {node} sees all"),
                PATIENCE,
                || (self.wsrep(node, "wsrep_cluster_size")? == size).then_some(()),
                || self.describe(),
            );
        }
    }

    /// Waits until a node says that it waits, in words that contain `text`.
    pub fn wait_why(&self, node: usize, text: &str) -> String {
        wait_within(
            &format!("node {node} says `{text}`"),
            PATIENCE,
            || Some(self.why(node)).filter(|why| why.contains(text)),
            || self.describe(),
        )
    }

    /// A session as administrator, over the socket.
    pub fn root(&self, node: usize) -> Conn {
        self.try_root(node)
            .unwrap_or_else(|e| panic!("node {node}: {e}\n{}", self.describe()))
    }

    pub fn try_root(&self, node: usize) -> mysql::Result<Conn> {
        let options = OptsBuilder::new()
            .socket(Some(self.socket(node).display().to_string()))
            .user(Some("root"))
            // Without these two the client library asks, and a node without a primary component refuses to answer.
            .max_allowed_packet(Some(16 << 20))
            .prefer_socket(false)
            .read_timeout(Some(Duration::from_mins(1)));
        let mut conn = Conn::new(options)?;
        conn.query_drop("SET SESSION wsrep_sync_wait = 0, SESSION wsrep_dirty_reads = ON")?;
        Ok(conn)
    }

    pub fn wsrep(&self, node: usize, name: &str) -> Option<String> {
        let row: Option<(String, String)> = self
            .try_root(node)
            .ok()?
            .query_first(format!("SHOW GLOBAL STATUS LIKE '{name}'"))
            .ok()?;
        row.map(|(_, value)| value)
    }

    /// The one value that a query gives, as text.
    pub fn query_text(&self, node: usize, query: &str) -> String {
        self.root(node).query_first(query).unwrap().expect("a row")
    }

    /// What a query gives on a node that sees everything that was confirmed anywhere before. A node that is out of its group
    /// for a moment refuses such a query: it is asked again.
    pub fn query_all<T: FromRow>(&self, node: usize, query: &str) -> Vec<T> {
        let refused = RefCell::new(None);
        wait_within(
            &format!("node {node} answers `{query}`"),
            PATIENCE,
            || {
                let rows = self.try_root(node).and_then(|mut conn| {
                    // With dirty reads a session waits for nothing, whatever `wsrep_sync_wait` says.
                    conn.query_drop("SET SESSION wsrep_dirty_reads = OFF, SESSION wsrep_sync_wait = 1")?;
                    conn.query(query)
                });
                rows.map_err(|error| refused.replace(Some(error))).ok()
            },
            || format!("{:?}\n{}", refused.borrow(), self.describe()),
        )
    }

    /// How a client connects: over TCP and TLS. The calling thread must be in the clients' network.
    pub fn client_options(&self, node: usize) -> OptsBuilder {
        let tls = SslOpts::default().with_root_cert_path(Some(self.node_path(node, "tls").join("ca.crt")));
        OptsBuilder::new()
            .ip_or_hostname(Some(self.net.address(node)))
            .prefer_socket(false)
            .user(Some("app"))
            .pass(Some(PASSWORD))
            .ssl_opts(tls)
            .tcp_connect_timeout(Some(Duration::from_secs(3)))
            .read_timeout(Some(Duration::from_secs(20)))
            .write_timeout(Some(Duration::from_secs(20)))
    }

    /// How everything is, for the message of a failed test.
    pub fn describe(&self) -> String {
        let mut text = String::new();
        for node in 0..self.options.nodes {
            let log = self.log(node);
            let lines: Vec<&str> = log.lines().collect();
            let last = lines[lines.len().saturating_sub(40)..].join("\n");
            let status = self.status(node).map(|s| s.to_string());
            let _ = writeln!(
                text,
                "--- node {node}: {status:?}
{last}"
            );
        }
        text
    }

    /// Every table that matters has the same checksum on all these nodes.
    pub fn assert_same(&self, nodes: &[usize]) {
        const TABLES: [&str; 3] = ["clinic.numbers", "keeper.generation", "mysql.global_priv"];
        let sum = |node: usize| -> Vec<(String, Option<u64>)> {
            self.query_all(node, &format!("CHECKSUM TABLE {}", TABLES.join(", ")))
        };
        let first = sum(nodes[0]);
        assert!(
            first.iter().all(|(_, value)| value.is_some()),
            "a table is missing: {first:?}"
        );
        for &node in &nodes[1..] {
            assert_eq!(sum(node), first, "node {node} differs from node {}", nodes[0]);
        }
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        for child in self.processes.iter_mut().flatten() {
            if let Some(pid) = keeper_pid(child) {
                signal(pid, rustix::process::Signal::KILL);
            }
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// The keeper is the only child of the process that made its namespace.
fn keeper_pid(child: &Child) -> Option<i32> {
    let id = child.id();
    let text = fs::read_to_string(format!("/proc/{id}/task/{id}/children")).ok()?;
    text.split_whitespace().next()?.parse().ok()
}

fn signal(pid: i32, signal: rustix::process::Signal) {
    if let Some(pid) = rustix::process::Pid::from_raw(pid) {
        let _ = rustix::process::kill_process(pid, signal);
    }
}

/// Gives a directory to the user that runs the nodes.
pub fn own(path: &Path) {
    run("chown", &["-R", "mysql:mysql", &path.display().to_string()]);
}

/// Volumes of a cluster of three that was started from nothing and stopped cleanly.
fn template() -> PathBuf {
    static TEMPLATE: OnceLock<PathBuf> = OnceLock::new();
    TEMPLATE
        .get_or_init(|| {
            let place = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("volumes-{}", env!("CARGO_CRATE_NAME")));
            let _ = fs::remove_dir_all(&place);
            let mut cluster = Cluster::start_fresh(Options::default());
            for i in 0..3 {
                cluster.terminate(i);
            }
            for i in 0..3 {
                assert!(cluster.wait_left(i), "node {i} left badly\n{}", cluster.describe());
            }
            fs::create_dir_all(&place).unwrap();
            for i in 0..3 {
                let to = place.join(format!("n{i}")).display().to_string();
                run(
                    "cp",
                    &["-a", "--reflink=auto", &cluster.volume(i).display().to_string(), &to],
                );
            }
            place
        })
        .clone()
}
