//! Telling people that something failed: by webhook and by e-mail, each until it is delivered or its time is over.

mod email;
mod webhook;

use std::thread;
use std::time::{Duration, Instant};

use galeno_contract::backup::Alerts;
use jiff::Timestamp;
use serde::Serialize;

/// What happened.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Alert {
    /// The environment.
    pub(crate) cluster: String,
    /// `keeper backup --kind daily`.
    pub(crate) command: String,
    /// One line.
    pub(crate) summary: String,
    /// Everything known, with what to do.
    pub(crate) detail: String,
    pub(crate) at: Timestamp,
}

/// Why one attempt failed.
enum Failure {
    /// Trying again may help.
    Passing(String),
    /// It will not.
    Lasting(String),
}

/// Tells everybody. Returns what could not be delivered, and why.
pub(crate) fn send(alerts: &Alerts, alert: &Alert) -> Vec<String> {
    thread::scope(|scope| {
        let webhook = alerts
            .webhook
            .as_ref()
            .map(|target| scope.spawn(move || deliver("webhook", alerts, |left| webhook::send(target, alert, left))));
        let email = alerts
            .email
            .as_ref()
            .map(|target| scope.spawn(move || deliver("e-mail", alerts, |left| email::send(target, alert, left))));
        [webhook, email]
            .into_iter()
            .flatten()
            .filter_map(|delivery| {
                delivery
                    .join()
                    .unwrap_or_else(|_| Err("an alert died: a bug of the keeper".to_owned()))
                    .err()
            })
            .collect()
    })
}

fn deliver(
    name: &str,
    alerts: &Alerts,
    mut attempt: impl FnMut(Duration) -> Result<(), Failure>,
) -> Result<(), String> {
    let start = Instant::now();
    let deadline = alerts.deadline.to_std();
    let mut pause = alerts.retry_after.to_std();
    loop {
        let left = deadline.saturating_sub(start.elapsed()).max(Duration::from_millis(100));
        match attempt(left) {
            Ok(()) => {
                tracing::info!(target = name, "alert delivered");
                return Ok(());
            }
            Err(Failure::Lasting(why)) => return Err(format!("the alert by {name} was not delivered: {why}")),
            Err(Failure::Passing(why)) if start.elapsed() + pause >= deadline => {
                return Err(format!(
                    "the alert by {name} was not delivered within {deadline:?}: {why}"
                ));
            }
            Err(Failure::Passing(why)) => tracing::warn!(target = name, %why, "alert not delivered yet"),
        }
        thread::sleep(pause);
        pause = (pause * 2).min(Duration::from_mins(1));
    }
}
