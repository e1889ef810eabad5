//! Shipped binary logs: each with a signed record that says from where to where it goes.

use anyhow::Context as _;
use galeno_contract::backup::BackupConfig;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::catalog::{Layout, StoredStream, signed_get};
use crate::openpgp::Trusted;
use crate::store::Bucket;

use crate::gtid::Gtids;

/// The record of one shipment: signed, written last.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct Archive {
    pub(crate) format: u32,
    pub(crate) cluster: String,
    pub(crate) generation: u32,
    /// The member whose log it is.
    pub(crate) member: String,
    /// The file's name there.
    pub(crate) file: String,
    /// `wsrep_cluster_state_uuid`: the history that it belongs to. After a forced recovery another one goes on from where
    /// some member stood, under GTIDs that may be here already, for transactions that were given up.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) state_uuid: Option<String>,
    /// GTID position before its first transaction.
    pub(crate) from: String,
    /// GTID position after its last.
    pub(crate) to: String,
    /// Every transaction that the cluster confirmed before this moment is in this shipment or an earlier one.
    pub(crate) covers_until: Timestamp,
    /// Galera's number of its last transaction, the same on every member.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) seqno: Option<i64>,
    /// `None`: nothing was written since the last shipment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) stream: Option<StoredStream>,
}

impl Archive {
    /// Whether it may follow what is in the history `state_uuid`. Records of before this was written down do not tell.
    pub(super) fn continues(&self, state_uuid: &str) -> bool {
        self.state_uuid.as_deref().is_none_or(|own| own == state_uuid)
    }
}

/// An archive and the folder it lies in.
#[derive(Debug, Clone)]
pub(crate) struct Shipped {
    pub(crate) folder: String,
    pub(crate) archive: Archive,
}

const TIME: &str = "%Y%m%dT%H%M%S";

/// A new folder for a shipment; folders sort by time.
pub(super) fn folder(layout: &Layout, generation: u32, covers_until: Timestamp) -> String {
    let (time, millis) = (covers_until.strftime(TIME), covers_until.subsec_millisecond());
    format!(
        "{}{time}{millis:03}Z-{:06x}/",
        layout.binlogs(generation),
        rand::random::<u32>() & 0x00ff_ffff
    )
}

/// The moment in a folder's name.
pub(super) fn folder_time(root: &str, key: &str) -> Option<Timestamp> {
    let name = key.strip_prefix(root)?.split('/').next()?;
    let (time, _) = name.split_once('-')?;
    let (seconds, millis) = time.strip_suffix('Z')?.split_at_checked(15)?;
    let seconds = jiff::civil::DateTime::strptime(TIME, seconds)
        .ok()?
        .to_zoned(jiff::tz::TimeZone::UTC)
        .ok()?;
    Some(seconds.timestamp() + jiff::SignedDuration::from_millis(millis.parse().ok()?))
}

/// Every believable record of `generation` whose folder is not older than `since`, oldest first.
pub(crate) fn list(
    bucket: &Bucket,
    layout: &Layout,
    trusted: &Trusted,
    generation: u32,
    since: Option<Timestamp>,
) -> anyhow::Result<Vec<Shipped>> {
    let root = layout.binlogs(generation);
    let mut shipped = Vec::new();
    for object in bucket.list(&root)? {
        let Some(folder) = object.key.strip_suffix("record.json") else {
            continue;
        };
        let Some(time) = folder_time(&root, folder) else {
            continue;
        };
        if since.is_some_and(|since| time < since) {
            continue;
        }
        let (archive, _): (Archive, _) = signed_get(bucket, trusted, &object.key)?;
        if archive.generation == generation && layout.binlogs(generation).starts_with(&format!("{}/", archive.cluster))
        {
            shipped.push(Shipped {
                folder: folder.to_owned(),
                archive,
            });
        }
    }
    shipped.sort_by_key(|shipped| shipped.archive.covers_until);
    Ok(shipped)
}

/// The newest record, without reading them all.
pub(super) fn newest(
    bucket: &Bucket,
    layout: &Layout,
    trusted: &Trusted,
    generation: u32,
) -> anyhow::Result<Option<Archive>> {
    let root = layout.binlogs(generation);
    let newest = bucket
        .list(&root)?
        .into_iter()
        .filter(|object| object.key.ends_with("/record.json"))
        .filter_map(|object| folder_time(&root, &object.key).map(|time| (time, object.key)))
        .max();
    let Some((_, key)) = newest else { return Ok(None) };
    Ok(Some(signed_get::<Archive>(bucket, trusted, &key)?.0))
}

