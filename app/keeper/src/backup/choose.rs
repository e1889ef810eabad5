//! Which member is copied: one in sync, and not the one that serves most clients.

use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use galeno_contract::backup::{BackupConfig, Member};
use mysql::Conn;
use mysql::prelude::Queryable as _;

use crate::database;
use crate::gtid::Gtids;
use crate::run::Run;

/// How one member is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Health {
    pub(super) name: String,
    /// Its volume is mounted here.
    pub(super) mounted: bool,
    /// Or why there is none.
    pub(super) answer: Result<Answer, String>,
}

impl Health {
    /// Whether its binary log counts otherwise than those of the others.
    pub(super) fn counts_anew(&self) -> bool {
        self.answer.as_ref().is_ok_and(|answer| answer.counts_anew)
    }
}

/// What a member says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Answer {
    /// `wsrep_cluster_status` is `Primary` and `wsrep_ready` is `ON`.
    pub(super) primary: bool,
    /// `wsrep_local_state`: 4 is Synced.
    pub(super) state: u32,
    pub(super) state_uuid: String,
    pub(super) receive_queue: u64,
    /// Sessions of the application.
    pub(super) clients: u64,
    /// Its binary log counts otherwise than those of the others: nothing that they ship goes on from a copy of it.
    pub(super) counts_anew: bool,
    /// `wsrep_desync` is on and no backup holds the lock: an earlier one died.
    pub(super) left_desynced: bool,
}

/// The lock that a backup holds on the server while it works, in a session: it goes when the session goes.
pub(super) const LOCK: &str = "keeper.backup";

/// Asks every member. Those left out of flow control by a backup that died are put back first.
pub(super) fn ask_all(config: &BackupConfig) -> Vec<Health> {
    config
        .database
        .members
        .iter()
        .map(|member| Health {
            name: member.name.clone(),
            mounted: member.data_directory.is_some(),
            answer: ask(config, member).map_err(|error| format!("{error:#}")),
        })
        .collect()
}

/// How long a member that is needed may be silent to a Job that has just begun.
const PATIENCE: Duration = Duration::from_secs(15);

/// The same, again and again for a moment while a member that is `needed` is silent, or no other can be copied: what a pod sends
/// first may go nowhere, until those who enforce network policies on each node know its address. It asks twice at least, and
/// says in the end who is silent, and why.
pub(super) fn ask_patiently(
    config: &BackupConfig,
    needed: impl Fn(&Health) -> bool,
    run: &Run,
) -> anyhow::Result<Vec<Health>> {
    let until = Instant::now() + PATIENCE;
    let health = loop {
        let last = Instant::now() >= until;
        let health = ask_all(config);
        let mut silent = health.iter().filter(|member| member.answer.is_err());
        let missed = silent.any(|member| needed(member) || ranked(&health).is_err());
        if last || !missed {
            break health;
        }
        run.pause(Duration::from_secs(1))?;
    };
    for member in &health {
        if let Err(why) = &member.answer {
            tracing::warn!(member = %member.name, error = %why, "does not answer");
        }
    }
    Ok(health)
}

fn ask(config: &BackupConfig, member: &Member) -> anyhow::Result<Answer> {
    let mut conn = database::connect(&config.database, member, config.deadlines.connect.to_std())?;
    let mut answer = look(&mut conn, config.database.application_user.as_deref())?;
    if answer.left_desynced {
        tracing::warn!(member = %member.name, "an earlier backup died and left it desynced: putting it back");
        super::desync::set(&mut conn, false).context("cannot put it back")?;
        for _ in 0..100 {
            answer = look(&mut conn, config.database.application_user.as_deref())?;
            if answer.state == 4 {
                break;
            }
            std::thread::sleep(std::time::Duration::from_millis(100));
        }
    }
    Ok(answer)
}

fn look(conn: &mut Conn, application: Option<&str>) -> anyhow::Result<Answer> {
    let status: Vec<(String, String)> = conn.query(
        "SELECT LOWER(VARIABLE_NAME), VARIABLE_VALUE FROM information_schema.GLOBAL_STATUS WHERE VARIABLE_NAME IN \
         ('wsrep_ready', 'wsrep_cluster_status', 'wsrep_local_state', 'wsrep_cluster_state_uuid', \
         'wsrep_local_recv_queue')",
    )?;
    let value = |name: &str| {
        status
            .iter()
            .find(|(key, _)| key == name)
            .map_or("", |(_, value)| value.as_str())
    };
    let clients: Option<u64> = conn.exec_first(
        "SELECT COUNT(*) FROM information_schema.PROCESSLIST WHERE ID <> CONNECTION_ID() AND USER NOT IN \
         ('system user', 'event_scheduler') AND (? IS NULL OR USER = ?)",
        (application, application),
    )?;
    let desynced: Option<(bool, bool)> = conn.exec_first("SELECT @@GLOBAL.wsrep_desync, IS_FREE_LOCK(?)", (LOCK,))?;
    let (desynced, lock_free) = desynced.context("no answer about wsrep_desync")?;
    let position: Option<String> = conn.query_first("SELECT @@GLOBAL.gtid_binlog_pos")?;
    Ok(Answer {
        primary: value("wsrep_cluster_status") == "Primary" && value("wsrep_ready") == "ON",
        state: value("wsrep_local_state").parse().unwrap_or(0),
        state_uuid: value("wsrep_cluster_state_uuid").to_owned(),
        receive_queue: value("wsrep_local_recv_queue").parse().unwrap_or(u64::MAX),
        clients: clients.unwrap_or_default(),
        counts_anew: position.unwrap_or_default().parse::<Gtids>()?.counts_anew(),
        left_desynced: desynced && lock_free,
    })
}

