//! The programs that the tests need, started once, and a place of its own for each test.

use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use mysql::prelude::Queryable as _;
use mysql::{Conn, OptsBuilder};
use rusty_s3::{Bucket, Credentials, Method, UrlStyle, signing};
use serde_json::{Value, json};
use tempfile::TempDir;

/// Far more than anything here takes, also on a machine that is busy.
pub(crate) const PATIENCE: Duration = Duration::from_mins(3);
const ACCESS_KEY: &str = "test-access-key";
const SECRET_KEY: &str = "test-secret-key";
/// The password of the database's backup account, with what option files and shells take for special.
pub(crate) const PASSWORD: &str = r#"p#a"s\s'w;o $r=d"#;

/// Waits until `ready` says something.
pub(crate) fn wait_for<T>(what: &str, mut ready: impl FnMut() -> Option<T>) -> T {
    let start = Instant::now();
    loop {
        if let Some(value) = ready() {
            return value;
        }
        assert!(start.elapsed() < PATIENCE, "waited in vain for {what}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// A port that nobody listens on.
pub(crate) fn free_port() -> u16 {
    let [port] = free_ports();
    port
}

/// Ports that nobody listens on, none of them given before. Outside of the range from which the kernel gives ports to
/// outgoing connections, which would otherwise take them before the server does, and of that of the API's tests.
pub(crate) fn free_ports<const N: usize>() -> [u16; N] {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let start = std::process::id() % 6_000 * 97;
    let free = |port: &u16| TcpListener::bind(("127.0.0.1", *port)).is_ok();
    let mut next = std::iter::repeat_with(|| start + NEXT.fetch_add(1, Ordering::Relaxed))
        .map(|step| 10_000 + u16::try_from(step % 6_000).unwrap())
        .filter(free);
    std::array::from_fn(|_| next.next().unwrap())
}

/// Starts a program that ends when this process does, however it ends: a shell waits for the end of a pipe and kills it.
/// The child that is returned ends when the program has.
pub(crate) fn start(command: &str, log: &Path) -> Child {
    let script = format!(
        "exec 3<&0 2>/dev/null; {command} >'{}' 2>&1 </dev/null 3<&- & program=$!\n\
         {{ read -r _; kill -9 $program; }} <&3 & reader=$!; wait $program; kill $reader",
        log.display()
    );
    Command::new("sh")
        .args(["-c", &script])
        .stdin(Stdio::piped())
        .spawn()
        .unwrap()
}

/// The S3 server.
pub(crate) struct S3 {
    pub(crate) port: u16,
    /// The same over TLS, with a certificate of `tls`.
    pub(crate) secure_port: u16,
    pub(crate) tls: crate::certificates::Tls,
    _program: Child,
    _directory: TempDir,
}

fn weed() -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let candidates = [
        std::env::var_os("WEED").map(PathBuf::from),
        Some(root.join(".cache/venv/bin/weed")),
    ];
    let found = candidates.into_iter().flatten().find(|path| path.exists());
    found.unwrap_or_else(|| "weed".into())
}

pub(crate) fn s3() -> &'static S3 {
    static S3: OnceLock<S3> = OnceLock::new();
    S3.get_or_init(|| {
        let directory = tempfile::tempdir().unwrap();
        let at = directory.path().display();
        let identity = json!({"identities": [{
            "name": "test", "credentials": [{"accessKey": ACCESS_KEY, "secretKey": SECRET_KEY}],
            "actions": ["Admin", "Read", "Write", "List", "Tagging"],
        }]});
        fs::write(directory.path().join("s3.json"), identity.to_string()).unwrap();
        let ports: [u16; 9] = free_ports();
        let tls = crate::certificates::Tls::new();
        let command = format!(
            "{} server -ip=127.0.0.1 -ip.bind=127.0.0.1 -dir={at} -filer -s3 -s3.config={at}/s3.json \
             -master.volumeSizeLimitMB=256 -volume.max=400 -master.port={} -master.port.grpc={} -volume.port={} \
             -volume.port.grpc={} -filer.port={} -filer.port.grpc={} -s3.port={} -s3.port.grpc={} \
             -s3.port.https={} -s3.cert.file={} -s3.key.file={} -s3.port.iceberg=0 -s3.port.lance=0 \
             -master.telemetry=false",
            weed().display(),
            ports[0],
            ports[1],
            ports[2],
            ports[3],
            ports[4],
            ports[5],
            ports[6],
            ports[7],
            ports[8],
            tls.path("tls.crt").display(),
            tls.path("tls.key").display(),
        );
        let program = start(&command, &directory.path().join("log"));
        let s3 = S3 {
            port: ports[6],
            secure_port: ports[8],
            tls,
            _program: program,
            _directory: directory,
        };
        wait_for("the S3 server", || {
            let (status, _) = s3.try_request(Method::Put, "first-bucket", None, &[], &[], b"")?;
            (status == 200 || status == 409).then_some(())
        });
        s3
    })
}

/// Sends a request again as long as nobody answers or the store says that it cannot now.
fn insist(send: impl Fn() -> Option<(u16, Vec<u8>)>) -> (u16, Vec<u8>) {
    wait_for("an answer of the S3 server", || {
        send().filter(|(status, _)| *status < 500)
    })
}

impl S3 {
    /// One signed request; `None` if nobody answers.
    pub(crate) fn try_request(
        &self,
        method: Method,
        bucket: &str,
        key: Option<&str>,
        query: &[(&str, &str)],
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> Option<(u16, Vec<u8>)> {
        let endpoint = format!("http://127.0.0.1:{}", self.port).parse().unwrap();
        let bucket = Bucket::new(endpoint, UrlStyle::Path, bucket.to_owned(), "us-east-1").unwrap();
        let url = key.map_or_else(|| bucket.base_url().clone(), |key| bucket.object_url(key));
        let (query, headers_iter) = (query.iter().copied(), headers.iter().copied());
        let url = signing::sign(
            &jiff::Timestamp::now(),
            method,
            url,
            ACCESS_KEY,
            SECRET_KEY,
            None,
            "us-east-1",
            600,
            query,
            headers_iter,
        );
        let _ = Credentials::new(ACCESS_KEY, SECRET_KEY);
        let agent: ureq::Agent = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .timeout_global(Some(Duration::from_mins(1)))
            .build()
            .into();
        let mut request = ureq::http::Request::builder().method(method.to_str()).uri(url.as_str());
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let answer = if body.is_empty() && !matches!(method, Method::Put | Method::Post) {
            agent.run(request.body(()).unwrap())
        } else {
            agent.run(
                request
                    .header("content-length", body.len().to_string())
                    .body(body)
                    .unwrap(),
            )
        };
        let mut answer = answer.ok()?;
        let body = answer.body_mut().with_config().limit(1 << 30).read_to_vec().ok()?;
        Some((answer.status().as_u16(), body))
    }

    fn request(&self, method: Method, bucket: &str, key: Option<&str>, query: &[(&str, &str)], body: &[u8]) -> Vec<u8> {
        let (status, answer) = insist(|| self.try_request(method, bucket, key, query, &[], body));
        assert!(
            status < 300,
            "{} {bucket}/{key:?}: {status} {}",
            method.to_str(),
            String::from_utf8_lossy(&answer)
        );
        answer
    }

    pub(crate) fn get(&self, bucket: &str, key: &str) -> Vec<u8> {
        self.request(Method::Get, bucket, Some(key), &[], b"")
    }

    pub(crate) fn put(&self, bucket: &str, key: &str, body: &[u8]) {
        self.request(Method::Put, bucket, Some(key), &[], body);
    }

    pub(crate) fn delete(&self, bucket: &str, key: &str) {
        self.request(Method::Delete, bucket, Some(key), &[], b"");
    }

    /// All keys, with their sizes.
    pub(crate) fn list(&self, bucket: &str) -> Vec<String> {
        let mut keys = Vec::new();
        let mut after = String::new();
        loop {
            let text = self.request(
                Method::Get,
                bucket,
                None,
                &[("list-type", "2"), ("start-after", &after)],
                b"",
            );
            let text = String::from_utf8(text).unwrap();
            let page: Vec<String> = text
                .split("<Key>")
                .skip(1)
                .map(|rest| rest.split('<').next().unwrap().to_owned())
                .collect();
            match page.last() {
                Some(last) => after.clone_from(last),
                None => return keys,
            }
            keys.extend(page);
        }
    }

    /// Keys of uploads that nobody has finished.
    pub(crate) fn open_uploads(&self, bucket: &str) -> usize {
        let text = self.request(Method::Get, bucket, None, &[("uploads", "")], b"");
        String::from_utf8(text).unwrap().matches("<UploadId>").count()
    }

    /// A new bucket.
    pub(crate) fn bucket(&self, lock: bool) -> String {
        let name = format!("b{:08x}{:08x}", rand::random::<u32>(), rand::random::<u32>());
        let headers: &[(&str, &str)] = if lock {
            &[("x-amz-bucket-object-lock-enabled", "true")]
        } else {
            &[]
        };
        let (status, answer) = insist(|| self.try_request(Method::Put, &name, None, &[], headers, b""));
        // It is there already if it was made, and the answer was lost.
        assert!(
            status == 200 || status == 409,
            "{status} {}",
            String::from_utf8_lossy(&answer)
        );
        name
    }

    /// A new bucket with the same content.
    pub(crate) fn copy_of(&self, bucket: &str) -> String {
        let copy = self.bucket(false);
        for key in self.list(bucket) {
            self.put(&copy, &key, &self.get(bucket, &key));
        }
        copy
    }
}

/// OpenPGP keys made by `gpg`, and the directory that `gpg` knows them from.
pub(crate) struct Keys {
    directory: TempDir,
    _agent: Child,
}

const PASSPHRASE: &str = "correct horse";

pub(crate) fn keys() -> &'static Keys {
    static KEYS: OnceLock<Keys> = OnceLock::new();
    KEYS.get_or_init(|| {
        let directory = tempfile::Builder::new().prefix("gpg").tempdir().unwrap();
        fs::set_permissions(directory.path(), std::os::unix::fs::PermissionsExt::from_mode(0o700)).unwrap();
        // An agent that gpg starts itself would outlive the tests; this one ends with its child.
        let agent = format!(
            "gpg-agent --homedir {} --daemon sleep 100000",
            directory.path().display()
        );
        let agent = start(&agent, Path::new("/dev/null"));
        wait_for("the agent", || {
            directory.path().join("S.gpg-agent").exists().then_some(())
        });
        let keys = Keys {
            directory,
            _agent: agent,
        };
        keys.write("passphrase", PASSPHRASE.as_bytes());
        // The signer has an offline primary key: only the signing subkey's private half is given to the keeper.
        keys.gpg(&[
            "--passphrase",
            PASSPHRASE,
            "--quick-generate-key",
            "signer@test",
            "ed25519",
            "cert",
            "1y",
        ]);
        let signer = keys.fingerprint("signer@test");
        keys.gpg(&[
            "--passphrase",
            PASSPHRASE,
            "--quick-add-key",
            &signer,
            "ed25519",
            "sign",
            "1y",
        ]);
        keys.write("signer.asc", &keys.gpg(&["--armor", "--export", "signer@test"]).stdout);
        let secret = keys.gpg(&[
            "--passphrase",
            PASSPHRASE,
            "--armor",
            "--export-secret-subkeys",
            "signer@test",
        ]);
        keys.write("signer.key", &secret.stdout);
        for (name, algorithm) in [
            ("operations", "future-default"),
            ("escrow", "rsa3072"),
            ("stranger", "default"),
        ] {
            let user = format!("{name}@test");
            keys.gpg(&[
                "--passphrase",
                "",
                "--quick-generate-key",
                &user,
                algorithm,
                "default",
                "1y",
            ]);
            if algorithm == "rsa3072" {
                let fingerprint = keys.fingerprint(&user);
                keys.gpg(&[
                    "--passphrase",
                    "",
                    "--quick-add-key",
                    &fingerprint,
                    "rsa3072",
                    "encr",
                    "1y",
                ]);
            }
            keys.write(
                &format!("{name}.asc"),
                &keys.gpg(&["--armor", "--export", &user]).stdout,
            );
            let secret = keys.gpg(&["--passphrase", "", "--armor", "--export-secret-keys", &user]);
            keys.write(&format!("{name}.key"), &secret.stdout);
        }
        keys
    })
}

impl Keys {
    fn home(&self) -> &Path {
        self.directory.path()
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.home().join(name)
    }

    fn write(&self, name: &str, bytes: &[u8]) {
        fs::write(self.path(name), bytes).unwrap();
    }

    /// Runs `gpg`, which must succeed.
    pub(crate) fn gpg(&self, arguments: &[&str]) -> Output {
        let output = self.try_gpg(arguments);
        assert!(
            output.status.success(),
            "gpg {arguments:?}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        output
    }

    pub(crate) fn try_gpg(&self, arguments: &[&str]) -> Output {
        Command::new("gpg")
            .env("GNUPGHOME", self.home())
            .env("LC_ALL", "C")
            .args([
                "--batch",
                "--no-tty",
                "--pinentry-mode",
                "loopback",
                "--trust-model",
                "always",
            ])
            .args(arguments)
            .stdin(Stdio::null())
            .output()
            .unwrap()
    }

    pub(crate) fn fingerprint(&self, user: &str) -> String {
        let listing = String::from_utf8(self.gpg(&["--with-colons", "--list-keys", user]).stdout).unwrap();
        listing
            .lines()
            .find_map(|line| line.strip_prefix("fpr:::::::::"))
            .unwrap()
            .trim_end_matches(':')
            .to_owned()
    }

    /// A detached signature over `data` by `user`, made by `gpg`.
    pub(crate) fn sign(&self, user: &str, data: &[u8]) -> Vec<u8> {
        let file = tempfile::NamedTempFile::new_in(self.home()).unwrap();
        fs::write(file.path(), data).unwrap();
        let passphrase = if user == "signer@test" { PASSPHRASE } else { "" };
        let path = file.path().to_str().unwrap();
        self.gpg(&[
            "--passphrase",
            passphrase,
            "--local-user",
            user,
            "--armor",
            "--detach-sign",
            "--output",
            "-",
            path,
        ])
        .stdout
    }
}

/// A Galera cluster of one member.
pub(crate) struct Database {
    pub(crate) port: u16,
    pub(crate) directory: PathBuf,
    data: PathBuf,
    program: Option<Child>,
    _guard: TempDir,
}

impl Database {
    /// Starts a new cluster called `cluster`. With `volume`, on its data (`VOLUME/data`), else on an empty database.
    pub(crate) fn start(cluster: &str, volume: Option<&Path>, extra: &str) -> Self {
        let guard = tempfile::Builder::new().prefix("db").tempdir().unwrap();
        let directory = guard.path().to_owned();
        let data = volume.unwrap_or(guard.path()).join("data");
        let [port, group, incremental] = free_ports();
        let text = format!(
            "[mariadbd]\ndatadir={}\nsocket={}/sql\nport={port}\nbind_address=127.0.0.1\nuser=root\n\
             pid_file={0}/../pid\nlog_error={1}/error.log\nlog_bin={0}/binlog\nlog_slave_updates=ON\nbinlog_format=ROW\n\
             server_id=1\ngtid_domain_id=1000\nwsrep_gtid_mode=ON\nwsrep_gtid_domain_id=1\ninnodb_autoinc_lock_mode=2\n\
             innodb_buffer_pool_size=64M\ninnodb_log_file_size=64M\nskip_name_resolve=ON\nwsrep_on=ON\n\
             wsrep_provider=/usr/lib/galera/libgalera_smm.so\nwsrep_cluster_name={cluster}\nwsrep_cluster_address=gcomm://\n\
             wsrep_node_name=m0\nwsrep_node_address=127.0.0.1\nwsrep_provider_options=\"gmcast.listen_addr=tcp://127.0.0.1:{group};\
             ist.recv_addr=127.0.0.1:{incremental};gcache.size=16M\"\n{extra}\n",
            data.display(),
            directory.display(),
        );
        fs::write(directory.join("my.cnf"), text).unwrap();
        let defaults = format!("--defaults-file={}/my.cnf", directory.display());
        if volume.is_none() {
            let output = Command::new("mariadb-install-db")
                .args([&defaults, "--auth-root-authentication-method=normal", "--skip-test-db"])
                .output()
                .unwrap();
            assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        }
        let mut database = Self {
            port,
            directory,
            data,
            program: None,
            _guard: guard,
        };
        database.program = Some(database.run());
        if volume.is_none() {
            database.make_accounts();
        }
        database
    }

    fn run(&self) -> Child {
        let at = self.directory.display();
        // The position is recovered first, as `keeper node` does: without it a restart mints a new history.
        let script = format!(
            r#"mariadbd --defaults-file={at}/my.cnf --wsrep-recover --log-error={at}/recover.log --skip-networking >/dev/null 2>&1
P=$(sed -n 's/.*Recovered position: *//p' {at}/recover.log | tail -1)
P=${{P%%,*}}
test ! -e {at}/anew || {{ P=; rm -f {data}/grastate.dat {data}/galera.cache {data}/gvwstate.dat {at}/anew; }}
case $P in
    ''|0000*) ;;
    *) printf 'version: 2.1\nuuid: %s\nseqno: %s\nsafe_to_bootstrap: 1\n' "${{P%%:*}}" "${{P##*:}}" >{data}/grastate.dat
       START=--wsrep-start-position=$P ;;
esac
exec mariadbd --defaults-file={at}/my.cnf --wsrep-new-cluster $START
"#,
            data = self.data.display()
        );
        let file = self.directory.join("start.sh");
        fs::write(&file, script).unwrap();
        let program = start(&format!("sh {}", file.display()), &self.directory.join("log"));
        wait_for("the database", || {
            self.try_root().and_then(|mut conn| {
                let ready: Option<(String, String)> = conn.query_first("SHOW STATUS LIKE 'wsrep_ready'").ok()?;
                (ready?.1 == "ON").then_some(())
            })
        });
        program
    }

    fn make_accounts(&self) {
        let mut root = self.root();
        let mut statements = vec![
            format!("CREATE USER backup@'127.0.0.1' IDENTIFIED BY '{}'", PASSWORD.replace('\\', "\\\\").replace('\'', "''")),
            // What `docs/keeper.md` says the account needs, and no more.
            "CREATE DATABASE keeper".to_owned(),
            "CREATE PROCEDURE keeper.desync(IN wanted BOOLEAN) SQL SECURITY DEFINER SET GLOBAL wsrep_desync = wanted".to_owned(),
            "GRANT RELOAD, PROCESS, LOCK TABLES, BINLOG MONITOR, REPLICATION SLAVE, CONNECTION ADMIN, SELECT ON *.* TO backup@'127.0.0.1'".to_owned(),
            "GRANT EXECUTE ON PROCEDURE keeper.desync TO backup@'127.0.0.1'".to_owned(),
            "GRANT CREATE, INSERT ON keeper.* TO backup@'127.0.0.1'".to_owned(),
            "CREATE DATABASE clinic".to_owned(),
        ];
        for (table, columns) in [
            ("patient", "name VARCHAR(200), born DATE"),
            ("appointment", "reason VARCHAR(400), at DATETIME(6)"),
        ] {
            statements.push(format!(
                "CREATE TABLE clinic.{table} (id BIGINT PRIMARY KEY AUTO_INCREMENT, {columns})"
            ));
        }
        for statement in statements {
            root.query_drop(statement).unwrap();
        }
        self.fill(20_000);
    }

    /// Adds `count` rows, hard to compress, to each table.
    pub(crate) fn fill(&self, count: u32) {
        let mut root = self.root();
        for (table, column) in [("patient", "name"), ("appointment", "reason")] {
            root.query_drop(format!(
                "INSERT INTO clinic.{table} ({column}) SELECT CONCAT(SHA2(RAND(), 512), seq) FROM clinic.seq_1_to_{count}"
            ))
            .unwrap();
        }
    }

    fn try_root(&self) -> Option<Conn> {
        let socket = self.directory.join("sql");
        Conn::new(
            OptsBuilder::new()
                .socket(Some(socket.to_string_lossy()))
                .user(Some("root")),
        )
        .ok()
    }

    pub(crate) fn root(&self) -> Conn {
        self.try_root().unwrap()
    }

    pub(crate) fn query<T: mysql::prelude::FromRow>(&self, query: &str) -> Vec<T> {
        self.root().query(query).unwrap()
    }

    /// Rows and checksums of the application's tables.
    pub(crate) fn sums(&self) -> Vec<(String, u64)> {
        self.query("CHECKSUM TABLE clinic.patient, clinic.appointment EXTENDED")
    }

    pub(crate) fn is_desynced(&self) -> bool {
        self.query::<bool>("SELECT @@GLOBAL.wsrep_desync")[0]
    }

    /// Whether a backup runs: it holds the lock, until the server notices that its session is gone.
    pub(crate) fn is_copied(&self) -> bool {
        self.query::<bool>("SELECT IS_USED_LOCK('keeper.backup') IS NOT NULL")[0]
    }

    pub(crate) fn data(&self) -> PathBuf {
        self.data.clone()
    }

    /// Starts it again with the data that is there; `anew`: as another history, as a forced recovery does.
    pub(crate) fn start_again(&mut self, anew: bool) {
        if anew {
            fs::write(self.directory.join("anew"), "").unwrap();
        }
        self.program = Some(self.run());
    }

    /// Stops it cleanly and waits until it has ended.
    pub(crate) fn stop(&mut self) {
        if let Some(mut program) = self.program.take() {
            self.root().query_drop("SHUTDOWN").unwrap();
            wait_for("the database to stop", || program.try_wait().unwrap());
        }
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        if let Some(mut program) = self.program.take() {
            drop(program.stdin.take());
            let _ = program.wait();
        }
    }
}

