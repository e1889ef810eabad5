//! The HTTP server for probes, status and metrics: `GET` only, one request on a connection.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use anyhow::Context as _;
use galeno_contract::keeper::{Probe, Timeouts};
use rustls::{ServerConnection, StreamOwned};

use super::metrics;
use super::status::{Health, Status};
use crate::control::probe_server;

/// A request that is longer is no probe.
const LONGEST_REQUEST: usize = 16 << 10;
const MOST_CONNECTIONS: usize = 64;
const PATIENCE: Duration = Duration::from_secs(5);

struct Response {
    code: u16,
    kind: &'static str,
    body: String,
}

/// Serves until the process ends.
pub(crate) fn serve(probe: &Probe, timeouts: &Timeouts, status: &Arc<Mutex<Status>>) -> anyhow::Result<()> {
    let listener = TcpListener::bind(&probe.listen).with_context(|| format!("cannot listen on {}", probe.listen))?;
    let (probe, timeouts, status) = (probe.clone(), timeouts.clone(), status.clone());
    // Fails at start if the files cannot be used; afterwards each connection reads them anew.
    tls_of(&probe)?;
    thread::Builder::new().name("probe".into()).spawn(move || {
        let open = Arc::new(AtomicUsize::new(0));
        for stream in listener.incoming() {
            let Ok(stream) = stream else {
                thread::sleep(Duration::from_millis(50));
                continue;
            };
            if open.fetch_add(1, Ordering::Relaxed) >= MOST_CONNECTIONS {
                open.fetch_sub(1, Ordering::Relaxed);
                continue;
            }
            let (probe, timeouts, status, open) = (probe.clone(), timeouts.clone(), status.clone(), open.clone());
            let spawned = thread::Builder::new().spawn(move || {
                if let Err(error) = answer(&probe, &timeouts, &status, stream) {
                    tracing::debug!(error = format!("{error:#}"), "a probe was not answered");
                }
                open.fetch_sub(1, Ordering::Relaxed);
            });
            drop(spawned);
        }
    })?;
    Ok(())
}

fn tls_of(probe: &Probe) -> anyhow::Result<Option<Arc<rustls::ServerConfig>>> {
    probe
        .tls
        .as_ref()
        .map(|tls| probe_server(&tls.certificate, &tls.key))
        .transpose()
}

fn answer(probe: &Probe, timeouts: &Timeouts, status: &Mutex<Status>, stream: TcpStream) -> anyhow::Result<()> {
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    match tls_of(probe)? {
        None => exchange(timeouts, status, stream),
        Some(tls) => {
            let mut stream = StreamOwned::new(ServerConnection::new(tls)?, stream);
            exchange(timeouts, status, &mut stream)?;
            stream.conn.send_close_notify();
            stream.conn.complete_io(&mut stream.sock)?;
            Ok(())
        }
    }
}

fn exchange(timeouts: &Timeouts, status: &Mutex<Status>, mut stream: impl Read + Write) -> anyhow::Result<()> {
    let mut received = Vec::new();
    let path = loop {
        let mut part = [0; 2048];
        let count = stream.read(&mut part)?;
        received.extend_from_slice(part.get(..count).unwrap_or_default());
        let mut headers = [httparse::EMPTY_HEADER; 64];
        let mut request = httparse::Request::new(&mut headers);
        if request.parse(&received)?.is_complete() {
            break (request.method == Some("GET")).then(|| request.path.unwrap_or("/").to_owned());
        }
        anyhow::ensure!(count > 0 && received.len() < LONGEST_REQUEST, "not a request");
    };
    let snapshot = status.lock().map_err(|_| anyhow::anyhow!("no status"))?.clone();
    let response = match path {
        Some(path) => respond(&path, &snapshot, timeouts),
        None => Response {
            code: 405,
            kind: "text/plain",
            body: "only GET is served\n".into(),
        },
    };
    let head = format!(
        "HTTP/1.1 {} {}\r\nContent-Type: {}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
        response.code,
        if response.code == 200 { "OK" } else { "Unavailable" },
        response.kind,
        response.body.len()
    );
    stream.write_all(head.as_bytes())?;
    stream.write_all(response.body.as_bytes())?;
    stream.flush()?;
    Ok(())
}

fn respond(path: &str, status: &Status, timeouts: &Timeouts) -> Response {
    let health = |health: Health| match health {
        Ok(()) => Response {
            code: 200,
            kind: "text/plain",
            body: "ok\n".into(),
        },
        Err(why) => Response {
            code: 503,
            kind: "text/plain",
            body: format!("{why}\n"),
        },
    };
    match path.split('?').next().unwrap_or(path) {
        "/startup" => health(status.startup(timeouts)),
        "/live" => health(status.live(timeouts)),
        "/ready" => health(status.ready(timeouts)),
        "/status" => {
            let body = format!("{:#}\n", status.json(timeouts));
            Response {
                code: 200,
                kind: "application/json",
                body,
            }
        }
        "/metrics" => Response {
            code: 200,
            kind: "text/plain; version=0.0.4",
            body: metrics::render(status, timeouts),
        },
        _ => {
            let body = "/startup /live /ready /status /metrics\n".into();
            Response {
                code: 404,
                kind: "text/plain",
                body,
            }
        }
    }
}
