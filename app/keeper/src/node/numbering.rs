//! The GTID of the last transaction in the data directory, for mariadbd to go on from. `--wsrep-recover` tells Galera's position and
//! seldom this; a member that takes transactions from the others before it has looked it up itself counts them anew.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::settings::Settings;
use crate::gtid::Gtids;

/// It stands at the head of the newest binary log, which the recovery began. `None`: nothing is numbered yet.
pub(super) fn find(settings: &Settings, data: &Path) -> Option<Gtids> {
    let domain = domain(&fs::read_to_string(&settings.config.mariadb.config).ok()?)?;
    let output = Command::new("mariadb-binlog")
        .args(["--no-defaults", "--base64-output=DECODE-ROWS"])
        .arg(newest(data)?)
        .stdin(Stdio::null())
        .output()
        .ok()?;
    head(&String::from_utf8_lossy(&output.stdout))?.of_domain(domain)
}

/// `wsrep_gtid_domain_id` of an option file.
fn domain(options: &str) -> Option<u32> {
    let of = |line: &str| {
        let (name, value) = line.split_once('=')?;
        let name = name.trim().replace('-', "_");
        (name == "wsrep_gtid_domain_id").then(|| value.trim().parse().ok())?
    };
    options.lines().filter_map(of).next_back()
}

/// The last file that the index of binary logs names.
fn newest(data: &Path) -> Option<PathBuf> {
    let entries = fs::read_dir(data).ok()?.flatten();
    let index = entries
        .map(|entry| entry.path())
        .find(|path| path.extension().is_some_and(|extension| extension == "index"))?;
    let text = fs::read_to_string(index).ok()?;
    Some(data.join(Path::new(text.lines().next_back()?).file_name()?))
}

/// The positions that a binary log begins with, as `mariadb-binlog` prints them: one on a line, in brackets.
fn head(text: &str) -> Option<Gtids> {
    let (_, rest) = text.split_once("Gtid list [")?;
    let (list, _) = rest.split_once(']')?;
    let plain: String = list.chars().filter(|c| !c.is_whitespace() && *c != '#').collect();
    plain.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_head_of_a_log_tells_where_it_begins() {
        let text =
            "#261130  9:14:23 server id 1  end_log_pos 299 CRC32 0x1 \tGtid list [0-1-137,\n# 1-1-494]\n# at 299\n";
        let found = head(text).unwrap();
        assert_eq!(found.to_string(), "0-1-137,1-1-494");
        assert_eq!(found.of_domain(1).unwrap().to_string(), "1-1-494");
        assert_eq!(found.of_domain(2), None);
        assert!(head("Gtid list []").unwrap().is_empty());
        assert_eq!(head("nothing"), None);
    }

    #[test]
    fn the_domain_is_that_of_the_option_file() {
        assert_eq!(domain("[mariadbd]\nwsrep_gtid_domain_id = 3\n"), Some(3));
        assert_eq!(domain("wsrep-gtid-domain-id=4"), Some(4));
        assert_eq!(domain("gtid_domain_id = 1"), None);
    }
}
