//! Whether the programs here can prepare a backup made there.

use std::process::Command;

use anyhow::{Context as _, bail};

use crate::catalog::Manifest;

/// `major.minor.patch`
type Version = (u32, u32, u32);

/// Refuses a backup of a newer server, or of another series: `InnoDB`'s redo log is only read by its own series.
pub(super) fn check(manifest: &Manifest) -> anyhow::Result<()> {
    let output = Command::new("mariadbd")
        .arg("--version")
        .output()
        .context("cannot start mariadbd; is it installed?")?;
    let ours = String::from_utf8_lossy(&output.stdout);
    compare(&manifest.versions.server, ours.trim())
}

fn compare(theirs: &str, ours: &str) -> anyhow::Result<()> {
    let parsed = |text: &str| parse(text).with_context(|| format!("{text:?} is no version"));
    let (their, our) = (
        parsed(theirs)?,
        parsed(ours.split_once("Ver ").map_or(ours, |(_, rest)| rest))?,
    );
    if (their.0, their.1) == (our.0, our.1) && their.2 <= our.2 {
        return Ok(());
    }
    let (newer, hint) = if their > our {
        ("newer", "restore with that version or a later one of its series")
    } else {
        ("of an older series", "restore with its own series, then upgrade")
    };
    bail!(
        "the backup was made by MariaDB {theirs}, which is {newer} than the {}.{}.{} here: {hint}",
        our.0,
        our.1,
        our.2
    )
}

fn parse(text: &str) -> Option<Version> {
    let mut numbers = text
        .split(|c: char| !c.is_ascii_digit() && c != '.')
        .next()?
        .split('.')
        .map(str::parse);
    Some((numbers.next()?.ok()?, numbers.next()?.ok()?, numbers.next()?.ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    const OURS: &str = "mariadbd  Ver 10.11.19-MariaDB-0+deb12u1 for debian-linux-gnu on x86_64 (Debian 12)";

    #[test]
    fn the_same_series_up_to_our_patch_is_fine() {
        for theirs in ["10.11.19-MariaDB-0+deb12u1-log", "10.11.3-MariaDB"] {
            compare(theirs, OURS).unwrap();
        }
    }

    #[test]
    fn newer_and_other_series_are_refused() {
        for (theirs, word) in [
            ("10.11.20-MariaDB", "newer"),
            ("11.4.5-MariaDB", "newer"),
            ("10.6.21-MariaDB", "older"),
        ] {
            let error = compare(theirs, OURS).unwrap_err().to_string();
            assert!(error.contains(word), "{error}");
        }
        assert!(compare("unknown", OURS).is_err());
    }
}
