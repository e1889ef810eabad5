//! Accepting a restored generation: only what was compared and found right gets the row that lets clients in.

mod compare;
mod invariants;

use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context as _, bail};
use galeno_contract::backup::{BackupConfig, Member};
use mysql::Conn;
use mysql::prelude::Queryable as _;

use crate::backup;
use crate::catalog::{self, Layout, Manifest, TableSum};
use crate::chains;
use crate::database;
use crate::generation::{self, Acceptance};
use crate::openpgp::Trusted;
use crate::process::{self, Program};
use crate::restore::{self, expected};
use crate::run::Run;
use crate::store::Bucket;

pub(crate) use compare::{compare, sums};
pub(crate) use invariants::check as check_invariants;

/// How an acceptance ended well.
#[derive(Debug)]
pub(crate) struct Accepted {
    pub(crate) generation: u32,
    pub(crate) backup: String,
    /// What was checked, one sentence each.
    pub(crate) checks: Vec<String>,
    /// It had been accepted before.
    pub(crate) already: bool,
}

/// Waits for every member, checks everything, and records the acceptance.
pub(crate) fn run(config: &BackupConfig, run: &Run) -> anyhow::Result<Accepted> {
    let members = &config.database.members;
    wait_for_all(config, run)?;
    let first = members.first().context("a generation has members")?;
    let mut session = connect(config, first)?;
    let number = config.cluster.generation;
    let expected = expected::read(&mut session, number)?.with_context(|| {
        format!("generation {number} does not say what it was restored from (table `keeper.restored`): only a restored generation is accepted")
    })?;
    if generation::is_accepted(&mut session, number)? {
        let backup = expected.backup.to_string();
        return Ok(Accepted {
            generation: number,
            backup,
            checks: Vec::new(),
            already: true,
        });
    }
    let mut checks = vec![format!("all {} members are in sync", members.len())];
    let manifest = believed_manifest(config, &expected)?;
    // After a plain restore the tables must be what the signed manifest says; after a replay, what the restore found when
    // it was done.
    let tables = match expected.replayed_to {
        Some(_) => &expected.tables,
        None => &manifest.tables,
    };
    compare_all(config, tables, run)?;
    checks.push(match &expected.replayed_to {
        None => format!(
            "{} tables have the rows and checksums of the signed manifest on every member",
            tables.len()
        ),
        Some(gtid) => format!(
            "{} tables have on every member the rows and checksums they had after the replay to {gtid}",
            tables.len()
        ),
    });
    chains::check(&mut session, &manifest.access_log)?;
    checks.push(format!(
        "{} chains of the access log lead up to the heads in the signed manifest",
        manifest.access_log.len()
    ));
    check_tables(config, first, run)?;
    checks.push("mariadb-check found no damage".to_owned());
    checks.push(check_invariants(config.acceptance.invariants.as_ref(), &mut session)?);
    let acceptance = Acceptance {
        generation: number,
        restored_from: Some(expected.backup.to_string()),
        checked_by: concat!("keeper ", env!("CARGO_PKG_VERSION")).to_owned(),
        checks: serde_json::to_string(&checks)?,
    };
    generation::ensure_table(&mut session).context("cannot make `keeper.generation`")?;
    generation::record(&mut session, &acceptance).context("cannot record the acceptance")?;
    if !generation::is_accepted(&mut session, number)? {
        bail!("the acceptance was recorded, and is not there");
    }
    Ok(Accepted {
        generation: number,
        backup: expected.backup.to_string(),
        checks,
        already: false,
    })
}

fn connect(config: &BackupConfig, member: &Member) -> anyhow::Result<Conn> {
    database::connect(&config.database, member, config.deadlines.connect.to_std())
}

fn wait_for_all(config: &BackupConfig, run: &Run) -> anyhow::Result<()> {
    let mut told = String::new();
    loop {
        let waiting = match backup::health(config) {
            Ok(in_sync) => {
                let missing = config
                    .database
                    .members
                    .iter()
                    .map(|member| &member.name)
                    .filter(|name| !in_sync.contains(name));
                missing.cloned().collect::<Vec<_>>().join(", ")
            }
            Err(error) => format!("{error:#}"),
        };
        if waiting.is_empty() {
            return Ok(());
        }
        if waiting != told {
            tracing::info!(%waiting, "waiting until every member is in sync");
            told.clone_from(&waiting);
        }
        run.pause(Duration::from_secs(1))
            .with_context(|| format!("not every member is in sync: {waiting}"))?;
    }
}

/// The manifest of what was restored; its signature is checked.
fn believed_manifest(config: &BackupConfig, expected: &expected::Expected) -> anyhow::Result<Manifest> {
    let wanted = config
        .restore
        .as_ref()
        .context("the configuration has no `restore`: which backup is accepted?")?;
    let bucket = Bucket::open(restore::site(config, wanted.from)?, &config.deadlines)?;
    let trusted = Trusted::load(&config.openpgp)?;
    let layout = Layout::new(wanted.source_cluster.as_ref().unwrap_or(&config.cluster.name));
    let (manifest, _) = catalog::read_manifest(&bucket, &layout, &trusted, &expected.backup)?;
    Ok(manifest)
}

fn compare_all(config: &BackupConfig, tables: &[TableSum], run: &Run) -> anyhow::Result<()> {
    std::thread::scope(|scope| {
        let members: Vec<_> = config
            .database
            .members
            .iter()
            .map(|member| {
                scope.spawn(move || {
                    run.check()?;
                    compare(&mut connect(config, member)?, tables).with_context(|| format!("on {}", member.name))
                })
            })
            .collect();
        for member in members {
            member
                .join()
                .unwrap_or_else(|_| bail!("a worker died: this is a bug of the keeper"))?;
        }
        Ok(())
    })
}

fn check_tables(config: &BackupConfig, member: &Member, run: &Run) -> anyhow::Result<()> {
    let directory = tempfile::Builder::new()
        .prefix("accept-")
        .tempdir_in(&config.work_directory)?;
    let options = directory.path().join("options.cnf");
    database::write_options(&config.database, member, &options)?;
    let mut command = process::command("mariadb-check");
    command
        .arg(format!("--defaults-file={}", options.display()))
        .args(["--all-databases", "--check", "--silent"])
        .stdin(Stdio::null())
        .stdout(Stdio::piped());
    let program = Program::start("mariadb-check", &mut command, run, |_| {})?;
    let mut complaints = String::new();
    std::io::Read::read_to_string(&mut program.output()?, &mut complaints)?;
    program.finish()?;
    if !complaints.trim().is_empty() {
        bail!("mariadb-check complains:\n{}", complaints.trim());
    }
    Ok(())
}

/// Checks every table of a throw-away server, by SQL.
pub(crate) fn check_all(session: &mut Conn) -> anyhow::Result<usize> {
    let tables = crate::backup::tables::tables(session)?;
    let count = tables.len();
    for (schema, name) in tables {
        let table = format!("{}.{}", database::quote(&schema), database::quote(&name));
        let rows: Vec<(String, String, String, String)> = session.query(format!("CHECK TABLE {table} EXTENDED"))?;
        if let Some((_, _, _, message)) = rows
            .iter()
            .find(|(_, _, kind, text)| kind == "error" || (kind == "status" && text != "OK"))
        {
            bail!("{table} is damaged: {message}");
        }
    }
    Ok(count)
}
