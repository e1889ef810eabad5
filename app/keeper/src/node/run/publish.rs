//! What the node tells: its status for the probes, the metrics and people.

use std::sync::PoisonError;
use std::time::Instant;

use super::super::watch;
use super::super::words::words;
use super::Node;
use crate::agreement::{Machine, Ordinal, Report, Why};

impl Node {
    pub(super) fn publish(&mut self) {
        let seen = self.shared.seen();
        let why = self.why(&seen);
        let identity = self.identity.read().unwrap_or_else(PoisonError::into_inner);
        let mut status = self.status.lock().unwrap_or_else(PoisonError::into_inner);
        if status.why != why {
            if let Some(why) = &why {
                tracing::warn!("waiting: {why}");
            } else {
                tracing::info!("nothing to wait for");
            }
        }
        status.why = why;
        let reason = self.machine.as_ref().and_then(Machine::why);
        status.waiting_for = reason.map_or(0, Why::waiting_for);
        status.needs_a_person = reason.is_some_and(Why::needs_a_person);
        status.flow_control_paused = seen.flow_control_paused;
        status.report = self.machine.as_ref().map(Machine::report);
        status.peers = self.peer_reports();
        status.running = self.child.is_some();
        status.draining = self.leaving.is_some();
        status.observation = seen.observation;
        status.observed_at = seen.observed_at;
        status.progress_at = seen.progress_at;
        status.turned_at = Instant::now();
        status.active = self.intent.as_ref().map(|intent| intent.active);
        status.accepted = seen.accepted;
        status.open = seen.opened;
        status.certificate_until = identity.not_after;
        status.starts = self.starts;
    }

    fn peer_reports(&self) -> Vec<(String, Result<Report, String>)> {
        let known = |o: Ordinal| {
            self.machine
                .as_ref()
                .and_then(|m| m.peers().get(usize::from(o)).cloned().flatten())
        };
        (0..self.settings.members())
            .filter(|&o| o != self.settings.me)
            .map(|o| {
                let heard = self.heard.get(usize::from(o)).map(|(_, heard)| heard.clone());
                let silent = || match heard {
                    Some(Err(why)) => why,
                    _ => "not asked yet".to_owned(),
                };
                (self.settings.name_of(o).to_owned(), known(o).ok_or_else(silent))
            })
            .collect()
    }

    /// What keeps this node from going on, in words.
    fn why(&self, seen: &watch::Seen) -> Option<String> {
        let identity = self.identity.read().unwrap_or_else(PoisonError::into_inner);
        if identity.has_expired() && self.child.is_none() {
            return Some(format!(
                "this member's certificate expired at {}: renew {}",
                identity.not_after,
                self.settings.config.tls.certificate.display()
            ));
        }
        let machine = self.machine.as_ref()?;
        let why = machine.why().map(|why| words(why, &self.settings, &self.heard));
        match (why, &self.problem, &seen.problem) {
            (Some(why), Some(problem), _) => Some(format!("{why} ({problem})")),
            (Some(why), None, _) => Some(why),
            (None, _, problem) => problem.clone(),
        }
    }
}
