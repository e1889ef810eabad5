//! The GTID of the last transaction in the data directory, for mariadbd to go on from. `--wsrep-recover` tells Galera's position and
//! seldom this; a member that takes transactions from the others before it has looked it up itself counts them anew.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::settings::Settings;
use crate::binlog::beginning;
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
    beginning(&String::from_utf8_lossy(&output.stdout))?.of_domain(domain)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_domain_is_that_of_the_option_file() {
        assert_eq!(domain("[mariadbd]\nwsrep_gtid_domain_id = 3\n"), Some(3));
        assert_eq!(domain("wsrep-gtid-domain-id=4"), Some(4));
        assert_eq!(domain("gtid_domain_id = 1"), None);
    }
}
