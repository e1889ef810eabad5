//! A new entry of the ledger.

use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::Path;

use jiff::Timestamp;

use super::edit::activate;
use crate::finding::{Finding, Place, has_errors};
use crate::pipeline::{self, folders};
use crate::spec::{BackupSite, RestoreSource};

/// What is asked for.
#[derive(Clone, Debug)]
pub struct Asked {
    /// What is restored.
    pub source: RestoreSource,
    /// Why.
    pub reason: String,
    /// Who asks.
    pub requested_by: String,
    /// Until when it may be merged.
    pub expires: Timestamp,
    /// Whether the restored generation is to be active by the same change.
    pub now: bool,
}

/// Writes the next request of an environment and returns its file and its generation. An entry that exists is never
/// overwritten; what is refused is not written.
///
/// `reverted` are requests, name and text, that were merged once and taken back by a revert. They come back first: their
/// generations still stand in the cluster, since nothing that holds data is ever pruned, and their numbers are theirs.
pub fn request(
    root: &Path,
    environment: &str,
    asked: &Asked,
    reverted: &[(String, Vec<u8>)],
    now: Timestamp,
) -> Result<(String, u32), Vec<Finding>> {
    let folder = folders::ledger(environment);
    let mut written = Vec::new();
    let done = reverted
        .iter()
        .try_for_each(|(name, text)| {
            let file = format!("{folder}/{name}");
            write(root, &folder, &file, text).map_err(|error| vec![unwritten(&file, &error)])?;
            written.push(file);
            Ok(())
        })
        .and_then(|()| next(root, environment, &folder, asked, now));
    if done.is_err() {
        for file in written {
            let _ = std::fs::remove_file(root.join(file));
        }
    }
    done
}

fn next(
    root: &Path,
    environment: &str,
    folder: &str,
    asked: &Asked,
    now: Timestamp,
) -> Result<(String, u32), Vec<Finding>> {
    let (loaded, findings) = pipeline::load(root, environment, now);
    let Some(loaded) = loaded else { return Err(findings) };
    let generation = u32::try_from(loaded.ledger.entries.len())
        .unwrap_or(u32::MAX)
        .saturating_add(1);
    if asked.expires <= now {
        let finding = Finding::error("restore/expires", format!("{} is over already", asked.expires));
        return Err(vec![finding.mend("give a time to come, such as `--expires 24h`")]);
    }
    let file = format!("{folder}/{generation:04}.yaml");
    write(root, folder, &file, text(generation, asked).as_bytes()).map_err(|error| vec![unwritten(&file, &error)])?;
    // The ledger's own reader is the judge: what it refuses does not stay.
    let (_, findings) = pipeline::load(root, environment, now);
    let mut findings: Vec<Finding> = findings
        .into_iter()
        .filter(|f| has_errors(std::slice::from_ref(f)))
        .collect();
    if findings.is_empty() && asked.now {
        findings = activate(root, environment, generation, now).err().unwrap_or_default();
    }
    if findings.is_empty() {
        return Ok((file, generation));
    }
    let _ = std::fs::remove_file(root.join(&file));
    Err(findings)
}

fn write(root: &Path, folder: &str, file: &str, text: &[u8]) -> std::io::Result<()> {
    std::fs::create_dir_all(root.join(folder))?;
    let mut file = OpenOptions::new().write(true).create_new(true).open(root.join(file))?;
    file.write_all(text)?;
    file.sync_all()
}

fn unwritten(file: &str, error: &std::io::Error) -> Finding {
    Finding::error("restore/unwritten", format!("the request cannot be written: {error}"))
        .because("a request is never overwritten: somebody may have asked at the same moment")
        .mend("look at what is there (`galeno restore list`), and ask again")
        .at(Place {
            file: Some(file.to_owned()),
            ..Place::default()
        })
}

/// A text in double quotes, as JSON and YAML both read it.
fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

fn text(generation: u32, asked: &Asked) -> String {
    let source = &asked.source;
    let mut lines = vec![
        "# yaml-language-server: $schema=../../../schemas/restore.schema.json".to_owned(),
        "#".to_owned(),
        "# The request of a restore. Once it is merged it is never edited, reused or taken away.".to_owned(),
        "apiVersion: galeno.dev/v1".to_owned(),
        format!("generation: {generation}"),
        "source:".to_owned(),
        format!("  backup: {}", quoted(&source.backup)),
    ];
    lines.extend(source.to.as_ref().map(|to| format!("  to: {}", quoted(to))));
    if source.from == BackupSite::Monthly {
        lines.push("  from: monthly".to_owned());
    }
    lines.extend(
        source
            .environment
            .as_ref()
            .map(|name| format!("  environment: {}", quoted(name))),
    );
    if !source.despite.is_empty() {
        lines.push(format!(
            "  despite: {}",
            serde_json::Value::from(source.despite.clone())
        ));
    }
    lines.push(format!("reason: {}", quoted(&asked.reason)));
    lines.push(format!("requestedBy: {}", quoted(&asked.requested_by)));
    lines.push(format!("expires: {}", quoted(&asked.expires.to_string())));
    lines.join("\n") + "\n"
}
