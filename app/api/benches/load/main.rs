//! How much of what the database can do the API hands on: the same transactions, once through the API and once by a client
//! with prepared statements and nothing else, over the same database in the same run. See `bench/api.sh`.

#![allow(dead_code, unreachable_pub, unused_imports, missing_docs)]
// Figures for people: what is lost in a conversion is not seen in them, and what fails ends the run.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::cast_precision_loss)]

#[path = "../../tests/it/support/mod.rs"]
mod support;

mod fill;
mod measure;
mod raw;
mod work;

use std::{sync::Arc, time::Duration};

use galeno_api::authz::Role;
use serde_json::{Value, json};
use sqlx::MySqlConnection;

use measure::{Figures, paced, saturated};
use support::{Api, Client, MariaDb, World, mariadb};

/// The machine is not as fast all the time: each figure is the median of so many.
const ROUNDS: u32 = 5;

/// What is measured.
pub struct Plan {
    patients: u32,
    log_rows: u64,
    seconds: u64,
    clients: usize,
    only: Option<String>,
    /// Where the database stays: what fills it takes a quarter of an hour at a million patients, and the next run finds it.
    keep: Option<std::path::PathBuf>,
    /// The program that is measured; the one that was built with this, when none is named.
    api: Option<String>,
}

fn plan() -> Plan {
    let arguments: Vec<String> = std::env::args().collect();
    let number = |name: &str, default: u64| {
        let at = arguments.iter().position(|argument| argument == name);
        at.map_or(default, |at| {
            arguments[at + 1]
                .parse()
                .unwrap_or_else(|_| panic!("{name} takes a number"))
        })
    };
    let text = |name: &str| {
        let at = arguments.iter().position(|argument| argument == name)?;
        Some(arguments[at + 1].clone())
    };
    Plan {
        patients: u32::try_from(number("--patients", 10_000)).unwrap(),
        log_rows: number("--log-rows", 100_000),
        seconds: number("--seconds", 20),
        clients: usize::try_from(number("--clients", 16)).unwrap(),
        only: text("--only"),
        keep: text("--keep").map(Into::into),
        api: text("--api"),
    }
}

/// In a database that stays: how many patients it was filled with, to the end.
const FILLED: &str = "filled";

/// Whether a run before has filled this database. It must have been with as many patients.
fn is_filled(directory: &std::path::Path, patients: u32) -> bool {
    match std::fs::read_to_string(directory.join(FILLED)) {
        Ok(text) => {
            assert_eq!(
                text,
                patients.to_string(),
                "{}: patients of the run before",
                directory.display()
            );
            true
        }
        Err(_) => false,
    }
}

/// The kinds of transactions.
#[derive(Clone, Copy, Debug)]
pub enum Kind {
    Read,
    Search,
    Book,
    Prescribe,
}

impl Kind {
    const ALL: [Self; 4] = [Self::Read, Self::Search, Self::Book, Self::Prescribe];

    const fn name(self) -> &'static str {
        match self {
            Self::Read => "read-patient",
            Self::Search => "search",
            Self::Book => "book",
            Self::Prescribe => "prescribe",
        }
    }
}

/// One request of a kind through the API.
async fn request(kind: Kind, client: &Client, stock: &fill::Stock, number: usize) -> bool {
    let patient = stock.patients[number % stock.patients.len()];
    let answer = match kind {
        Kind::Read => client.get(&format!("/patients/{patient}")).await,
        Kind::Search => {
            let body = json!({"name": stock.names[number % stock.names.len()], "limit": 10});
            client.post("/patients/search", body).await
        }
        Kind::Book => {
            let Some(slot) = stock.slot() else { return false };
            client
                .post(&format!("/patients/{patient}/appointments"), json!({"slot": slot}))
                .await
        }
        Kind::Prescribe => {
            client
                .post(&format!("/patients/{patient}/prescriptions"), prescription())
                .await
        }
    };
    assert!(answer.status.is_success(), "{kind:?}: {answer:?}");
    true
}

pub fn prescription() -> Value {
    json!({
        "atc": "N02BE01", "medication": "Paracetamol 1 g", "dose": "1", "route": "oral", "frequency": "cada 8 horas",
        "quantity": 20, "unit": "comprimidos"
    })
}

fn main() {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(run(plan()));
}

