//! What the keeper says to its own mariadbd, over the socket, as the operating system's user (no password exists).

use std::time::Duration;

use galeno_contract::keeper::NodeConfig;
use mysql::prelude::Queryable as _;
use mysql::{Conn, OptsBuilder};

use crate::agreement::{Position, StateUuid};

/// What kind of component a node is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Component {
    Primary,
    /// In touch, or trying to be, without a quorum.
    NonPrimary,
    /// Galera has left its group, and does not come back by itself.
    Disconnected,
}

/// How mariadbd is, by its own account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Observation {
    /// `wsrep_ready`.
    pub(crate) ready: bool,
    /// `wsrep_cluster_status`.
    pub(crate) component: Component,
    /// `wsrep_local_state`: 1 joining, 2 donor or desynced, 3 joined, 4 synced, 5 inconsistent.
    pub(crate) local_state: u8,
    /// `wsrep_local_state_comment`.
    pub(crate) comment: String,
    /// `wsrep_cluster_size`.
    pub(crate) size: u32,
    /// `wsrep_cluster_state_uuid`; `None` is the all-zero one.
    pub(crate) uuid: Option<StateUuid>,
    /// `wsrep_last_committed`.
    pub(crate) committed: i64,
    /// `wsrep_local_recv_queue`.
    pub(crate) receive_queue: u64,
    /// `wsrep_flow_control_paused_ns`.
    pub(crate) paused_ns: u64,
    /// `Threads_connected`.
    pub(crate) connections: u64,
    /// The global `read_only`.
    pub(crate) read_only: bool,
}

impl Observation {
    /// A member of a primary component.
    pub(crate) fn primary(&self) -> bool {
        self.component == Component::Primary
    }

    /// In sync, or giving others a state transfer, as a member of a primary component.
    pub(crate) fn position(&self) -> Option<Position> {
        let in_step = self.ready && self.primary() && matches!(self.local_state, 2 | 4) && self.committed >= 0;
        match self.uuid {
            Some(uuid) if in_step => Some(Position {
                uuid,
                seqno: self.committed,
            }),
            _ => None,
        }
    }
}

/// Opens a session that does not wait for replication and whose statements end within `timeout`.
pub(crate) fn connect(config: &NodeConfig, timeout: Duration) -> mysql::Result<Conn> {
    let options = OptsBuilder::new()
        .socket(Some(config.mariadb.socket.display().to_string()))
        .user(Some("mysql"))
        // Without these two the client library asks the server at once, before anything can be set for the session, and a
        // node without a primary component refuses to answer.
        .max_allowed_packet(Some(16 << 20))
        .prefer_socket(false)
        .read_timeout(Some(timeout))
        .write_timeout(Some(timeout));
    let mut conn = Conn::new(options)?;
    // Reads must work without a primary component too: that is when it matters most how the node is.
    conn.query_drop("SET SESSION wsrep_sync_wait = 0, SESSION wsrep_dirty_reads = ON")?;
    Ok(conn)
}

/// Asks how it is; works without a primary component too.
pub(crate) fn observe(conn: &mut Conn) -> mysql::Result<Observation> {
    let rows: Vec<(String, String)> = conn.query(
        "SELECT VARIABLE_NAME, VARIABLE_VALUE FROM information_schema.GLOBAL_STATUS WHERE VARIABLE_NAME IN ('WSREP_READY',
         'WSREP_CLUSTER_STATUS', 'WSREP_CONNECTED', 'WSREP_EVS_STATE', 'WSREP_LOCAL_STATE', 'WSREP_LOCAL_STATE_COMMENT', 'WSREP_CLUSTER_SIZE',
         'WSREP_CLUSTER_STATE_UUID', 'WSREP_LAST_COMMITTED', 'WSREP_LOCAL_RECV_QUEUE', 'WSREP_FLOW_CONTROL_PAUSED_NS',
         'THREADS_CONNECTED')
         UNION ALL SELECT VARIABLE_NAME, VARIABLE_VALUE FROM information_schema.GLOBAL_VARIABLES
         WHERE VARIABLE_NAME = 'READ_ONLY'",
    )?;
    Ok(said(&rows))
}

