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

use std::{sync::Arc, time::Duration};

use galeno_api::authz::Role;
use serde_json::{Value, json};
use sqlx::{Connection as _, MySqlConnection};

use measure::{Figures, paced, saturated};
use support::{Api, Client, MariaDb, World};

/// What is measured.
pub struct Plan {
    patients: u32,
    log_rows: u64,
    seconds: u64,
    clients: usize,
    only: Option<String>,
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
    Plan {
        patients: u32::try_from(number("--patients", 10_000)).unwrap(),
        log_rows: number("--log-rows", 100_000),
        seconds: number("--seconds", 10),
        clients: usize::try_from(number("--clients", 16)).unwrap(),
        only: arguments
            .iter()
            .position(|argument| argument == "--only")
            .map(|at| arguments[at + 1].clone()),
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
    let directory = tempfile::Builder::new()
        .prefix("galeno-bench-")
        .tempdir()
        .unwrap()
        .keep();
    let server = MariaDb::own_with(
        directory,
        &["--innodb-buffer-pool-size=4G", "--innodb-log-file-size=1G"],
    );
    let mut world = World::on(&server, |_| {}).await;
    let stock = Arc::new(fill::fill(&mut world, &plan).await);
    // As a hospital has it: a COMMIT is on the disk.
    let mut root = MySqlConnection::connect_with(&server.root()).await.unwrap();
    sqlx::raw_sql("SET GLOBAL innodb_flush_log_at_trx_commit = 1")
        .execute(&mut root)
        .await
        .unwrap();
    let config = serde_json::to_value(&world.config).unwrap();
    let api = Api::start(&config).await;
    println!(
        "{} patients, {} log rows, {} clients, {} s each; {} cores",
        plan.patients,
        plan.log_rows,
        plan.clients,
        plan.seconds,
        std::thread::available_parallelism().map_or(0, usize::from)
    );
    println!(
        "{:<14}{:>10}{:>10}{:>8}{:>10}{:>10}{:>9}",
        "", "raw/s", "api/s", "ratio", "p50 ms", "p99 ms", "p99/p50"
    );
    let time = Duration::from_secs(plan.seconds);
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
        // There and back, so that what grows warm or slow meanwhile counts for both.
        let direct = async || {
            saturated(raw::connect(&world, &stock, role, plan.clients).await, time / 2, kind)
                .await
                .rate
        };
        let whole = async || saturated(clients.clone(), time / 2, kind).await.rate;
        let (one, two, three, four) = (direct().await, whole().await, whole().await, direct().await);
        let (ceiling, whole) = (f64::midpoint(one, four), f64::midpoint(two, three));
        let loaded = paced(clients, time, whole * 0.8, kind).await;
        line(kind, ceiling, whole, &loaded);
    }
    println!("memory of the API at its highest: {} MiB", peak(api.child.id()));
}

fn line(kind: Kind, ceiling: f64, whole: f64, loaded: &Figures) {
    println!(
        "{:<14}{:>10.0}{:>10.0}{:>8.2}{:>10.2}{:>10.2}{:>9.1}",
        kind.name(),
        ceiling,
        whole,
        whole / ceiling,
        loaded.p50 * 1e3,
        loaded.p99 * 1e3,
        loaded.p99 / loaded.p50
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
