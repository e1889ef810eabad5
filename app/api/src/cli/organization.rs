//! `api organization`.

use std::io::Write as _;

use anyhow::{Context, Result, bail};
use sqlx::{Connection, MySqlConnection};
use uuid::Uuid;

use super::Config;
use crate::{
    auth::{Person, create_account},
    authz::Role,
    db::{Stamp, connect_once},
    keys::Keys,
    people,
};

/// Organizations.
#[derive(clap::Subcommand)]
pub(super) enum Command {
    /// Make an organization and its first administrator, and print the administrator's activation code.
    Create(Create),
}

/// What a new organization needs.
#[derive(clap::Args)]
pub(super) struct Create {
    #[command(flatten)]
    config: Config,
    /// Short name in sign-ins: lower-case letters, digits, hyphens.
    #[arg(long)]
    slug: String,
    /// Full name.
    #[arg(long)]
    name: String,
    /// Time zone (IANA).
    #[arg(long, default_value = "Europe/Madrid")]
    time_zone: String,
    /// The administrator's user name.
    #[arg(long, value_name = "USER")]
    administrator: String,
}

pub(super) async fn run(command: Command) -> Result<()> {
    let Command::Create(args) = command;
    let config = args.config.read()?;
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    if !(1..=63).contains(&args.slug.len()) || !args.slug.bytes().all(plain) {
        bail!(
            "--slug {:?}: lower-case letters, digits and hyphens, 63 at most",
            args.slug
        );
    }
    if !people::username(&args.administrator) {
        bail!(
            "--administrator {:?}: lower-case letters, digits and . - _ @ +",
            args.administrator
        );
    }
    jiff::tz::TimeZone::get(&args.time_zone).with_context(|| format!("--time-zone {:?}", args.time_zone))?;
    let keys = Keys::read(&config.security.key_files)?;
    let mut connection = connect_once(&config.database).await?;
    let code = create(&mut connection, &keys, &args).await?;
    let mut out = std::io::stdout();
    writeln!(out, "organization {} made", args.slug)?;
    writeln!(out, "activation code of {}, good for three days:", args.administrator)?;
    writeln!(out, "{code}")?;
    Ok(())
}

async fn create(connection: &mut MySqlConnection, keys: &Keys, args: &Create) -> Result<String> {
    let (organization, staff, now) = (Uuid::now_v7(), Uuid::now_v7(), Stamp::now());
    let mut tx = connection.begin().await?;
    sqlx::query("INSERT INTO organization (id, slug, name, time_zone, created_at) VALUES (?, ?, ?, ?, ?)")
        .bind(organization)
        .bind(&args.slug)
        .bind(&args.name)
        .bind(&args.time_zone)
        .bind(now)
        .execute(&mut *tx)
        .await
        .with_context(|| {
            format!(
                "the organization {} exists already, or the database refused it",
                args.slug
            )
        })?;
    sqlx::query(
        "INSERT INTO staff (organization, id, role, given_name, family_name, created_at, updated_at) VALUES (?, ?, ?, ?, ?, ?, ?)",
    )
    .bind(organization)
    .bind(staff)
    .bind(Role::Administrator.word())
    .bind("Administrator")
    .bind(&args.slug)
    .bind(now)
    .bind(now)
    .execute(&mut *tx)
    .await?;
    let code = create_account(
        &mut tx,
        keys,
        organization,
        Person::Staff(staff),
        &args.administrator,
        None,
    )
    .await
    .context("the account could not be made")?;
    tx.commit().await?;
    Ok(code)
}
