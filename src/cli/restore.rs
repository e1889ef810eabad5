//! `galeno restore`.

use clap::{Subcommand, ValueEnum};
use jiff::{SignedDuration, Timestamp};

use super::{End, Shell, environments};
use crate::finding::{Finding, nearest};
use crate::pipeline::folders;
use crate::report::{Sources, table};
use crate::restore::{self, Asked, GenerationState, State};
use crate::spec::{BackupSite, RestoreSource};

/// Ask for a restore of the database, switch to it, and see what was asked for.
///
/// A restore makes a new generation of the database beside the live one. Each of these commands writes one file; a commit and
/// its merge make it come true.
#[derive(Debug, clap::Args)]
#[command(after_help = "A restore in three changes, each a commit and a pull request:\n  \
1. galeno restore request -e prod --backup latest --reason \"…\"   prepared beside the live database\n  \
2. galeno restore switch -e prod                                  traffic moves, once the new one is accepted\n  \
3. galeno restore retire -e prod 0                                the old one goes\n\
In an emergency, 1 and 2 in one: galeno restore request … --now")]
pub(super) struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    Request(RequestArgs),
    Switch(SwitchArgs),
    List(ListArgs),
    Show(ShowArgs),
    Retire(RetireArgs),
}

/// Write the next request into the ledger.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  \
galeno restore request -e prod --backup latest --reason \"table dropped, incident 4711\"\n  \
galeno restore request -e prod --to 2026-11-24T09:30:00Z --reason \"…\"      up to a moment\n  \
galeno restore request -e prod --backup latest --from monthly --now --reason \"the bucket is damaged\"")]
struct RequestArgs {
    /// The environment.
    #[arg(long, short, value_name = "NAME")]
    environment: String,
    /// The backup's id, as `keeper catalog` lists it, or `latest`.
    #[arg(long, value_name = "ID", default_value = "latest")]
    backup: String,
    /// Replay what was written after the backup, up to this moment (RFC 3339).
    #[arg(long, value_name = "TIME")]
    to: Option<Timestamp>,
    /// The bucket that is read.
    #[arg(long, value_name = "SITE", default_value = "primary")]
    from: Site,
    /// The environment that made the backup, where it is another.
    #[arg(long, value_name = "NAME")]
    made_by: Option<String>,
    /// Accept the data although it breaks this of what the application says of its own (`NAME.sql`, as acceptance names it);
    /// can be given again.
    #[arg(long, value_name = "NAME")]
    despite: Vec<String>,
    /// Why.
    #[arg(long, value_name = "TEXT")]
    reason: String,
    /// Who asks; git's user.name and user.email if absent.
    #[arg(long, value_name = "WHO")]
    requested_by: Option<String>,
    /// Until when it may be merged: a time from now, or a moment (RFC 3339).
    #[arg(long, value_name = "24h|TIME", default_value = "24h")]
    expires: Expiry,
    /// Make it active by the same change: traffic stops at once, and resumes by itself when the restore is accepted.
    #[arg(long)]
    now: bool,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Site {
    /// Daily and weekly backups.
    Primary,
    /// Monthly backups, in the recovery region.
    Monthly,
}

#[derive(Clone, Copy, Debug)]
enum Expiry {
    In(SignedDuration),
    At(Timestamp),
}

impl std::str::FromStr for Expiry {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let at = text.parse().map(Self::At);
        at.or_else(|_| text.parse().map(Self::In)).map_err(|_| {
            format!("`{text}` is neither a time such as `24h` nor a moment such as `2026-11-25T12:00:00Z`")
        })
    }
}

impl Expiry {
    /// The moment, to the second.
    fn moment(self, now: Timestamp) -> Option<Timestamp> {
        let at = match self {
            Self::At(at) => at,
            Self::In(time) => now.checked_add(time).ok()?,
        };
        Timestamp::from_second(at.as_second()).ok()
    }
}

/// Make another generation the one that serves.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  galeno restore switch -e prod            to the newest generation\n  \
galeno restore switch -e prod --to 0     back to the first"
)]
struct SwitchArgs {
    /// The environment.
    #[arg(long, short, value_name = "NAME")]
    environment: String,
    /// The generation; the newest if absent.
    #[arg(long, value_name = "NUMBER")]
    to: Option<u32>,
}

/// List the generations of the database, and what each was restored from.
#[derive(Debug, clap::Args)]
struct ListArgs {
    /// The environment.
    #[arg(long, short, value_name = "NAME")]
    environment: String,
    /// The form of the output.
    #[arg(long, value_name = "FORM", default_value = "text")]
    format: Form,
}

