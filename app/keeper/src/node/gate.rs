//! The door for clients of this node. Closed means: nobody but the keeper and administrators can write, the sessions of
//! the applications' accounts are ended, and new ones are refused. It is all local to the node and needs no other one,
//! so that it works at once, also without a primary component.

use std::time::Duration;

use galeno_contract::keeper::NodeConfig;
use mysql::Conn;
use mysql::prelude::Queryable as _;

use super::cnf;

/// Closes the door. Repeat it as long as the door is to be closed: a session may have slipped in between.
///
/// The order matters: first nobody new gets in, then those inside are ended, and then `read_only` takes hold, which waits
/// for statements that still run; ending sessions is therefore repeated by a second connection until it does.
///
/// Without a primary component nothing can be written anyway, and `read_only` would wait in vain for Galera to pause: it
/// is left for the first time that the node is back and the door still closed.
pub(crate) fn close(config: &NodeConfig, conn: &mut Conn) -> mysql::Result<()> {
    let refuse = cnf::refuse_clients(config);
    let current: Option<(String, bool, String)> = conn.query_first(
        "SELECT @@GLOBAL.init_connect, @@GLOBAL.read_only, VARIABLE_VALUE FROM information_schema.GLOBAL_STATUS
         WHERE VARIABLE_NAME = 'WSREP_READY'",
    )?;
    let (is_refusing, is_read_only, can_write) = current.map_or((false, false, true), |(text, flag, ready)| {
        (text == refuse, flag, ready == "ON")
    });
    if !is_refusing {
        conn.exec_drop("SET GLOBAL init_connect = ?", (refuse,))?;
    }
    end_sessions(config, conn)?;
    if can_write && !is_read_only {
        set_read_only(config)?;
    }
    end_sessions(config, conn).map(drop)
}

/// Opens the door.
pub(crate) fn open(conn: &mut Conn) -> mysql::Result<()> {
    conn.query_drop("SET GLOBAL read_only = OFF")?;
    conn.query_drop("SET GLOBAL init_connect = ''")
}

/// Ends the sessions of the applications' accounts; gives how many there were.
fn end_sessions(config: &NodeConfig, conn: &mut Conn) -> mysql::Result<usize> {
    let names: Vec<&str> = config
        .accounts
        .iter()
        .filter(|a| a.client)
        .map(|a| a.name.as_str())
        .collect();
    if names.is_empty() {
        return Ok(0);
    }
    let marks = vec!["?"; names.len()].join(", ");
    let sessions: Vec<u64> = conn.exec(
        format!("SELECT ID FROM information_schema.PROCESSLIST WHERE USER IN ({marks})"),
        names.iter().map(|name| (*name).into()).collect::<Vec<mysql::Value>>(),
    )?;
    for session in &sessions {
        match conn.query_drop(format!("KILL HARD CONNECTION {session}")) {
            // It ended by itself.
            Err(mysql::Error::MySqlError(error)) if error.code == 1094 => {}
            outcome => outcome?,
        }
    }
    Ok(sessions.len())
}

/// `read_only` waits for statements that hold locks; so it runs in a session of its own, and meanwhile those statements'
/// sessions are ended as often as necessary.
fn set_read_only(config: &NodeConfig) -> mysql::Result<()> {
    let timeout = config.timeouts.query.to_std();
    let mut setting = super::sql::connect(config, timeout)?;
    let mut ending = super::sql::connect(config, timeout)?;
    std::thread::scope(|scope| {
        let set = scope.spawn(move || setting.query_drop("SET GLOBAL read_only = ON"));
        while !set.is_finished() {
            end_sessions(config, &mut ending)?;
            std::thread::sleep(Duration::from_millis(20));
        }
        set.join().unwrap_or_else(|_| Ok(()))
    })
}