/// Removes the shipments that ended before `oldest`; returns how many objects that are.
pub(crate) fn delete_before(
    config: &BackupConfig,
    bucket: &Bucket,
    oldest: Timestamp,
    dry_run: bool,
) -> anyhow::Result<usize> {
    let root = Layout::new(&config.cluster.name).binlogs(config.cluster.generation);
    let old: Vec<String> = bucket
        .list(&root)?
        .into_iter()
        .map(|object| object.key)
        .filter(|key| folder_time(&root, key).is_some_and(|time| time < oldest))
        .collect();
    if !dry_run {
        // Records before what they describe: what is half deleted does not exist.
        let (records, rest): (Vec<_>, Vec<_>) = old.iter().partition(|key| key.ends_with("record.json"));
        for key in records.into_iter().chain(rest) {
            bucket.delete(key)?;
        }
    }
    Ok(old.len())
}

/// Where a backup stands, for what is to follow it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Stand<'a> {
    pub(crate) state_uuid: &'a str,
    pub(crate) gtid: &'a Gtids,
    pub(crate) seqno: i64,
}

/// Which shipments lead from where a backup stands to the moment `to`, in order. Fails when one is missing, when another
/// history began in between, and when one counts its transactions otherwise: it would seem to hold nothing new.
pub(crate) fn chain(shipped: &[Shipped], stand: Stand<'_>, to: Timestamp) -> anyhow::Result<Vec<Shipped>> {
    let Stand { gtid: start, seqno, .. } = stand;
    let (shipped, others): (Vec<&Shipped>, Vec<&Shipped>) =
        shipped.iter().partition(|one| one.archive.continues(stand.state_uuid));
    let mut reached = seqno;
    let mut position = start.clone();
    let mut covered_until: Option<Timestamp> = None;
    let mut chain = Vec::new();
    let mut rest: Vec<(Gtids, Gtids, &Shipped)> = shipped
        .into_iter()
        .map(|shipped| Ok((shipped.archive.from.parse()?, shipped.archive.to.parse()?, shipped)))
        .collect::<anyhow::Result<_>>()
        .context("a record of shipped binary logs is damaged")?;
    start.settle(rest.iter_mut().flat_map(|(from, to, _)| [from, to]).collect());
    while covered_until.is_none_or(|until| until < to) {
        // The earliest that starts where we are (or before), so that nothing is skipped.
        let Some(index) = rest.iter().position(|(from, _, _)| position.covers(from)) else {
            break;
        };
        let (_, end, next) = rest.remove(index);
        covered_until = covered_until.max(Some(next.archive.covers_until));
        if let Some(last) = next.archive.seqno {
            if position.covers(&end) && last > reached {
                anyhow::bail!(
                    "a binary log of {} ends with {end}, Galera's {last}, and {position} was reached with {reached}: it counts its \
                     transactions otherwise. Restore a later backup, or this one without a moment",
                    next.archive.member
                );
            }
            reached = reached.max(last);
        }
        if next.archive.stream.is_some() && !position.covers(&end) {
            chain.push(next.clone());
        }
        position.advance(&end);
    }
    match covered_until {
        Some(until) if until >= to => Ok(chain),
        until => {
            let reach = until.map_or("do not begin there".to_owned(), |until| {
                format!("reach only to {until} ({position})")
            });
            let later = others.iter().any(|other| Some(other.archive.covers_until) > until);
            let missing = match (rest.is_empty(), later) {
                (false, _) => "; a later shipment exists, but one in between is missing",
                (true, true) => {
                    "; what was shipped later is of another history, which a forced recovery began: restore a backup made \
                     after it, or to a moment before"
                }
                (true, false) => "",
            };
            anyhow::bail!("the shipped binary logs after the backup's position {start} {reach}{missing}")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shipped(from: &str, to: &str, until: &str) -> Shipped {
        let stream = (from != to).then(|| StoredStream {
            compression: "zstd".to_owned(),
            bytes: 1,
            segments: Vec::new(),
        });
        let archive = Archive {
            format: 1,
            cluster: "prod".to_owned(),
            generation: 0,
            member: "a".to_owned(),
            file: "binlog.000001".to_owned(),
            state_uuid: Some("one".to_owned()),
            from: from.to_owned(),
            to: to.to_owned(),
            covers_until: until.parse().unwrap(),
            seqno: None,
            stream,
        };
        Shipped {
            folder: format!("{from}/"),
            archive,
        }
    }

    fn stand(gtid: &Gtids) -> Stand<'_> {
        Stand {
            state_uuid: "one",
            gtid,
            seqno: 0,
        }
    }

    fn ends(chain: &[Shipped]) -> Vec<&str> {
        chain.iter().map(|shipped| shipped.archive.to.as_str()).collect()
    }

    fn ledger() -> Vec<Shipped> {
        vec![
            shipped("", "1-1-10", "2026-01-01T00:02:00Z"),
            shipped("1-1-10", "1-1-20", "2026-01-01T00:04:00Z"),
            shipped("1-1-20", "1-1-20", "2026-01-01T00:06:00Z"),
            shipped("1-1-15", "1-1-30", "2026-01-01T00:08:00Z"),
            shipped("1-1-30", "1-1-40", "2026-01-01T00:10:00Z"),
        ]
    }

    #[test]
    fn the_chain_begins_at_the_backup_and_ends_at_the_moment() {
        let chain_to = |start: &str, to: &str| chain(&ledger(), stand(&start.parse().unwrap()), to.parse().unwrap());
        assert_eq!(
            ends(&chain_to("1-1-12", "2026-01-01T00:07:00Z").unwrap()),
            ["1-1-20", "1-1-30"]
        );
        assert_eq!(ends(&chain_to("1-1-12", "2026-01-01T00:05:00Z").unwrap()), ["1-1-20"]);
        assert_eq!(ends(&chain_to("1-1-30", "2026-01-01T00:09:00Z").unwrap()), ["1-1-40"]);
    }

    #[test]
    fn a_gap_or_a_moment_too_late_is_an_error() {
        let start: Gtids = "1-1-12".parse().unwrap();
        let late = chain(&ledger(), stand(&start), "2026-01-01T00:11:00Z".parse().unwrap())
            .unwrap_err()
            .to_string();
        assert!(late.contains("reach only to 2026-01-01T00:10:00Z"), "{late}");
        let mut gap = ledger();
        gap.remove(3);
        let error = chain(&gap, stand(&start), "2026-01-01T00:09:30Z".parse().unwrap())
            .unwrap_err()
            .to_string();
        assert!(error.contains("one in between is missing"), "{error}");
    }

    /// What was given up is there under the same GTIDs.
    #[test]
    fn a_chain_never_goes_from_one_history_into_another() {
        let mut both = ledger();
        let mut other = shipped("1-1-35", "1-1-60", "2026-01-01T00:12:00Z");
        other.archive.state_uuid = Some("other".to_owned());
        both.push(other);
        let (start, after): (Gtids, Gtids) = ("1-1-12".parse().unwrap(), "1-1-38".parse().unwrap());
        let to = |text: &str| text.parse().unwrap();
        let chained = chain(&both, stand(&start), to("2026-01-01T00:10:00Z")).unwrap();
        assert_eq!(ends(&chained).last(), Some(&"1-1-40"));
        let across = chain(&both, stand(&start), to("2026-01-01T00:11:00Z"))
            .unwrap_err()
            .to_string();
        assert!(across.contains("which a forced recovery began"), "{across}");
        let of_other = Stand {
            state_uuid: "other",
            ..stand(&after)
        };
        assert_eq!(
            ends(&chain(&both, of_other, to("2026-01-01T00:11:00Z")).unwrap()),
            ["1-1-60"]
        );
        // Records of before this was written down.
        both[4].archive.state_uuid = None;
        let again = chain(&both, stand(&start), to("2026-01-01T00:10:00Z")).unwrap();
        assert_eq!(ends(&again), ends(&chained));
    }

    #[test]
    fn a_member_that_counts_otherwise_is_no_silence() {
        // Its 1-1-10 is what the others call 1-1-40: by GTID the backup has it, by Galera's number it has not.
        let mut other = shipped("1-1-5", "1-1-10", "2026-01-01T00:12:00Z");
        other.archive.seqno = Some(90);
        let of = |seqno| {
            let start: Gtids = "1-1-30".parse().unwrap();
            chain(
                std::slice::from_ref(&other),
                Stand { seqno, ..stand(&start) },
                "2026-01-01T00:11:00Z".parse().unwrap(),
            )
        };
        assert!(
            of(70)
                .unwrap_err()
                .to_string()
                .contains("counts its transactions otherwise")
        );
        assert_eq!(of(90).unwrap().len(), 0, "the backup has it");
    }

    #[test]
    fn domains_of_generations_before_do_not_break_the_chain() {
        // Shipped from a restored member; the backup is of one that took its state from another.
        let with = |text: &str| format!("9-9-774,{text}");
        let shipped: Vec<Shipped> = ledger()
            .into_iter()
            .map(|mut one| {
                (one.archive.from, one.archive.to) = (with(&one.archive.from), with(&one.archive.to));
                one
            })
            .collect();
        let start: Gtids = "1-1-12".parse().unwrap();
        let to = "2026-01-01T00:07:00Z".parse().unwrap();
        assert_eq!(
            chain(&shipped, stand(&start), to).unwrap().len(),
            chain(&ledger(), stand(&start), to).unwrap().len()
        );
        let mut gap = shipped;
        gap.remove(3);
        assert!(chain(&gap, stand(&start), "2026-01-01T00:09:30Z".parse().unwrap()).is_err());
    }

    #[test]
    fn folders_tell_their_time() {
        let layout = Layout::new("prod");
        let at: Timestamp = "2026-01-01T00:02:03.456Z".parse().unwrap();
        let folder = folder(&layout, 3, at);
        assert_eq!(
            folder_time(&layout.binlogs(3), &format!("{folder}record.json")),
            Some(at)
        );
        assert_eq!(folder_time(&layout.binlogs(3), "prod/g3/binlogs/readme.txt"), None);
    }
}
