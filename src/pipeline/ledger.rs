//! Reads the ledger of restores, and holds it against what is already compiled: it only grows.

use std::collections::BTreeMap;
use std::path::Path;

use galeno_contract::invariants;
use serde::{Deserialize, Serialize};

use super::folders;
use crate::digest::sha256;
use crate::finding::{Finding, Place, nearest};
use crate::spec::{self, RestoreRequest, Source};
use crate::topology::{Ledger, LedgerEntry};

/// The file under `generated/ENV/` that remembers which requests have been compiled.
pub(super) const RECORD: &str = "restores.json";

/// What has been compiled: each request's number and the SHA-256 of its file.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct Record {
    /// By number.
    restores: BTreeMap<u32, String>,
}

impl Record {
    /// The record of a ledger.
    pub(super) fn of(ledger: &Ledger) -> Self {
        let restores = ledger
            .entries
            .iter()
            .map(|entry| (entry.request.generation, entry.digest.clone()))
            .collect();
        Self { restores }
    }

    /// The file's bytes.
    pub(super) fn bytes(&self) -> Vec<u8> {
        // A map of numbers to texts always has a form in JSON.
        let mut bytes = serde_json::to_vec_pretty(self).unwrap_or_default();
        bytes.push(b'\n');
        bytes
    }
}

fn finding(file: &str, code: &'static str, message: impl Into<String>, reason: &str, mend: &str) -> Finding {
    Finding::error(code, message).because(reason).mend(mend).at(Place {
        file: Some(file.to_owned()),
        ..Place::default()
    })
}

const APPEND_ONLY: &str =
    "the ledger is append-only: what was restored, and from what, must be the same for whoever reads it later";

/// Reads every request of an environment. `now` decides whether a request that was never compiled has expired; nothing
/// that is generated depends on it.
pub(super) fn read(root: &Path, environment: &str, now: jiff::Timestamp) -> (Ledger, Vec<Source>, Vec<Finding>) {
    let folder = folders::ledger(environment);
    let mut findings = Vec::new();
    let mut ledger = Ledger::default();
    let mut sources = Vec::new();
    let record = read_record(root, environment, &mut findings);
    let names = names(&root.join(&folder), &folder, &mut findings);
    let newest = names.iter().rev().find_map(|name| number_of(name));
    for name in names {
        let file = format!("{folder}/{name}");
        let Some(number) = number_of(&name) else {
            let mend = "name requests by their four digits, `0001.yaml`, and keep other files elsewhere";
            findings.push(finding(
                &file,
                "ledger/name",
                format!("`{name}` is not the name of a restore request"),
                APPEND_ONLY,
                mend,
            ));
            continue;
        };
        let bytes = match std::fs::read(root.join(&file)) {
            Ok(bytes) => bytes,
            Err(error) => {
                findings.push(finding(
                    &file,
                    "io/read",
                    format!("cannot be read: {error}"),
                    "",
                    "check that it is a readable file",
                ));
                continue;
            }
        };
        let (parsed, found) = spec::parse::<RestoreRequest>(&file, &bytes, spec::restore_schema());
        findings.extend(found);
        let Some((request, source)) = parsed else { continue };
        let digest = sha256(&bytes);
        let known = record.restores.get(&number);
        findings.extend(
            problems(
                number,
                &request,
                known,
                &digest,
                (newest == Some(number)).then_some(now),
            )
            .into_iter()
            .map(|f| source.locate(f)),
        );
        ledger.entries.push(LedgerEntry { file, request, digest });
        sources.push(source);
    }
    findings.extend(gaps(&ledger, &record, &folder));
    (ledger, sources, findings)
}

fn read_record(root: &Path, environment: &str, findings: &mut Vec<Finding>) -> Record {
    let file = format!("{}/{environment}/{RECORD}", folders::GENERATED);
    match std::fs::read(root.join(&file)) {
        Err(_) => Record::default(),
        Ok(bytes) => serde_json::from_slice(&bytes).unwrap_or_else(|error| {
            let mend = "restore it from git: `git checkout -- generated`";
            findings.push(finding(
                &file,
                "ledger/record",
                format!("not the record of restores: {error}"),
                APPEND_ONLY,
                mend,
            ));
            Record::default()
        }),
    }
}

/// The files of a folder by name; none where there is no folder.
fn names(path: &Path, folder: &str, findings: &mut Vec<Finding>) -> Vec<String> {
    let entries = match std::fs::read_dir(path) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Vec::new(),
        Err(error) => {
            findings.push(finding(
                folder,
                "io/read",
                format!("cannot be read: {error}"),
                "",
                "check that it is a readable folder",
            ));
            return Vec::new();
        }
    };
    let mut names: Vec<String> = entries
        .flatten()
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect();
    names.sort_unstable();
    names
}

