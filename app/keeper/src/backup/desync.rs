//! Out of flow control while it is copied, and back again whatever happens.
//!
//! A backup holds a lock in a session of its own on the member that it copies. If the keeper dies, the session and the
//! lock end, and whoever looks next ([`super::choose::ask_all`]) sees `wsrep_desync` on without the lock and puts it
//! back.

use anyhow::{Context as _, bail};
use mysql::Conn;
use mysql::prelude::Queryable as _;

use super::choose::LOCK;

/// Takes the member out of flow control, or puts it back. Setting `wsrep_desync` takes SUPER; the procedure, which every
/// node's keeper keeps in step, does this one thing for an account that may do little else.
pub(super) fn set(session: &mut Conn, wanted: bool) -> mysql::Result<()> {
    session.exec_drop("CALL keeper.desync(?)", (wanted,))
}

/// Holds the lock and keeps the member out of flow control until it is dropped.
pub(super) struct Desynced {
    session: Conn,
    member: String,
    active: bool,
}

impl Desynced {
    /// Takes the lock; with `desync`, takes the member out of flow control. A member that is all there is stays in.
    pub(super) fn begin(mut session: Conn, member: &str, desync: bool) -> anyhow::Result<Self> {
        let locked: Option<Option<bool>> = session.exec_first("SELECT GET_LOCK(?, 0)", (LOCK,))?;
        if locked != Some(Some(true)) {
            bail!("{member} is being copied by another backup already");
        }
        if desync {
            set(&mut session, true).with_context(|| format!("cannot desync {member}"))?;
        }
        Ok(Self {
            session,
            member: member.to_owned(),
            active: desync,
        })
    }

    /// Puts the member back and says whether that worked.
    pub(super) fn end(mut self) -> anyhow::Result<()> {
        self.put_back()
    }

    fn put_back(&mut self) -> anyhow::Result<()> {
        if self.active {
            set(&mut self.session, false)
                .with_context(|| format!("cannot put {} back into flow control", self.member))?;
            self.active = false;
        }
        Ok(())
    }
}

impl Drop for Desynced {
    fn drop(&mut self) {
        if let Err(error) = self.put_back() {
            tracing::error!(member = %self.member, error = %format!("{error:#}"), "left desynced: the next backup mends it");
        }
    }
}
