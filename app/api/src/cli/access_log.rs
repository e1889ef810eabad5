//! `api access-log`.

use std::{
    io::{IsTerminal as _, Write as _},
    path::PathBuf,
};

use anyhow::{Context, Result, bail};
use sqlx::{Connection, MySqlConnection};
use uuid::Uuid;

use super::Config;
use crate::{
    audit::{Anchor, Verdict, verify},
    db::connect_once,
    keys::Keys,
};

/// The access log.
#[derive(clap::Subcommand)]
pub(super) enum Command {
    /// Read an organization's whole log and prove that nobody altered it: every hash, every place, every seal, every anchor.
    /// Ends with 1 when it is not intact.
    Verify(Verify),
}

/// Whose log, and what it must contain.
#[derive(clap::Args)]
pub(super) struct Verify {
    #[command(flatten)]
    config: Config,
    /// Short name of the organization.
    #[arg(long, value_name = "SLUG")]
    organization: String,
    /// Heads that were written down earlier, as `GET /access-log/heads` gives them (JSON).
    #[arg(long, value_name = "FILE")]
    anchors: Option<PathBuf>,
}

pub(super) async fn run(command: Command) -> Result<()> {
    let Command::Verify(args) = command;
    let config = args.config.read()?;
    let anchors = match &args.anchors {
        None => Vec::new(),
        Some(path) => {
            let text = std::fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
            serde_json::from_slice(&text).with_context(|| format!("{} holds no heads of a log", path.display()))?
        }
    };
    let keys = Keys::read(&config.security.key_files)?;
    let mut connection = connect_once(&config.database).await?;
    let verdict = read(&mut connection, &keys, &args.organization, &anchors).await?;
    connection.close().await?;
    let mut out = std::io::stdout();
    writeln!(out, "{} lines in {} lanes", verdict.lines, verdict.heads.len())?;
    for finding in &verdict.findings {
        writeln!(out, "{}", serde_json::to_string(finding)?)?;
    }
    if !verdict.intact {
        bail!(
            "the access log of {} is not intact: {} findings",
            args.organization,
            verdict.findings.len()
        );
    }
    writeln!(out, "intact")?;
    Ok(())
}

async fn read(db: &mut MySqlConnection, keys: &Keys, slug: &str, anchors: &[Anchor]) -> Result<Verdict> {
    let organization: Uuid = sqlx::query_scalar("SELECT id FROM organization WHERE slug = ?")
        .bind(slug)
        .fetch_optional(&mut *db)
        .await?
        .with_context(|| format!("--organization {slug:?}: there is none of that name"))?;
    // A log of years takes minutes. The connection is this command's own, and ends with it.
    sqlx::raw_sql("SET SESSION max_statement_time = 0")
        .execute(&mut *db)
        .await?;
    let mut error = std::io::stderr();
    let live = error.is_terminal();
    // Heads and lines of one moment.
    let mut tx = db.begin().await?;
    let verdict = verify(&mut tx, keys, organization, anchors, |lines| {
        if live {
            let _ = write!(error, "\r{lines} lines");
        }
    })
    .await
    .context("the log could not be read to its end")?;
    tx.rollback().await?;
    if live {
        let _ = writeln!(std::io::stderr());
    }
    Ok(verdict)
}
