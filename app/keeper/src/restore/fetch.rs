//! Sealed segments in, one verified stream out.
//!
//! Several segments are fetched and opened at a time, each wholly in memory; each is handed on, in order, only when its
//! checksum, its signature, its signer and its place are right. So no unverified byte ever leaves this module.

use std::collections::VecDeque;
use std::io::{self, Read};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;

use anyhow::{Context as _, anyhow, bail};
use sha2::{Digest as _, Sha256};

use crate::catalog::{Segment, StoredStream};
use crate::openpgp::{Decryptor, Trusted};
use crate::run::Run;
use crate::store::Bucket;
use crate::text::hex;

/// A segment larger than this is none of ours: it would not fit in memory.
const LARGEST: u64 = 160 << 20;

/// Where sealed segments come from, and with which keys they open.
pub(crate) struct Opening<'a> {
    pub(crate) bucket: &'a Bucket,
    pub(crate) decryptor: &'a Decryptor,
    pub(crate) trusted: &'a Trusted,
    pub(crate) run: &'a Run,
    /// Key of the folder, ending in `/`.
    pub(crate) folder: String,
    /// What the folder is called inside the messages, ending in `/`.
    pub(crate) title: String,
    /// Segments that are fetched and opened at the same time.
    pub(crate) workers: usize,
}

impl Opening<'_> {
    /// Lets `consume` read the decompressed stream. Returns what it returned, if everything was verified to the end.
    pub(crate) fn read<T>(
        &self,
        stream: &StoredStream,
        consume: impl FnOnce(&mut dyn Read) -> anyhow::Result<T>,
    ) -> anyhow::Result<T> {
        let workers = self.workers.clamp(1, stream.segments.len().max(1));
        let failed = AtomicBool::new(false);
        thread::scope(|scope| {
            let mut opened = Vec::new();
            let openers: Vec<_> = (0..workers)
                .map(|worker| {
                    let (sender, receiver) = sync_channel(0);
                    opened.push(receiver);
                    let failed = &failed;
                    scope.spawn(move || {
                        let done = self.open_every(stream, worker, workers, &sender, failed);
                        failed.fetch_or(done.is_err(), Ordering::Relaxed);
                        done
                    })
                })
                .collect();
            let reader = InOrder {
                opened,
                next: 0,
                count: stream.segments.len(),
                current: Vec::new(),
                at: 0,
            };
            let consumed = decompress(reader, stream.bytes, consume);
            let mut failure = None;
            for opener in openers {
                match opener.join() {
                    Ok(Ok(())) => {}
                    Ok(Err(error)) => failure = failure.or(Some(error)),
                    Err(_) => failure = failure.or(Some(anyhow!("a worker died: this is a bug of the keeper"))),
                }
            }
            match failure {
                Some(error) => Err(error),
                None => consumed,
            }
        })
    }

    fn open_every(
        &self,
        stream: &StoredStream,
        first: usize,
        step: usize,
        sender: &SyncSender<Vec<u8>>,
        failed: &AtomicBool,
    ) -> anyhow::Result<()> {
        for segment in stream.segments.iter().skip(first).step_by(step) {
            if failed.load(Ordering::Relaxed) {
                return Ok(());
            }
            self.run.check()?;
            let content = self.open(segment)?;
            if sender.send(content).is_err() {
                // The consumer has stopped; it knows why.
                return Ok(());
            }
        }
        Ok(())
    }

    /// Fetches one segment and checks everything about it.
    pub(crate) fn open(&self, segment: &Segment) -> anyhow::Result<Vec<u8>> {
        let key = format!("{}{}", self.folder, segment.name);
        if segment.size > LARGEST || segment.content > LARGEST {
            bail!(
                "`{key}` is said to have {} bytes: no segment is that large",
                segment.size
            );
        }
        let message = self.fetch(&key, segment)?;
        let limit = usize::try_from(segment.content)?;
        let opened = self.decryptor.open(&format!("`{key}`"), message, limit, self.trusted)?;
        let place = format!("{}{}", self.title, segment.name);
        if opened.place != place {
            let (what, found) = (format!("`{key}`"), opened.place);
            return Err(crate::openpgp::PgpError::Misplaced { what, found }.into());
        }
        if opened.data.len() != limit {
            bail!(
                "`{key}` holds {} bytes, and its manifest says {limit}",
                opened.data.len()
            );
        }
        Ok(opened.data)
    }

    /// The ciphertext, whose checksum is right. It is kept in pieces, each freed as soon as it is decrypted.
    fn fetch(&self, key: &str, segment: &Segment) -> anyhow::Result<Pieces> {
        let mut pieces = Pieces {
            pieces: VecDeque::new(),
            at: 0,
        };
        let mut hasher = Sha256::new();
        let mut size = 0u64;
        self.bucket.stream(key, |chunk| {
            size += chunk.len() as u64;
            if size > segment.size {
                return Err(format!(
                    "`{key}` is longer than the {} bytes of its manifest",
                    segment.size
                ));
            }
            hasher.update(chunk);
            pieces.pieces.push_back(chunk.to_vec());
            self.run.check().map_err(|error| error.to_string())
        })?;
        if size != segment.size {
            bail!("`{key}` is cut off: {size} bytes of {}", segment.size);
        }
        if hex(&hasher.finalize()) != segment.sha256 {
            bail!("`{key}` was changed: its SHA-256 is not that of the signed manifest");
        }
        Ok(pieces)
    }
}

