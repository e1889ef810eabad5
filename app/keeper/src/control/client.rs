//! The asking side: one thread for each peer, so that one that hangs, or whose name resolves slowly, holds up nobody.

use std::net::{IpAddr, SocketAddr, TcpStream, ToSocketAddrs as _};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;
use std::time::Instant;

use anyhow::{Context as _, bail};
use rustls::pki_types::ServerName;
use rustls::{ClientConnection, StreamOwned};

use super::tls::SharedIdentity;
use super::wire::{self, Answer, Question};
use crate::agreement::{Envelope, Ordinal};
use crate::node::Settings;

/// How an exchange with a peer ended.
#[derive(Debug)]
pub(crate) struct PeerAnswer {
    pub(crate) peer: Ordinal,
    pub(crate) outcome: Result<Envelope, String>,
}

/// The threads that ask.
#[derive(Debug)]
pub(crate) struct Peers {
    /// By ordinal; the own place is empty.
    questions: Vec<Option<Sender<Envelope>>>,
    /// Questions that have not come back yet, by ordinal.
    pending: Vec<usize>,
    answers: Receiver<PeerAnswer>,
}

impl Peers {
    pub(crate) fn new(settings: &Arc<Settings>, identity: &SharedIdentity) -> anyhow::Result<Self> {
        let (sender, answers) = channel();
        let mut questions = Vec::new();
        for peer in 0..settings.members() {
            if peer == settings.me {
                questions.push(None);
                continue;
            }
            let (question, asked) = channel::<Envelope>();
            let (settings, identity, sender) = (settings.clone(), identity.clone(), sender.clone());
            thread::Builder::new().name(format!("peer-{peer}")).spawn(move || {
                for message in asked {
                    let outcome = exchange(&settings, &identity, message).map_err(|error| format!("{error:#}"));
                    if sender.send(PeerAnswer { peer, outcome }).is_err() {
                        return;
                    }
                }
            })?;
            questions.push(Some(question));
        }
        let pending = vec![0; questions.len()];
        Ok(Self {
            questions,
            pending,
            answers,
        })
    }

    /// Whether a question to this peer is still under way.
    pub(crate) fn is_busy(&self, peer: Ordinal) -> bool {
        self.pending.get(usize::from(peer)).is_some_and(|pending| *pending > 0)
    }

    /// Asks; the answer comes by [`Peers::next`].
    pub(crate) fn ask(&mut self, message: Envelope) {
        let to = usize::from(message.to);
        if let (Some(Some(question)), Some(pending)) = (self.questions.get(to), self.pending.get_mut(to))
            && question.send(message).is_ok()
        {
            *pending += 1;
        }
    }

    /// The next exchange that has ended.
    pub(crate) fn next(&mut self) -> Option<PeerAnswer> {
        let answer = self.answers.try_recv().ok()?;
        if let Some(pending) = self.pending.get_mut(usize::from(answer.peer)) {
            *pending = pending.saturating_sub(1);
        }
        Some(answer)
    }
}

fn exchange(settings: &Settings, identity: &SharedIdentity, envelope: Envelope) -> anyhow::Result<Envelope> {
    let config = &settings.config;
    let peer = config.members.get(usize::from(envelope.to)).context("no such member")?;
    let mut stream = connect(settings, &peer.host)?;
    let tls = identity
        .read()
        .map_err(|_| anyhow::anyhow!("no identity"))?
        .client
        .clone();
    let name = ServerName::try_from(peer.host.clone())?;
    let mut stream = StreamOwned::new(ClientConnection::new(tls, name)?, &mut stream);
    let question = Question {
        cluster: config.cluster.clone(),
        generation: config.generation,
        members: config.members.iter().map(|m| m.name.clone()).collect(),
        envelope,
    };
    wire::send(&mut stream, &question).context("cannot ask")?;
    match wire::receive(&mut stream).context("no answer")? {
        Answer::Envelope { envelope } => Ok(envelope),
        Answer::None { reason } => bail!("{reason}"),
    }
}

fn connect(settings: &Settings, host: &str) -> anyhow::Result<TcpStream> {
    let timeout = settings.config.timeouts.peer.to_std();
    let addresses: Vec<SocketAddr> = (host, settings.config.ports.control)
        .to_socket_addrs()
        .with_context(|| format!("cannot resolve {host}"))?
        .collect();
    let deadline = Instant::now() + timeout;
    let mut last = anyhow::anyhow!("{host} has no address");
    for address in addresses {
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            break;
        }
        match TcpStream::connect_timeout(&address, left) {
            Ok(stream) => {
                stream.set_read_timeout(Some(timeout))?;
                stream.set_write_timeout(Some(timeout))?;
                stream.set_nodelay(true)?;
                return Ok(stream);
            }
            Err(error) => last = anyhow::Error::new(error).context(format!("cannot connect to {host} at {address}")),
        }
    }
    Err(last)
}

/// The address that peers reach this member at.
pub(crate) fn own_address(settings: &Settings, environment: Option<&str>) -> anyhow::Result<IpAddr> {
    if let Some(text) = settings.config.address.as_deref().or(environment) {
        return text.parse().with_context(|| format!("`{text}` is not an IP address"));
    }
    let member = settings
        .config
        .members
        .get(usize::from(settings.me))
        .context("no such member")?;
    let found = (member.host.as_str(), settings.config.ports.control)
        .to_socket_addrs()
        .with_context(|| format!("cannot resolve {}, this member's own name", member.host))?
        .next();
    found
        .map(|address| address.ip())
        .with_context(|| format!("{} has no address", member.host))
}