fn number_of(name: &str) -> Option<u32> {
    let digits = name.strip_suffix(".yaml")?;
    (digits.len() == 4 && digits.bytes().all(|b| b.is_ascii_digit()))
        .then(|| digits.parse().ok())
        .flatten()
}

/// `merged_at`: now, for the newest request. An older one that was never compiled was taken back by a revert and came
/// back with it; it is not what is asked for.
fn problems(
    number: u32,
    request: &RestoreRequest,
    known: Option<&String>,
    digest: &str,
    merged_at: Option<jiff::Timestamp>,
) -> Vec<Finding> {
    let at = |pointer: &str, finding: Finding| {
        finding.at(Place {
            pointer: Some(pointer.to_owned()),
            ..Place::default()
        })
    };
    let mut found = Vec::new();
    if request.generation != number {
        let message = format!(
            "the request makes generation {}, but its file is number {number}",
            request.generation
        );
        found.push(at(
            "/generation",
            Finding::error("ledger/number", message)
                .because(APPEND_ONLY)
                .mend(format!("write `generation: {number}`")),
        ));
    }
    if known.is_some_and(|known| known != digest) {
        let message = format!("request {number} was changed after it had been compiled");
        let mend = "restore its text from git, and write a new request with the next number";
        found.push(at(
            "",
            Finding::error("ledger/edited", message).because(APPEND_ONLY).mend(mend),
        ));
    }
    match request.expires.parse::<jiff::Timestamp>() {
        Err(_) => {
            let message = format!("`{}` is not a moment", request.expires);
            found.push(at(
                "/expires",
                Finding::error("ledger/expires", message).mend("write it like `2026-11-25T12:00:00Z`"),
            ));
        }
        Ok(expires) if known.is_none() && merged_at.is_some_and(|now| expires < now) => {
            let message = format!("request {number} expired at {expires} and was never compiled");
            let reason = "an old request must not come true by a late merge: what it would undo has grown since";
            found.push(at(
                "/expires",
                Finding::error("ledger/expired", message)
                    .because(reason)
                    .mend("ask again, with a new moment"),
            ));
        }
        Ok(_) => {}
    }
    let id = &request.source.backup;
    let id_is_good = id == "latest"
        || ((8..=128).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b)));
    if !id_is_good {
        let message = format!("`{id}` is not the id of a backup");
        found.push(at(
            "/source/backup",
            Finding::error("ledger/backup", message).mend("write `latest`, or an id as `keeper catalog` lists it"),
        ));
    }
    if let Some(to) = request
        .source
        .to
        .as_ref()
        .filter(|to| to.parse::<jiff::Timestamp>().is_err())
    {
        let message = format!("`{to}` is not a moment");
        found.push(at(
            "/source/to",
            Finding::error("ledger/backup", message).mend("write it like `2026-11-24T09:30:00Z`"),
        ));
    }
    // A name that goes out of use later stays in the requests of before.
    for (index, name) in request.source.despite.iter().enumerate().filter(|_| known.is_none()) {
        let names = || invariants::ALL.iter().map(|(name, _)| *name);
        if !names().any(|one| one == name) {
            let message = format!("`{name}` is nothing that restored data is asked");
            let mend = nearest(name, names()).map_or_else(
                || format!("there are: {}", names().collect::<Vec<_>>().join(", ")),
                |near| format!("did you mean `{near}`?"),
            );
            found.push(at(
                &format!("/source/despite/{index}"),
                Finding::error("ledger/despite", message).mend(mend),
            ));
        }
    }
    found
}

fn gaps(ledger: &Ledger, record: &Record, folder: &str) -> Vec<Finding> {
    let numbers: Vec<u32> = ledger
        .entries
        .iter()
        .filter_map(|entry| number_of(entry.file.rsplit('/').next()?))
        .collect();
    let newest = numbers
        .last()
        .copied()
        .unwrap_or(0)
        .max(record.restores.keys().last().copied().unwrap_or(0));
    let missing = (1..=newest).filter(|number| !numbers.contains(number));
    let tell = |number: u32| {
        let file = format!("{folder}/{number:04}.yaml");
        if record.restores.contains_key(&number) {
            let message = format!("request {number} is gone, and was compiled");
            finding(
                &file,
                "ledger/removed",
                message,
                APPEND_ONLY,
                "restore the file from git; a generation that is not needed any more is named in `database.retired`",
            )
        } else {
            let message = format!("request {number} is missing: the ledger jumps over it");
            finding(
                &file,
                "ledger/gap",
                message,
                APPEND_ONLY,
                "give requests the next number, without gaps",
            )
        }
    };
    missing.map(tell).collect()
}
