//! The listening side.

use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;
use std::time::Duration;

use anyhow::{Context as _, ensure};
use rustls::pki_types::ServerName;
use rustls::server::ParsedCertificate;
use rustls::{ServerConnection, StreamOwned};

use super::tls::SharedIdentity;
use super::wire::{self, Answer, Question};
use crate::agreement::Envelope;
use crate::node::Settings;

/// A message from a peer; the answer goes back the same way. Dropping `reply` means that there is none.
#[derive(Debug)]
pub(crate) struct Incoming {
    pub(crate) message: Envelope,
    pub(crate) reply: Sender<Envelope>,
}

/// More connections at a time are refused: there are at most nine members, each with one.
const MOST_CONNECTIONS: usize = 64;

/// Listens for peers until the process ends.
pub(crate) fn serve(settings: &Arc<Settings>, identity: &SharedIdentity) -> anyhow::Result<Receiver<Incoming>> {
    let port = settings.config.ports.control;
    let address = settings.config.listen.unwrap_or(Ipv4Addr::UNSPECIFIED.into());
    let listener =
        TcpListener::bind((address, port)).with_context(|| format!("cannot listen on {address}, port {port}"))?;
    let (sender, receiver) = channel();
    let (settings, identity) = (settings.clone(), identity.clone());
    thread::Builder::new().name("control".into()).spawn(move || {
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
            let (settings, identity, sender, open) = (settings.clone(), identity.clone(), sender.clone(), open.clone());
            let spawned = thread::Builder::new().spawn(move || {
                let from = stream.peer_addr();
                if let Err(error) = answer(&settings, &identity, &sender, stream) {
                    tracing::debug!(
                        ?from,
                        error = format!("{error:#}"),
                        "a peer's question was not answered"
                    );
                }
                open.fetch_sub(1, Ordering::Relaxed);
            });
            drop(spawned);
        }
    })?;
    Ok(receiver)
}

fn answer(
    settings: &Settings,
    identity: &SharedIdentity,
    sender: &Sender<Incoming>,
    stream: TcpStream,
) -> anyhow::Result<()> {
    let timeout = settings.config.timeouts.peer.to_std();
    stream.set_read_timeout(Some(timeout))?;
    stream.set_write_timeout(Some(timeout))?;
    let config = identity
        .read()
        .map_err(|_| anyhow::anyhow!("no identity"))?
        .server
        .clone();
    let mut stream = StreamOwned::new(ServerConnection::new(config)?, stream);
    let question: Question = wire::receive(&mut stream)?;
    let refusal = check(settings, &question, &stream.conn)
        .err()
        .map(|error| format!("{error:#}"));
    let answer = if let Some(reason) = refusal {
        tracing::warn!(reason, "refused a keeper");
        Answer::None { reason }
    } else {
        let (reply, replied) = channel();
        sender.send(Incoming {
            message: question.envelope,
            reply,
        })?;
        match replied.recv_timeout(timeout) {
            Ok(envelope) => Answer::Envelope { envelope },
            Err(_) => Answer::None {
                reason: "still finding out what is on its volume".into(),
            },
        }
    };
    wire::send(&mut stream, &answer)?;
    stream.conn.send_close_notify();
    stream.conn.complete_io(&mut stream.sock)?;
    Ok(())
}

/// Only a member of this very generation is listened to, and only under its own name.
fn check(settings: &Settings, question: &Question, conn: &ServerConnection) -> anyhow::Result<()> {
    let config = &settings.config;
    ensure!(
        question.cluster == config.cluster && question.generation == config.generation,
        "a member of generation {} of `{}` asks a member of generation {} of `{}`: these are different databases",
        question.generation,
        question.cluster,
        config.generation,
        config.cluster
    );
    let names: Vec<&str> = config.members.iter().map(|m| m.name.as_str()).collect();
    ensure!(
        question.members.iter().map(String::as_str).eq(names.iter().copied()),
        "the lists of members differ: theirs is {}, and ours {}",
        question.members.join(", "),
        names.join(", ")
    );
    let member = config
        .members
        .get(usize::from(question.envelope.from))
        .context("not a member")?;
    let certificate = conn
        .peer_certificates()
        .and_then(<[_]>::first)
        .context("no certificate")?;
    let name = ServerName::try_from(member.host.as_str())?;
    rustls::client::verify_server_name(&ParsedCertificate::try_from(certificate)?, &name)
        .with_context(|| format!("the certificate is not one of {}", member.host))
}