async fn run(plan: Plan) {
    let settings = ["--innodb-buffer-pool-size=4G", "--innodb-log-file-size=1G"];
    let server = if let Some(directory) = &plan.keep {
        std::fs::create_dir_all(directory).unwrap();
        MariaDb::kept(std::path::absolute(directory).unwrap(), &settings)
    } else {
        let directory = tempfile::Builder::new().prefix("galeno-bench-").tempdir().unwrap();
        MariaDb::own_with(directory.keep(), &settings)
    };
    let mut root = server.connect().await;
    let database = "CREATE DATABASE IF NOT EXISTS t1 CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci";
    mariadb::run(&mut root, database).await;
    let mut world = World::of(&server, "t1", |_| {}).await;
    let filled = plan
        .keep
        .as_ref()
        .is_some_and(|directory| is_filled(directory, plan.patients));
    let stock = Arc::new(fill::fill(&mut world, &plan, filled).await);
    if let Some(directory) = &plan.keep {
        std::fs::write(directory.join(FILLED), plan.patients.to_string()).unwrap();
    }
    fill::settle(&mut root).await;
    // As a hospital has it: a COMMIT is on the disk.
    mariadb::run(&mut root, "SET GLOBAL innodb_flush_log_at_trx_commit = 1").await;
    let config = serde_json::to_value(&world.config).unwrap();
    let program = plan.api.as_deref().unwrap_or(env!("CARGO_BIN_EXE_api"));
    let api = Api::of(program, &config).await;
    println!(
        "{} patients, {} log rows, {} clients, {} s each of four, in {ROUNDS} rounds; {} cores",
        plan.patients,
        plan.log_rows,
        plan.clients,
        plan.seconds,
        std::thread::available_parallelism().map_or(0, usize::from)
    );
    println!(
        "{:<14}{:>10}{:>10}{:>8}{:>10}{:>10}{:>9}{:>12}",
        "", "raw/s", "api/s", "ratio", "p50 ms", "p99 ms", "p99/p50", "raw p99/p50"
    );
    for kind in Kind::ALL {
        if plan.only.as_ref().is_some_and(|only| only != kind.name()) {
            continue;
        }
        let role = if matches!(kind, Kind::Prescribe) {
            Role::Physician
        } else {
            Role::Receptionist
        };
        let token = stock.tokens[&role].clone();
        let clients: Vec<_> = (0..plan.clients)
            .map(|_| Through {
                client: Client::new(api.address).with(&token),
                stock: stock.clone(),
            })
            .collect();
        let bench = Bench {
            world: &world,
            stock: &stock,
            role,
            kind,
            through: clients,
            time: Duration::from_secs(plan.seconds) / ROUNDS,
        };
        let mut rounds = Vec::new();
        for number in 0..ROUNDS {
            rounds.push(bench.round(&mut root, number).await);
        }
        line(kind, &rounds);
    }
    println!("memory of the API at its highest: {} MiB", peak(api.child.id()));
}

/// One kind of transaction, and who does it.
struct Bench<'a> {
    world: &'a World,
    stock: &'a Arc<fill::Stock>,
    role: Role,
    kind: Kind,
    through: Vec<Through>,
    time: Duration,
}

/// What one round found.
struct Round {
    ceiling: Figures,
    whole: Figures,
    /// At 80 % of the rate that this round found: the machine may be another one in the next.
    loaded: Figures,
    least: Figures,
}

impl Bench<'_> {
    async fn direct(&self) -> Figures {
        saturated(self.bare().await, self.time, self.kind).await
    }

    async fn whole(&self) -> Figures {
        saturated(self.through.clone(), self.time, self.kind).await
    }

    async fn bare(&self) -> Vec<raw::Raw> {
        raw::connect(self.world, self.stock, self.role, self.through.len()).await
    }

    /// Both, in turns first, so that what grows warm or slow meanwhile counts for both.
    async fn round(&self, root: &mut MySqlConnection, number: u32) -> Round {
        let ((ceiling, asked), (whole, handed_on)) = if number.is_multiple_of(2) {
            let direct = work::of(root, async || self.direct().await).await;
            (direct, work::of(root, async || self.whole().await).await)
        } else {
            let whole = work::of(root, async || self.whole().await).await;
            (work::of(root, async || self.direct().await).await, whole)
        };
        assert!(
            asked.is_like(&handed_on),
            "{:?}: not the same work for the database. The bare client: {asked}. The API: {handed_on}",
            self.kind
        );
        let loaded = paced(self.through.clone(), self.time, whole.rate * 0.8, self.kind).await;
        let least = paced(self.bare().await, self.time, ceiling.rate * 0.8, self.kind).await;
        Round {
            ceiling,
            whole,
            loaded,
            least,
        }
    }
}

/// The median of the rounds, of each figure.
fn line(kind: Kind, rounds: &[Round]) {
    let median = |figure: fn(&Round) -> f64| {
        let mut figures: Vec<f64> = rounds.iter().map(figure).collect();
        figures.sort_by(f64::total_cmp);
        figures[figures.len() / 2]
    };
    println!(
        "{:<14}{:>10.0}{:>10.0}{:>8.2}{:>10.2}{:>10.2}{:>9.1}{:>12.1}",
        kind.name(),
        median(|round| round.ceiling.rate),
        median(|round| round.whole.rate),
        median(|round| round.whole.rate / round.ceiling.rate),
        median(|round| round.loaded.p50 * 1e3),
        median(|round| round.loaded.p99 * 1e3),
        median(|round| round.loaded.p99 / round.loaded.p50),
        median(|round| round.least.p99 / round.least.p50)
    );
}

/// The most memory that a process has had (VmHWM), in MiB.
fn peak(pid: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let line = status
        .lines()
        .find(|line| line.starts_with("VmHWM:"))
        .unwrap_or_default();
    line.split_whitespace()
        .nth(1)
        .and_then(|kib| kib.parse::<u64>().ok())
        .unwrap_or(0)
        / 1024
}

/// A client of the API.
#[derive(Clone)]
struct Through {
    client: Client,
    stock: Arc<fill::Stock>,
}

impl measure::Worker for Through {
    async fn work(&mut self, kind: Kind, number: usize) -> bool {
        request(kind, &self.client, &self.stock, number).await
    }
}
