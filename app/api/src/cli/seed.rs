//! `api seed`.

use std::io::{IsTerminal as _, Write as _};

use anyhow::{Result, bail};

use super::Config;
use crate::{
    auth::totp,
    db::connect_once,
    keys::Keys,
    seed::{SeedAccount, Size, seed},
};

/// Fill a database with a made-up clinic.
#[derive(clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    config: Config,
    /// Short name of the organization that is made.
    #[arg(long, default_value = "san-telmo")]
    slug: String,
    /// The same seed makes the same people.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Patients.
    #[arg(long, default_value_t = 200)]
    patients: u32,
    /// Clinics.
    #[arg(long, default_value_t = 2)]
    clinics: u32,
    /// Entries of a record, on average.
    #[arg(long, default_value_t = 6)]
    entries: u32,
    /// Days with free slots.
    #[arg(long, default_value_t = 14)]
    days: u32,
}

pub(super) async fn run(args: Args) -> Result<()> {
    let config = args.config.read()?;
    if config.database.expected_generation.is_some() {
        bail!("this is the configuration of a platform under a keeper; made-up people do not belong there");
    }
    let keys = Keys::read(&config.security.key_files)?;
    let mut db = connect_once(&config.database).await?;
    let size = Size {
        patients: args.patients,
        clinics: args.clinics,
        entries: args.entries,
        days: args.days,
    };
    let mut error = std::io::stderr();
    let live = error.is_terminal();
    let progress = |what: &str, done: u32, total: u32| {
        if live {
            let _ = write!(error, "\r{what}: {done} of {total}   ");
            if done == total {
                let _ = writeln!(error);
            }
        }
    };
    let seeded = seed(
        &mut db,
        &keys,
        &args.slug,
        args.seed,
        &size,
        jiff::Timestamp::now(),
        progress,
    )
    .await?;
    let mut out = std::io::stdout();
    writeln!(
        out,
        "organization {} ({}), {} synthetic patients",
        args.slug, seeded.organization, args.patients
    )?;
    writeln!(
        out,
        "\n{:<14} {:<32} {:<34} code now",
        "user", "password", "TOTP secret"
    )?;
    for account in &seeded.accounts {
        writeln!(out, "{}", line(account)?)?;
    }
    Ok(())
}

fn line(account: &SeedAccount) -> Result<String> {
    let (secret, code) = match &account.totp {
        None => ("-".to_owned(), "-".to_owned()),
        Some(secret) => {
            let now = u64::try_from(jiff::Timestamp::now().as_second()).unwrap_or(0);
            let code = totp(secret)
                .map_err(|_| anyhow::anyhow!("a TOTP secret is too short"))?
                .generate(now);
            (totp_rs::Secret::from(secret.to_vec()).to_base32(), code.to_string())
        }
    };
    Ok(format!(
        "{:<14} {:<32} {secret:<34} {code}",
        account.username, account.password
    ))
}