/// Show one generation and its request.
#[derive(Debug, clap::Args)]
struct ShowArgs {
    /// The environment.
    #[arg(long, short, value_name = "NAME")]
    environment: String,
    /// The generation.
    generation: u32,
    /// The form of the output.
    #[arg(long, value_name = "FORM", default_value = "text")]
    format: Form,
}

/// Take away a generation that is not needed any more: it served before, or was never switched to.
#[derive(Debug, clap::Args)]
#[command(after_help = "First make sure that a verified backup of the generation that serves exists.")]
struct RetireArgs {
    /// The environment.
    #[arg(long, short, value_name = "NAME")]
    environment: String,
    /// The generation.
    generation: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Form {
    /// For people.
    Text,
    /// One JSON document.
    Json,
}

pub(super) fn run(shell: &Shell, args: &Args) -> End {
    let now = Timestamp::now();
    let done = match &args.what {
        What::Request(args) => request(shell, args, now),
        What::Switch(args) => switch(shell, args, now),
        What::List(args) => list(shell, args, now),
        What::Show(args) => show(shell, args, now),
        What::Retire(args) => retire(shell, args, now),
    };
    done.unwrap_or_else(|findings| {
        shell.tell(&findings, &Sources::below(&shell.root), true);
        End::Findings
    })
}

fn known(shell: &Shell, name: &str) -> Result<(), Vec<Finding>> {
    environments(shell, &[name.to_owned()]).map(drop)
}

fn request(shell: &Shell, args: &RequestArgs, now: Timestamp) -> Result<End, Vec<Finding>> {
    known(shell, &args.environment)?;
    let expires = args.expires.moment(now);
    let expires = expires.ok_or_else(|| vec![Finding::error("restore/expires", "the moment is out of range")])?;
    let asked = Asked {
        source: RestoreSource {
            backup: args.backup.clone(),
            to: args.to.map(|to| to.to_string()),
            from: match args.from {
                Site::Primary => BackupSite::Primary,
                Site::Monthly => BackupSite::Monthly,
            },
            environment: args.made_by.clone(),
            despite: args.despite.clone(),
        },
        reason: args.reason.clone(),
        requested_by: args.requested_by.clone().map_or_else(|| who(shell), Ok)?,
        expires,
        now: args.now,
    };
    let reverted = taken_back(shell, &args.environment)?;
    let (file, generation) = restore::request(&shell.root, &args.environment, &asked, &reverted, now)?;
    for (name, _) in &reverted {
        shell.say(&format!(
            "request {name} was merged once and reverted: it is back in the ledger, since its generation still stands in the cluster"
        ));
    }
    shell.say(&format!(
        "wrote {file}: generation {generation}, to be merged until {expires}"
    ));
    if args.now {
        shell.say("and made it active: once merged, traffic stops until the restore is accepted");
    }
    next(
        shell,
        &args.environment,
        &format!("Restore {}: generation {generation}", args.environment),
    );
    if !args.now {
        shell.say(&format!("later:  galeno restore switch -e {}", args.environment));
    }
    Ok(End::Done)
}

/// Requests that a revert took back; none where nothing is committed yet.
fn taken_back(shell: &Shell, environment: &str) -> Result<Vec<(String, Vec<u8>)>, Vec<Finding>> {
    let Ok(git) = crate::gitops::Repository::open(&shell.root) else {
        return Ok(Vec::new());
    };
    let folder = folders::ledger(environment);
    match git.taken_back(&folder) {
        Err(finding) if finding.code == "git/unborn" => Ok(Vec::new()),
        other => other.map_err(|finding| vec![*finding]),
    }
}

/// Who git says that asks.
fn who(shell: &Shell) -> Result<String, Vec<Finding>> {
    let git = crate::gitops::Repository::open(&shell.root).ok();
    git.and_then(|git| git.person()).ok_or_else(|| {
        let finding = Finding::error("restore/who", "git does not know who you are");
        vec![
            finding
                .because("the ledger says who asked for a restore")
                .mend("give `--requested-by`, or set user.name and user.email"),
        ]
    })
}

fn next(shell: &Shell, environment: &str, message: &str) {
    shell.say("next:");
    shell.say(&format!("  galeno compile --environment {environment}"));
    shell.say(&format!(
        "  git add environments/{environment} environments/{environment}.yaml && git commit -m \"{message}\""
    ));
    shell.say(&format!(
        "  galeno commit --environment {environment} --push   # then open a pull request"
    ));
}

fn switch(shell: &Shell, args: &SwitchArgs, now: Timestamp) -> Result<End, Vec<Finding>> {
    known(shell, &args.environment)?;
    let all = restore::states(&shell.root, &args.environment, now)?;
    let to = args
        .to
        .or_else(|| all.last().map(|last| last.generation))
        .unwrap_or_default();
    if all.iter().any(|one| one.generation == to && one.state == State::Active) {
        shell.say(&format!("generation {to} is active already; nothing was changed"));
        return Ok(End::Done);
    }
    let file = restore::activate(&shell.root, &args.environment, to, now)?;
    shell.say(&format!("wrote {file}: generation {to} is to serve"));
    shell.say(
        "once merged, the one that serves now goes read-only and the traffic moves as soon as the other is accepted;",
    );
    shell.say("what was written to it since the backup is not in the other");
    next(
        shell,
        &args.environment,
        &format!("Switch {} to generation {to}", args.environment),
    );
    Ok(End::Done)
}

fn retire(shell: &Shell, args: &RetireArgs, now: Timestamp) -> Result<End, Vec<Finding>> {
    known(shell, &args.environment)?;
    let file = restore::retire(&shell.root, &args.environment, args.generation, now)?;
    shell.say(&format!("wrote {file}: generation {} goes", args.generation));
    shell.say("make sure that a verified backup of the generation that serves exists: `keeper catalog`");
    next(
        shell,
        &args.environment,
        &format!("Retire generation {} of {}", args.generation, args.environment),
    );
    Ok(End::Done)
}

fn json<T: serde::Serialize>(value: &T) -> String {
    // Text keys and plain values alone.
    serde_json::to_string_pretty(value).unwrap_or_default() + "\n"
}

fn list(shell: &Shell, args: &ListArgs, now: Timestamp) -> Result<End, Vec<Finding>> {
    known(shell, &args.environment)?;
    let all = restore::states(&shell.root, &args.environment, now)?;
    if args.format == Form::Json {
        return Ok(Shell::print(&json(&all)));
    }
    let head = ["generation", "state", "from", "asked by", "why"]
        .map(str::to_owned)
        .to_vec();
    let mut rows = vec![head];
    rows.extend(all.iter().map(|one| {
        let (who, why) = one.request.as_ref().map_or((String::new(), String::new()), |request| {
            (request.requested_by.clone(), request.reason.clone())
        });
        vec![
            one.generation.to_string(),
            one.state.name().to_owned(),
            from(one),
            who,
            why,
        ]
    }));
    Ok(Shell::print(&table(&rows)))
}

fn from(one: &GenerationState) -> String {
    match one.request.as_ref().map(|request| &request.source) {
        None => "started empty".to_owned(),
        Some(RestoreSource {
            backup, to: Some(to), ..
        }) => format!("{backup}, up to {to}"),
        Some(source) => source.backup.clone(),
    }
}

fn show(shell: &Shell, args: &ShowArgs, now: Timestamp) -> Result<End, Vec<Finding>> {
    known(shell, &args.environment)?;
    let all = restore::states(&shell.root, &args.environment, now)?;
    let Some(one) = all.iter().find(|one| one.generation == args.generation) else {
        let numbers: Vec<String> = all.iter().map(|one| one.generation.to_string()).collect();
        let message = format!("there is no generation {}", args.generation);
        let near = nearest(&args.generation.to_string(), numbers.iter().map(String::as_str));
        let mend = near.map_or_else(
            || format!("there are: {}", numbers.join(", ")),
            |near| format!("did you mean {near}?"),
        );
        return Err(vec![Finding::error("restore/unknown", message).mend(mend)]);
    };
    if args.format == Form::Json {
        return Ok(Shell::print(&json(one)));
    }
    let row = |name: &str, value: String| vec![name.to_owned(), value];
    let mut rows = vec![
        row("generation", one.generation.to_string()),
        row("state", one.state.name().to_owned()),
        row("from", from(one)),
    ];
    if let (Some(request), Some(file)) = (&one.request, &one.file) {
        if !request.source.despite.is_empty() {
            rows.push(row("may break", request.source.despite.join(", ")));
        }
        rows.extend([
            row("why", request.reason.clone()),
            row("asked by", request.requested_by.clone()),
            row("to be merged until", request.expires.clone()),
            row("file", file.clone()),
        ]);
    }
    Ok(Shell::print(&table(&rows)))
}
