//! The talk between keepers: one question and one answer on a connection, over mutual TLS.

mod client;
mod server;
mod tls;
mod wire;

pub(crate) use client::{Peers, own_address};
pub(crate) use server::{Incoming, serve};
pub(crate) use tls::{Identity, SharedIdentity, probe_server};