/// What the status says.
fn said(rows: &[(String, String)]) -> Observation {
    let get = |name: &str| {
        rows.iter()
            .find(|(key, _)| key == name)
            .map_or("", |(_, value)| value.as_str())
    };
    Observation {
        ready: get("WSREP_READY") == "ON",
        component: match (get("WSREP_CLUSTER_STATUS"), get("WSREP_CONNECTED")) {
            ("Primary", _) => Component::Primary,
            ("Disconnected", "OFF") => Component::Disconnected,
            // After an incremental transfer that failed ("node restart required") Galera goes on saying that it is connected and
            // receives one; but it has closed the channel of its group, and says nothing of that channel any more.
            _ if get("WSREP_EVS_STATE").is_empty() => Component::Disconnected,
            _ => Component::NonPrimary,
        },
        local_state: get("WSREP_LOCAL_STATE").parse().unwrap_or(0),
        comment: get("WSREP_LOCAL_STATE_COMMENT").to_owned(),
        size: get("WSREP_CLUSTER_SIZE").parse().unwrap_or(0),
        uuid: get("WSREP_CLUSTER_STATE_UUID").parse().ok(),
        committed: get("WSREP_LAST_COMMITTED").parse().unwrap_or(-1),
        receive_queue: get("WSREP_LOCAL_RECV_QUEUE").parse().unwrap_or(0),
        paused_ns: get("WSREP_FLOW_CONTROL_PAUSED_NS").parse().unwrap_or(0),
        connections: get("THREADS_CONNECTED").parse().unwrap_or(0),
        read_only: get("READ_ONLY") != "OFF",
    }
}

/// Has mariadbd read its certificates again: for clients, and for replication.
pub(crate) fn reload_certificates(conn: &mut Conn) -> mysql::Result<()> {
    conn.query_drop("FLUSH LOCAL SSL")
        .or_else(|_| conn.query_drop("FLUSH SSL"))?;
    conn.query_drop("SET GLOBAL wsrep_provider_options = 'socket.ssl_reload=1'")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn component(rows: &[(&str, &str)]) -> Component {
        let rows: Vec<_> = rows.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
        said(&rows).component
    }

    #[test]
    fn a_group_that_was_left_is_told_from_one_that_has_no_quorum() {
        let synced = [
            ("WSREP_CLUSTER_STATUS", "Primary"),
            ("WSREP_CONNECTED", "ON"),
            ("WSREP_EVS_STATE", "OPERATIONAL"),
        ];
        assert_eq!(component(&synced), Component::Primary);
        let cut_off = [
            ("WSREP_CLUSTER_STATUS", "non-Primary"),
            ("WSREP_CONNECTED", "ON"),
            ("WSREP_EVS_STATE", "OPERATIONAL"),
        ];
        assert_eq!(component(&cut_off), Component::NonPrimary);
        let voted_out = [("WSREP_CLUSTER_STATUS", "Disconnected"), ("WSREP_CONNECTED", "OFF")];
        assert_eq!(component(&voted_out), Component::Disconnected);
        // As a node said on 2026-11-30 whose incremental transfer had ended one write-set short (Galera 26.4).
        let failed_transfer = [
            ("WSREP_CLUSTER_STATUS", "non-Primary"),
            ("WSREP_CONNECTED", "ON"),
            ("WSREP_LOCAL_STATE", "1"),
            ("WSREP_LOCAL_STATE_COMMENT", "Joining: receiving State Transfer"),
            ("WSREP_CLUSTER_SIZE", "2"),
        ];
        assert_eq!(component(&failed_transfer), Component::Disconnected);
    }
}