/// The members that may be copied, best first: the busiest one late, and last one whose binary log counts otherwise.
pub(super) fn ranked(health: &[Health]) -> anyhow::Result<Vec<&Health>> {
    let mut good: Vec<(&Health, &Answer)> = health
        .iter()
        .filter_map(|member| Some((member, member.answer.as_ref().ok()?)))
        .filter(|(_, answer)| answer.primary && answer.state == 4 && !is_zero(&answer.state_uuid))
        .collect();
    if good.is_empty() {
        bail!(
            "no member can be copied: {}",
            health.iter().map(describe).collect::<Vec<_>>().join("; ")
        );
    }
    if let Some((first, rest)) = good.split_first()
        && let Some((other, _)) = rest.iter().find(|(_, answer)| answer.state_uuid != first.1.state_uuid)
    {
        bail!(
            "{} and {} are primary with different states: that is a split cluster; look at it before anything else",
            first.0.name,
            other.name
        );
    }
    let most = good.iter().map(|(_, answer)| answer.clients).max().unwrap_or_default();
    let all_equal = good.iter().all(|(_, answer)| answer.clients == most);
    good.sort_by_key(|(member, answer)| {
        (
            answer.counts_anew,
            !all_equal && answer.clients == most,
            answer.receive_queue,
            answer.clients,
            member.name.clone(),
        )
    });
    Ok(good.into_iter().map(|(member, _)| member).collect())
}

fn is_zero(uuid: &str) -> bool {
    uuid.bytes().all(|byte| byte == b'0' || byte == b'-')
}

fn describe(member: &Health) -> String {
    let why = match &member.answer {
        Err(why) => format!("does not answer ({why})"),
        Ok(answer) if !answer.primary => "is in no primary component".to_owned(),
        Ok(answer) if is_zero(&answer.state_uuid) => "has a zero state UUID".to_owned(),
        Ok(answer) => format!("is not in sync (wsrep_local_state {})", answer.state),
    };
    format!("{} {why}", member.name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn member(name: &str, clients: u64, queue: u64) -> Health {
        let answer = Answer {
            primary: true,
            state: 4,
            state_uuid: "f3b3c0d0-e855-11f1-a3cc-0e647ff56503".to_owned(),
            receive_queue: queue,
            clients,
            counts_anew: false,
            left_desynced: false,
        };
        Health {
            name: name.to_owned(),
            mounted: true,
            answer: Ok(answer),
        }
    }

    fn names(health: &[Health]) -> Vec<&str> {
        ranked(health)
            .unwrap()
            .into_iter()
            .map(|member| member.name.as_str())
            .collect()
    }

    #[test]
    fn the_busiest_member_comes_last_and_the_least_behind_first() {
        assert_eq!(
            names(&[member("a", 90, 0), member("b", 3, 7), member("c", 5, 0)]),
            ["c", "b", "a"]
        );
        assert_eq!(names(&[member("a", 1, 0), member("b", 1, 0)]), ["a", "b"]);
        let mut anew = member("a", 0, 0);
        anew.answer.as_mut().unwrap().counts_anew = true;
        assert_eq!(names(&[anew, member("b", 9, 9)]), ["b", "a"]);
    }

    #[test]
    fn only_members_in_sync_are_copied() {
        let mut joining = member("a", 0, 0);
        joining.answer.as_mut().unwrap().state = 1;
        let mut minority = member("b", 0, 0);
        minority.answer.as_mut().unwrap().primary = false;
        let silent = Health {
            name: "c".to_owned(),
            mounted: true,
            answer: Err("refused".to_owned()),
        };
        assert_eq!(
            names(&[joining.clone(), minority.clone(), silent.clone(), member("d", 9, 9)]),
            ["d"]
        );
        let error = ranked(&[joining, minority, silent]).unwrap_err().to_string();
        assert!(
            error.contains("a is not in sync") && error.contains("b is in no primary"),
            "{error}"
        );
        assert!(error.contains("c does not answer"), "{error}");
    }

    #[test]
    fn two_states_are_a_split_cluster() {
        let mut other = member("b", 0, 0);
        other.answer.as_mut().unwrap().state_uuid = "11111111-e855-11f1-a3cc-0e647ff56503".to_owned();
        assert!(
            ranked(&[member("a", 0, 0), other])
                .unwrap_err()
                .to_string()
                .contains("split")
        );
    }
}