/// Begins a new binary log, and purges all before it. A purge passes in silence over a log that was closed just now, as
/// long as a recovery would still need it: so it is repeated until that one is gone too.
pub(crate) fn purge_logs(root: &mut Conn) {
    root.query_drop("FLUSH LOCAL BINARY LOGS").unwrap();
    let now: mysql::Row = root.query_first("SHOW MASTER STATUS").unwrap().unwrap();
    let now: String = now.get(0).unwrap();
    wait_for("the logs to be purged", || {
        root.query_drop(format!("PURGE BINARY LOGS TO '{now}'")).unwrap();
        let first: Option<(String, u64)> = root.query_first("SHOW BINARY LOGS").unwrap();
        (first?.0 == now).then_some(())
    });
}

/// The database that tests share: they take turns, since a member is copied by one backup at a time.
pub(crate) fn database() -> MutexGuard<'static, Database> {
    static DATABASE: OnceLock<Mutex<Database>> = OnceLock::new();
    DATABASE
        .get_or_init(|| Mutex::new(Database::start("test-g0", None, "")))
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
}

/// A configuration of the keeper, and a directory.
pub(crate) struct World {
    pub(crate) config: Value,
    pub(crate) directory: TempDir,
}

impl World {
    /// Everything right, for `bucket` and the database that listens on `port` with its data in `data`.
    pub(crate) fn new(bucket: &str, port: u16, data: &Path) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let secret = |name: &str, text: &str| {
            let path = directory.path().join(name);
            fs::write(&path, format!("{text}\n")).unwrap();
            path
        };
        fs::create_dir(directory.path().join("work")).unwrap();
        let config = json!({
            "cluster": {"name": "test", "generation": 0},
            "timeZone": "Europe/Madrid",
            "database": {
                "members": [{"name": "m0", "host": "127.0.0.1", "port": port, "dataDirectory": data}],
                "userFile": secret("user", "backup"), "passwordFile": secret("password", PASSWORD),
            },
            "storage": {
                "endpoint": format!("http://127.0.0.1:{}", s3().port), "bucket": bucket, "prefix": "galeno/",
                "accessKeyIdFile": secret("access", ACCESS_KEY), "secretAccessKeyFile": secret("secret", SECRET_KEY),
            },
            "openpgp": {
                "recipientFiles": [keys().path("operations.asc"), keys().path("escrow.asc")],
                "trustedSignerFiles": [keys().path("signer.asc")],
                "signingKeyFile": keys().path("signer.key"), "signingPassphraseFile": keys().path("passphrase"),
                "decryptionKeyFile": keys().path("operations.key"),
            },
            "stream": {"segmentMebibytes": 1, "partMebibytes": 5, "workers": 2},
            "workDirectory": directory.path().join("work"),
            "rehearsal": {"directory": directory.path().join("rehearsal")},
            "deadlines": {"run": "10m", "request": "60s", "connect": "5s"},
            "metricsFile": directory.path().join("metrics.prom"),
        });
        Self { config, directory }
    }

    /// For a bucket and the shared database.
    pub(crate) fn with(bucket: &str, database: &Database) -> Self {
        Self::new(bucket, database.port, &database.data())
    }

    /// For commands that need no database.
    pub(crate) fn without_database(bucket: &str) -> Self {
        Self::new(bucket, 1, Path::new("/nonexistent"))
    }

    pub(crate) fn volume(&self) -> PathBuf {
        self.directory.path().join("volume")
    }

    /// Sets what is to be restored, for generation 1, to a volume of this world's.
    pub(crate) fn restore(&mut self, backup: &str, to: Option<String>) {
        fs::create_dir_all(self.volume()).unwrap();
        self.config["cluster"]["generation"] = json!(1);
        self.config["restore"] = json!({"dataDirectory": self.volume().join("data"), "source": {"backup": backup}});
        if let Some(to) = to {
            self.config["restore"]["source"]["to"] = json!(to);
        }
    }

    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let config = self.directory.path().join("config.json");
        // At once: another keeper, just started, may be reading it.
        let new = self.directory.path().join("config.json.new");
        fs::write(&new, self.config.to_string()).unwrap();
        fs::rename(&new, &config).unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_keeper"));
        command
            .args(arguments)
            .env("KEEPER_BACKUP_CONFIG", config)
            .env("KEEPER_LOG", "debug")
            .stdin(Stdio::null());
        command
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Ran {
        let output = self.command(arguments).output().unwrap();
        Ran {
            ok: output.status.success(),
            out: String::from_utf8(output.stdout).unwrap(),
            log: String::from_utf8(output.stderr).unwrap(),
        }
    }

    /// Runs a command that must succeed; returns what it prints.
    pub(crate) fn must(&self, arguments: &[&str]) -> String {
        let ran = self.run(arguments);
        assert!(ran.ok, "keeper {arguments:?} failed:\n{}\n{}", ran.out, ran.log);
        for secret in [PASSWORD, SECRET_KEY, PASSPHRASE] {
            assert!(
                !ran.log.contains(secret) && !ran.out.contains(secret),
                "a secret is in the log"
            );
        }
        ran.out
    }

    /// Makes a backup; returns its id.
    pub(crate) fn backup(&self) -> String {
        let out = self.must(&["backup", "--kind", "daily"]);
        out.strip_prefix("Backup ")
            .unwrap()
            .split(' ')
            .next()
            .unwrap()
            .to_owned()
    }

    pub(crate) fn catalog(&self) -> Value {
        serde_json::from_str(&self.must(&["catalog", "--format", "json"])).unwrap()
    }
}

/// What a command said.
pub(crate) struct Ran {
    pub(crate) ok: bool,
    pub(crate) out: String,
    pub(crate) log: String,
}

impl Ran {
    /// The message of a command that must have failed.
    pub(crate) fn refusal(&self) -> String {
        assert!(!self.ok, "it should have been refused: {}\n{}", self.out, self.log);
        let message = self.log.lines().rfind(|line| line.starts_with("keeper: "));
        let from = message.and_then(|message| self.log.rfind(message)).expect(&self.log);
        assert!(!self.log.contains("panicked"), "{}", self.log);
        self.log[from..].to_owned()
    }
}

/// A bucket with one backup of the shared database, and the backup's id. Made once; tests copy it.
pub(crate) fn made() -> &'static (String, String) {
    static MADE: OnceLock<(String, String)> = OnceLock::new();
    MADE.get_or_init(|| {
        let bucket = s3().bucket(false);
        let database = database();
        let id = World::with(&bucket, &database).backup();
        (bucket, id)
    })
}

/// The folder of a backup in the tests' bucket.
pub(crate) fn folder(id: &str) -> String {
    format!("galeno/test/backups/{id}/")
}