fn decompress<T>(
    reader: InOrder,
    bytes: u64,
    consume: impl FnOnce(&mut dyn Read) -> anyhow::Result<T>,
) -> anyhow::Result<T> {
    let mut decoder = zstd::Decoder::new(reader).context("cannot decompress the stream")?;
    let mut counted = Counted {
        inner: &mut decoder,
        count: 0,
    };
    let value = consume(&mut counted)?;
    io::copy(&mut counted, &mut io::sink()).context("cannot read the stream to its end")?;
    if counted.count != bytes {
        bail!("the stream has {} bytes, and its manifest says {bytes}", counted.count);
    }
    Ok(value)
}

struct Counted<R> {
    inner: R,
    count: u64,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buffer)?;
        self.count += count as u64;
        Ok(count)
    }
}

/// The opened segments one after the other: worker `n` opens segments `n`, `n + workers`, …
struct InOrder {
    opened: Vec<Receiver<Vec<u8>>>,
    next: usize,
    count: usize,
    current: Vec<u8>,
    at: usize,
}

impl Read for InOrder {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.at == self.current.len() {
            if self.next == self.count {
                return Ok(0);
            }
            // Freed before the next one is taken, so that one segment less is in memory.
            self.current = Vec::new();
            self.at = 0;
            self.current = self.opened[self.next % self.opened.len()]
                .recv()
                .map_err(|_| io::Error::new(io::ErrorKind::BrokenPipe, "a segment could not be opened"))?;
            self.next += 1;
        }
        let count = buffer.len().min(self.current.len() - self.at);
        buffer[..count].copy_from_slice(&self.current[self.at..self.at + count]);
        self.at += count;
        Ok(count)
    }
}

/// Bytes in pieces that are freed as they are read.
struct Pieces {
    pieces: VecDeque<Vec<u8>>,
    at: usize,
}

impl std::fmt::Debug for Pieces {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "Pieces({})", self.pieces.len())
    }
}

impl Read for Pieces {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let Some(front) = self.pieces.front() else { return Ok(0) };
        let count = buffer.len().min(front.len() - self.at);
        buffer[..count].copy_from_slice(&front[self.at..self.at + count]);
        self.at += count;
        if self.at == front.len() {
            self.pieces.pop_front();
            self.at = 0;
        }
        Ok(count)
    }
}
