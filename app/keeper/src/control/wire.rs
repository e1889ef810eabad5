//! One message on the wire: its length as four bytes, then JSON.

use std::io::{self, Read, Write};

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::agreement::Envelope;

/// Far above any real message.
const LONGEST: u32 = 256 << 10;

/// A question. Who asks for another database gets no answer to it.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Question {
    pub(crate) cluster: String,
    pub(crate) generation: u32,
    /// The names of all members, in order: both sides must mean the same by an ordinal.
    pub(crate) members: Vec<String>,
    pub(crate) envelope: Envelope,
}

/// An answer.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", tag = "kind")]
pub(crate) enum Answer {
    /// The message in reply.
    #[serde(rename_all = "camelCase")]
    Envelope { envelope: Envelope },
    /// No reply, and why.
    #[serde(rename_all = "camelCase")]
    None { reason: String },
}

pub(crate) fn send<T: Serialize>(out: &mut impl Write, message: &T) -> io::Result<()> {
    let body = serde_json::to_vec(message)?;
    let length = u32::try_from(body.len())
        .ok()
        .filter(|l| *l <= LONGEST)
        .ok_or(io::ErrorKind::InvalidInput)?;
    let mut frame = length.to_be_bytes().to_vec();
    frame.extend(body);
    out.write_all(&frame)?;
    out.flush()
}

pub(crate) fn receive<T: DeserializeOwned>(input: &mut impl Read) -> io::Result<T> {
    let mut length = [0; 4];
    input.read_exact(&mut length)?;
    let length = u32::from_be_bytes(length);
    if length > LONGEST {
        return Err(io::Error::new(
            io::ErrorKind::InvalidData,
            format!("a message of {length} bytes"),
        ));
    }
    let mut body = vec![0; usize::try_from(length).unwrap_or(0)];
    input.read_exact(&mut body)?;
    Ok(serde_json::from_slice(&body)?)
}
