//! What the node tells about itself: probes, `/status` and `/metrics` are functions of this.

use std::time::{Duration, Instant};

use galeno_contract::keeper::Timeouts;
use jiff::Timestamp;
use serde_json::json;

use super::sql::Observation;
use crate::agreement::{Phase, Report};

/// A snapshot of the node.
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is an independent fact that is shown as such"
)]
#[derive(Debug, Clone)]
pub(crate) struct Status {
    pub(crate) name: String,
    pub(crate) cluster: String,
    pub(crate) generation: u32,
    /// `None` while the volume is being examined.
    pub(crate) report: Option<Report>,
    /// Every other member, by name: what it last said, or why nothing was heard.
    pub(crate) peers: Vec<(String, Result<Report, String>)>,
    /// What keeps the node from going on, in words.
    pub(crate) why: Option<String>,
    /// Members that are waited for before anybody may start.
    pub(crate) waiting_for: usize,
    /// Nothing but a person's decision can go on.
    pub(crate) needs_a_person: bool,
    pub(crate) running: bool,
    pub(crate) draining: bool,
    pub(crate) observation: Option<Observation>,
    pub(crate) observed_at: Instant,
    /// The last sign of progress of whatever is under way.
    pub(crate) progress_at: Instant,
    /// The last turn of the main loop.
    pub(crate) turned_at: Instant,
    /// Part of the last half minute in which flow control held replication.
    pub(crate) flow_control_paused: f64,
    pub(crate) active: Option<u32>,
    pub(crate) accepted: bool,
    /// The door for clients is open.
    pub(crate) open: bool,
    pub(crate) donor_is_ready: bool,
    pub(crate) certificate_until: Timestamp,
    /// Starts of mariadbd by this keeper.
    pub(crate) starts: u64,
}

/// A probe's answer: whether, and why not.
pub(crate) type Health = Result<(), String>;

/// The main loop turns every fraction of a second; a keeper that does not is hung.
const HUNG: Duration = Duration::from_mins(1);

impl Status {
    /// Whether the process makes progress, whatever it is doing. Waiting for others is not a lack of progress.
    pub(crate) fn startup(&self, timeouts: &Timeouts) -> Health {
        if self.turned_at.elapsed() > HUNG {
            return Err(format!(
                "the keeper has not moved for {} s",
                self.turned_at.elapsed().as_secs()
            ));
        }
        let working = match &self.report {
            None => true,
            Some(report) => matches!(report.phase, Phase::Joining | Phase::Bootstrapping),
        };
        let idle = self.progress_at.elapsed();
        if working && idle > timeouts.stalled.to_std() {
            return Err(format!("no progress for {} s while starting", idle.as_secs()));
        }
        Ok(())
    }

    /// Whether a restart of this container would help. Being without a quorum, or giving or taking a state, it would not.
    pub(crate) fn live(&self, timeouts: &Timeouts) -> Health {
        self.startup(timeouts)?;
        let phase = self.report.as_ref().map(|report| report.phase);
        let in_service = matches!(phase, Some(Phase::Primary { .. } | Phase::NonPrimary));
        let donor = self.observation.as_ref().is_some_and(|o| o.local_state == 2);
        let silent = self.observed_at.elapsed();
        if self.running && in_service && !donor && silent > timeouts.unresponsive.to_std() {
            return Err(format!("mariadbd has not answered for {} s", silent.as_secs()));
        }
        Ok(())
    }

    /// Whether clients may be sent here.
    pub(crate) fn ready(&self, timeouts: &Timeouts) -> Health {
        let report = self.report.as_ref().ok_or("examining the volume")?;
        if self.draining {
            return Err("leaving".to_owned());
        }
        if let Some(why) = &self.why {
            return Err(why.clone());
        }
        let Phase::Primary { at, open } = report.phase else {
            return Err("not in a primary component".to_owned());
        };
        let seen = self.observation.as_ref().ok_or("mariadbd has not answered yet")?;
        if self.observed_at.elapsed() > timeouts.query.to_std() * 2 {
            return Err("mariadbd does not answer".to_owned());
        }
        if seen.position().map(|now| now.uuid) != Some(at.uuid) {
            return Err(format!("not in sync, or not in its own history: {}", seen.comment));
        }
        if seen.local_state == 2 && !self.donor_is_ready {
            return Err("giving others its state".to_owned());
        }
        if !open {
            return Err("started, and still without a majority of the members".to_owned());
        }
        if self.active != Some(self.generation) {
            let active = self.active.map_or("none".to_owned(), |active| active.to_string());
            return Err(format!(
                "the active generation is {active}, and this is {}",
                self.generation
            ));
        }
        if !self.accepted {
            return Err(format!("generation {} has not been accepted", self.generation));
        }
        if self.open {
            Ok(())
        } else {
            Err("not opened to clients yet".to_owned())
        }
    }

    pub(crate) fn json(&self, timeouts: &Timeouts) -> serde_json::Value {
        let health = |health: Health| match health {
            Ok(()) => json!({"ok": true}),
            Err(why) => json!({"ok": false, "why": why}),
        };
        let peers: serde_json::Map<String, serde_json::Value> = self
            .peers
            .iter()
            .map(|(name, heard)| {
                let value = match heard {
                    Ok(report) => json!(report),
                    Err(why) => json!({"silent": why}),
                };
                (name.clone(), value)
            })
            .collect();
        let database = self.observation.as_ref().map(|o| {
            json!({"ready": o.ready, "primary": o.primary(), "state": o.comment, "size": o.size,
                   "stateUuid": o.uuid, "committed": o.committed, "readOnly": o.read_only,
                   "connections": o.connections})
        });
        json!({
            "name": self.name, "cluster": self.cluster, "generation": self.generation,
            "running": self.running, "why": self.why, "self": self.report, "peers": peers, "database": database,
            "activeGeneration": self.active, "accepted": self.accepted, "open": self.open,
            "certificateUntil": self.certificate_until.to_string(),
            "startup": health(self.startup(timeouts)), "live": health(self.live(timeouts)),
            "ready": health(self.ready(timeouts)),
        })
    }
}

#[cfg(test)]
pub(crate) mod tests;
