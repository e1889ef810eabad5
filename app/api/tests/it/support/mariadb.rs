//! MariaDB servers that live as long as the test process, and are gone with their files afterwards.

use std::{
    net::TcpListener,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::{
        OnceLock,
        atomic::{AtomicU32, Ordering},
    },
};

use sqlx::{Connection, MySqlConnection, mysql::MySqlConnectOptions};

/// One server.
pub struct MariaDb {
    pub port: u16,
    pub pid: u32,
    directory: PathBuf,
    // The shell around the server ends it when this pipe closes, however this process ends.
    shell: Child,
}

static SHARED: OnceLock<MariaDb> = OnceLock::new();
static NEXT: AtomicU32 = AtomicU32::new(1);

/// A port that is free now.
pub fn free_port() -> u16 {
    free_ports(1)
}

/// The first of so many ports side by side that are free now. Outside of the range from which the kernel gives ports to
/// outgoing connections: hundreds of clients would otherwise take them before the server does.
pub fn free_ports(count: u16) -> u16 {
    static NEXT_PORT: AtomicU32 = AtomicU32::new(0);
    let start = std::process::id() % 1000 * 13;
    loop {
        let step = NEXT_PORT.fetch_add(u32::from(count), Ordering::Relaxed);
        let port = 16_000 + u16::try_from((start + step) % 15_000).unwrap();
        let free = |next: u16| TcpListener::bind(("127.0.0.1", next)).is_ok();
        if (port..port + count).all(free) {
            return port;
        }
    }
}

/// Fresh system tables, made once in a process and copied.
pub fn template(directory: &Path) {
    let made = Command::new("mariadb-install-db")
        .args([
            "--no-defaults",
            "--auth-root-authentication-method=normal",
            "--skip-test-db",
            "--user=root",
        ])
        .arg(format!("--datadir={}", directory.display()))
        // A server clears away what looks like temporary tables where it keeps its own: each needs a place of its own.
        .env("TMPDIR", directory.parent().unwrap())
        .output()
        .expect("mariadb-install-db (Debian package mariadb-server)");
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
}

impl MariaDb {
    /// The server that all tests of this process share.
    pub fn shared() -> &'static Self {
        SHARED.get_or_init(Self::alone)
    }

    /// A server for one test alone, which may harm it.
    pub fn alone() -> Self {
        Self::own(tempfile::Builder::new().prefix("galeno-api-").tempdir().unwrap().keep())
    }

    /// The same, in a folder.
    pub fn own(directory: PathBuf) -> Self {
        Self::own_with(directory, &[])
    }

    /// The same, with settings of its own.
    pub fn own_with(directory: PathBuf, more: &[&str]) -> Self {
        template(&directory.join("data"));
        Self::start(directory, free_port(), &[&["--skip-log-bin"], more].concat())
    }

    /// Ends the server, and waits until it and its files are gone.
    pub fn end(mut self) {
        drop(self.shell.stdin.take());
        self.shell.wait().unwrap();
    }

    /// Whether the server's process is there.
    pub fn alive(&self) -> bool {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.pid)).unwrap_or_default();
        !stat.is_empty() && !stat.contains(") Z ")
    }

    /// What the server wrote to its log, for a failure's message.
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.directory.join("log.err")).unwrap_or_default()
    }

    /// Sends a signal to the server.
    pub fn signal(&self, name: &str) {
        let sent = Command::new("kill")
            .arg(format!("-{name}"))
            .arg(self.pid.to_string())
            .status()
            .unwrap();
        assert!(sent.success());
    }

    /// A server in a folder that stays, and that may have been there before.
    pub fn kept(directory: PathBuf, more: &[&str]) -> Self {
        if !directory.join("data").exists() {
            template(&directory.join("data"));
        }
        let nothing = directory.join("nothing");
        Self::begin(directory, free_port(), &[&["--skip-log-bin"], more].concat(), &nothing)
    }

    /// Starts a server on a prepared data directory.
    pub fn start(directory: PathBuf, port: u16, more: &[&str]) -> Self {
        let whole = directory.clone();
        Self::begin(directory, port, more, &whole)
    }

    fn begin(directory: PathBuf, port: u16, more: &[&str], goes: &Path) -> Self {
        let data = directory.join("data");
        let mut arguments = vec![
            "mariadbd".to_owned(),
            "--no-defaults".into(),
            "--user=root".into(),
            format!("--datadir={}", data.display()),
            format!("--tmpdir={}", directory.display()),
            format!("--socket={}", directory.join("socket").display()),
            format!("--pid-file={}", directory.join("pid").display()),
            format!("--log-error={}", directory.join("log.err").display()),
            format!("--port={port}"),
            "--bind-address=127.0.0.1".into(),
            "--skip-name-resolve".into(),
            "--innodb-buffer-pool-size=128M".into(),
            "--innodb-log-file-size=64M".into(),
            "--innodb-flush-log-at-trx-commit=0".into(),
            "--innodb-autoinc-lock-mode=2".into(),
            "--binlog-format=ROW".into(),
            "--max-connections=400".into(),
            "--innodb-snapshot-isolation=ON".into(),
        ];
        arguments.extend(more.iter().map(|&argument| argument.to_owned()));
        // `read` returns when the pipe closes: then the server goes, and with it its files.
        let script = "\"$@\" & pid=$!; echo $pid; read -r _; kill -9 $pid; wait $pid 2>/dev/null; rm -rf \"$GOES\"";
        let mut shell = Command::new("sh")
            .args(["-c", script, "sh"])
            .args(&arguments)
            .env("GOES", goes)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut line = String::new();
        std::io::BufRead::read_line(&mut std::io::BufReader::new(shell.stdout.take().unwrap()), &mut line).unwrap();
        Self {
            port,
            pid: line.trim().parse().unwrap(),
            directory,
            shell,
        }
    }

    /// How root connects.
    pub fn root(&self) -> MySqlConnectOptions {
        MySqlConnectOptions::new()
            .host("127.0.0.1")
            .port(self.port)
            .username("root")
            .ssl_mode(sqlx::mysql::MySqlSslMode::Disabled)
            .pipes_as_concat(false)
    }

    /// A connection as root, once the server answers.
    pub async fn connect(&self) -> MySqlConnection {
        let log = self.directory.join("log.err");
        super::eventually("MariaDB answers", || async {
            let connected = MySqlConnection::connect_with(&self.root()).await.ok();
            assert!(
                connected.is_some() || self.alive(),
                "MariaDB ended: {}",
                std::fs::read_to_string(&log).unwrap_or_default()
            );
            connected
        })
        .await
    }

    /// A new, empty database.
    pub async fn database(&self) -> String {
        let name = format!("t{}", NEXT.fetch_add(1, Ordering::Relaxed));
        let mut root = self.connect().await;
        let create = format!("CREATE DATABASE {name} CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci");
        sqlx::raw_sql(sqlx::AssertSqlSafe(create))
            .execute(&mut root)
            .await
            .unwrap();
        name
    }
}

/// Runs statements to their end.
pub async fn run(db: &mut MySqlConnection, statements: &str) {
    sqlx::raw_sql(sqlx::AssertSqlSafe(statements.to_owned()))
        .execute(db)
        .await
        .unwrap_or_else(|error| panic!("{statements}: {error}"));
}
