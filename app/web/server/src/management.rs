//! The management port: alive, ready, figures.

use std::{
    fmt::Write as _,
    sync::atomic::{AtomicBool, AtomicU64, Ordering},
};

use bytes::Bytes;
use hyper::StatusCode;

use crate::answer::{Answer, plain, with};

/// What is counted, and whether the server is about to stop.
#[derive(Debug, Default)]
pub(crate) struct State {
    draining: AtomicBool,
    /// Answers by the first digit of their status, from 1 to 5.
    answers: [AtomicU64; 5],
}

impl State {
    pub(crate) fn drain(&self) {
        self.draining.store(true, Ordering::SeqCst);
    }

    pub(crate) fn count(&self, status: StatusCode) {
        let class = usize::from(status.as_u16() / 100).clamp(1, 5) - 1;
        self.answers[class].fetch_add(1, Ordering::Relaxed);
    }

    fn text(&self) -> String {
        let name = "galeno_web_requests";
        let mut text = format!("# HELP {name} Requests that were answered.\n# TYPE {name} counter\n");
        for (class, count) in (1..).zip(&self.answers) {
            let count = count.load(Ordering::Relaxed);
            let _ = writeln!(text, "{name}_total{{status=\"{class}xx\"}} {count}");
        }
        text.push_str("# EOF\n");
        text
    }
}

/// `/livez`, `/readyz`, `/metrics`.
pub(crate) fn answer(state: &State, path: &str) -> Answer {
    match path {
        "/readyz" if state.draining.load(Ordering::SeqCst) => plain(StatusCode::SERVICE_UNAVAILABLE, "stopping\n"),
        "/livez" | "/readyz" => plain(StatusCode::OK, "ok\n"),
        "/metrics" => with(
            StatusCode::OK,
            "application/openmetrics-text; version=1.0.0; charset=utf-8",
            "no-store",
            Bytes::from(state.text()),
        ),
        _ => plain(StatusCode::NOT_FOUND, "There is no such thing.\n"),
    }
}

#[cfg(test)]
mod tests {
    use hyper::StatusCode;

    use super::{State, answer};

    #[test]
    fn it_is_ready_until_it_is_about_to_stop_and_counts() {
        let state = State::default();
        assert_eq!(answer(&state, "/readyz").status(), 200);
        state.count(StatusCode::OK);
        state.count(StatusCode::NOT_FOUND);
        assert!(state.text().contains("galeno_web_requests_total{status=\"2xx\"} 1\n"));
        assert!(state.text().contains("galeno_web_requests_total{status=\"4xx\"} 1\n"));
        state.drain();
        assert_eq!(answer(&state, "/readyz").status(), 503);
        assert_eq!(answer(&state, "/livez").status(), 200);
    }
}
