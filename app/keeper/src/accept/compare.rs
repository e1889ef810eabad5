//! Tables against what was recorded of them.

use std::collections::BTreeMap;

use anyhow::bail;
use mysql::Conn;

use crate::backup::tables::{sum, tables};
use crate::catalog::TableSum;

/// How many differences are told.
const TOLD: usize = 10;

/// Rows and checksums of every table, now.
pub(crate) fn sums(session: &mut Conn) -> anyhow::Result<Vec<TableSum>> {
    let mut sums = tables(session)?
        .iter()
        .map(|(schema, name)| sum(session, schema, name))
        .collect::<Result<Vec<_>, _>>()?;
    sums.sort();
    Ok(sums)
}

/// Fails unless the tables are exactly those recorded, with the same rows and checksums.
pub(crate) fn compare(session: &mut Conn, recorded: &[TableSum]) -> anyhow::Result<()> {
    let differences = differences(recorded, &sums(session)?);
    if differences.is_empty() {
        return Ok(());
    }
    let more = differences.len().saturating_sub(TOLD);
    let told = differences
        .iter()
        .take(TOLD)
        .map(String::as_str)
        .collect::<Vec<_>>()
        .join("; ");
    let rest = if more == 0 {
        String::new()
    } else {
        format!("; and {more} more")
    };
    bail!("the tables are not what was recorded: {told}{rest}")
}

fn differences(recorded: &[TableSum], found: &[TableSum]) -> Vec<String> {
    let index = |sums: &[TableSum]| -> BTreeMap<String, (u64, u64)> {
        sums.iter()
            .map(|sum| (format!("{}.{}", sum.schema, sum.name), (sum.rows, sum.checksum)))
            .collect()
    };
    let (recorded, mut found) = (index(recorded), index(found));
    let mut differences = Vec::new();
    for (name, (rows, checksum)) in recorded {
        match found.remove(&name) {
            None => differences.push(format!("{name} is missing")),
            Some((there, _)) if there != rows => differences.push(format!("{name} has {there} rows instead of {rows}")),
            Some((_, there)) if there != checksum => differences.push(format!("{name} has other content")),
            Some(_) => {}
        }
    }
    differences.extend(found.into_keys().map(|name| format!("{name} was not there")));
    differences
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(name: &str, rows: u64, checksum: u64) -> TableSum {
        TableSum {
            schema: "clinic".to_owned(),
            name: name.to_owned(),
            rows,
            checksum,
        }
    }

    #[test]
    fn every_kind_of_difference_is_named() {
        let recorded = [table("a", 1, 1), table("b", 2, 2), table("c", 3, 3), table("d", 4, 4)];
        let found = [table("a", 1, 1), table("b", 3, 2), table("c", 3, 9), table("e", 0, 0)];
        let expected = [
            "clinic.b has 3 rows instead of 2",
            "clinic.c has other content",
            "clinic.d is missing",
            "clinic.e was not there",
        ];
        assert_eq!(differences(&recorded, &found), expected);
        assert!(differences(&recorded, &recorded).is_empty());
    }
}
