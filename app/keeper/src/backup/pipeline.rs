//! A stream in, sealed segments in the bucket out: compress, cut, sign and encrypt, send; all at once, in bounded memory.
//!
//! ```text
//! source ─ zstd ─┬─ segment n   ─ seal ─ parts ─┐
//!                └─ segment n+1 ─ seal ─ parts ─┴─ uploads
//! ```
//! A segment is sealed while it is still being filled, and two of them are under way at a time, so no segment is ever
//! held whole: what is held is [`QUEUED`] bytes of compressed data and a few parts.

use std::io::{self, Read, Write};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use anyhow::{Context as _, anyhow, bail};
use galeno_contract::backup::Stream;
use sha2::{Digest as _, Sha256};

use crate::catalog::{Segment, StoredStream};
use crate::openpgp::{Recipients, Signer};
use crate::run::Run;
use crate::store::{Bucket, Multipart, Part, StoreError};
use crate::text::hex;

/// Compressed bytes that may wait to be sealed, all segments together.
const QUEUED: usize = 64 << 20;
const CHUNK: usize = 1 << 20;

/// Where sealed segments go, and with which keys.
pub(crate) struct Sealing<'a> {
    pub(crate) bucket: &'a Bucket,
    pub(crate) signer: &'a Signer,
    pub(crate) recipients: &'a Recipients,
    pub(crate) settings: &'a Stream,
    pub(crate) run: &'a Run,
    /// Key of the folder, ending in `/`.
    pub(crate) folder: String,
    /// What the folder is called inside the messages, ending in `/`.
    pub(crate) title: String,
}

/// One segment being filled.
struct Job {
    index: usize,
    chunks: Receiver<Vec<u8>>,
}

/// One part on its way.
struct Upload<'b> {
    multipart: Arc<Multipart<'b>>,
    number: u32,
    body: Vec<u8>,
    reply: Sender<Result<Part, StoreError>>,
}

impl<'b> Sealing<'b> {
    /// Stores everything that `source` gives. On failure, uploads that were begun are aborted; segments that were
    /// finished stay for [`Sealing::discard`].
    pub(crate) fn store(&self, stream: &str, source: impl Read) -> anyhow::Result<StoredStream> {
        let workers = workers(self.settings.workers);
        let failed = AtomicBool::new(false);
        thread::scope(|scope| {
            let (uploads, upload_queue) = sync_channel::<Upload<'_>>(1);
            let upload_queue = Arc::new(Mutex::new(upload_queue));
            for _ in 0..self.settings.uploads.max(1) {
                let queue = Arc::clone(&upload_queue);
                scope.spawn(move || send_parts(&queue));
            }
            drop(upload_queue);
            let failed = &failed;
            let (jobs, job_queue) = sync_channel::<Job>(0);
            let job_queue = Arc::new(Mutex::new(job_queue));
            let sealers: Vec<_> = (0..workers)
                .map(|_| {
                    let (queue, uploads) = (Arc::clone(&job_queue), uploads.clone());
                    scope.spawn(move || {
                        let sealed = self.seal_segments(stream, &queue, &uploads);
                        failed.fetch_or(sealed.is_err(), Ordering::Relaxed);
                        sealed
                    })
                })
                .collect();
            drop((job_queue, uploads));
            let cut = self.compress(source, jobs, workers, failed);
            let mut segments = Vec::new();
            let mut failure = None;
            for sealer in sealers {
                match sealer.join() {
                    Ok(Ok(mut done)) => segments.append(&mut done),
                    Ok(Err(error)) => failure = failure.or(Some(error)),
                    Err(_) => failure = failure.or(Some(anyhow!("a worker died: this is a bug of the keeper"))),
                }
            }
            // A worker's failure breaks the pipe that the reader writes to: the worker knows why.
            if let Some(failure) = failure {
                return Err(failure);
            }
            let bytes = cut?;
            segments.sort_by_key(|(index, _)| *index);
            let segments = segments.into_iter().map(|(_, segment)| segment).collect();
            Ok(StoredStream {
                compression: "zstd".to_owned(),
                bytes,
                segments,
            })
        })
    }

    /// Removes what a failed run left under the folder, as far as the credentials and object locks allow.
    pub(crate) fn discard(&self) {
        let removed = self
            .bucket
            .list(&self.folder)
            .and_then(|objects| objects.iter().try_for_each(|object| self.bucket.delete(&object.key)));
        if let Err(error) = removed {
            tracing::warn!(folder = %self.folder, %error, "remains of the failed run are left for `keeper prune`");
        }
    }

    fn compress(
        &self,
        mut source: impl Read,
        jobs: SyncSender<Job>,
        workers: usize,
        failed: &AtomicBool,
    ) -> anyhow::Result<u64> {
        let cutter = Cutter {
            jobs,
            current: None,
            chunk: Vec::with_capacity(CHUNK),
            filled: 0,
            next: 0,
            size: self.settings.segment_mebibytes.max(1) as usize * CHUNK,
            depth: (QUEUED / CHUNK / workers).max(1),
        };
        let mut encoder = zstd::Encoder::new(cutter, i32::from(self.settings.compression_level))?;
        encoder.include_checksum(true)?;
        encoder.multithread(u32::try_from(workers).unwrap_or(1))?;
        let mut buffer = vec![0; 256 * 1024];
        let mut bytes = 0;
        loop {
            self.run.check()?;
            if failed.load(Ordering::Relaxed) {
                bail!("sealing or sending has failed");
            }
            let count = source.read(&mut buffer).context("cannot read the stream")?;
            if count == 0 {
                break;
            }
            encoder
                .write_all(&buffer[..count])
                .context("cannot compress the stream")?;
            bytes += count as u64;
        }
        encoder
            .finish()
            .and_then(Cutter::finish)
            .context("cannot compress the stream")?;
        Ok(bytes)
    }

    fn seal_segments(
        &self,
        stream: &str,
        queue: &Mutex<Receiver<Job>>,
        uploads: &SyncSender<Upload<'b>>,
    ) -> anyhow::Result<Vec<(usize, Segment)>> {
        let mut done = Vec::new();
        loop {
            let job = queue.lock().unwrap_or_else(PoisonError::into_inner).recv();
            let Ok(job) = job else { return Ok(done) };
            let index = job.index;
            done.push((index, self.seal_segment(stream, job, uploads)?));
        }
    }

    fn seal_segment(&self, stream: &str, job: Job, uploads: &SyncSender<Upload<'b>>) -> anyhow::Result<Segment> {
        let name = format!("{stream}/{:06}.pgp", job.index);
        let mut sink = PartWriter::begin(self, &name, uploads)?;
        let mut source = ChunkReader {
            chunks: job.chunks,
            current: Vec::new(),
            at: 0,
            total: 0,
        };
        let sealed = self.signer.seal(
            &format!("{}{name}", self.title),
            self.recipients,
            &mut source,
            &mut sink,
        );
        match (sealed, sink.failure.take()) {
            (_, Some(error)) => return Err(error.into()),
            (Err(error), None) => return Err(error.into()),
            (Ok(()), None) => {}
        }
        let (size, sha256) = sink.finish()?;
        Ok(Segment {
            name,
            size,
            sha256: hex(&sha256),
            content: source.total,
        })
    }
}

/// As many as there are processors, between one and four, unless the configuration says.
fn workers(configured: u8) -> usize {
    match configured {
        0 => thread::available_parallelism().map_or(2, usize::from).clamp(2, 4),
        set => usize::from(set),
    }
}

fn send_parts(queue: &Mutex<Receiver<Upload<'_>>>) {
    loop {
        let upload = queue.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(Upload {
            multipart,
            number,
            body,
            reply,
        }) = upload
        else {
            return;
        };
        let sent = multipart.send(number, &body);
        // The one who asked may have failed for another reason meanwhile. The multipart goes first, so that who
        // receives the last reply holds the only one.
        drop((multipart, body));
        let _ = reply.send(sent);
    }
}

/// Cuts what is written into segments and hands them out in chunks.
struct Cutter {
    jobs: SyncSender<Job>,
    current: Option<SyncSender<Vec<u8>>>,
    chunk: Vec<u8>,
    /// Bytes in the current segment, with those of the chunk.
    filled: usize,
    next: usize,
    size: usize,
    depth: usize,
}

fn gone<T>(_: T) -> io::Error {
    io::Error::new(io::ErrorKind::BrokenPipe, "sealing or sending has failed")
}

impl Cutter {
    fn pass_on(&mut self) -> io::Result<()> {
        if self.chunk.is_empty() {
            return Ok(());
        }
        let chunk = std::mem::replace(&mut self.chunk, Vec::with_capacity(CHUNK));
        let current = if let Some(current) = &self.current {
            current
        } else {
            let (sender, chunks) = sync_channel(self.depth);
            self.jobs
                .send(Job {
                    index: self.next,
                    chunks,
                })
                .map_err(gone)?;
            self.next += 1;
            self.current.insert(sender)
        };
        current.send(chunk).map_err(gone)?;
        if self.filled >= self.size {
            self.current = None;
            self.filled = 0;
        }
        Ok(())
    }

    fn finish(mut self) -> io::Result<()> {
        self.pass_on()
    }
}

impl Write for Cutter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let room = (CHUNK - self.chunk.len()).min(self.size - self.filled);
        let count = room.min(bytes.len());
        self.chunk.extend_from_slice(&bytes[..count]);
        self.filled += count;
        if self.chunk.len() == CHUNK || self.filled == self.size {
            self.pass_on()?;
        }
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A segment's content, as it comes.
struct ChunkReader {
    chunks: Receiver<Vec<u8>>,
    current: Vec<u8>,
    at: usize,
    total: u64,
}

impl Read for ChunkReader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.at == self.current.len() {
            match self.chunks.recv() {
                Ok(chunk) => (self.current, self.at) = (chunk, 0),
                Err(_) => return Ok(0),
            }
        }
        let count = buffer.len().min(self.current.len() - self.at);
        buffer[..count].copy_from_slice(&self.current[self.at..self.at + count]);
        self.at += count;
        self.total += count as u64;
        Ok(count)
    }
}

/// Cuts an object into parts and has them sent.
struct PartWriter<'a, 'b> {
    multipart: Arc<Multipart<'b>>,
    uploads: &'a SyncSender<Upload<'b>>,
    reply: Sender<Result<Part, StoreError>>,
    replies: Receiver<Result<Part, StoreError>>,
    part: Vec<u8>,
    part_size: usize,
    sent: u32,
    parts: Vec<Part>,
    hasher: Sha256,
    size: u64,
    failure: Option<StoreError>,
}

impl<'a, 'b> PartWriter<'a, 'b> {
    fn begin(sealing: &Sealing<'b>, name: &str, uploads: &'a SyncSender<Upload<'b>>) -> Result<Self, StoreError> {
        let multipart = sealing.bucket.multipart(&format!("{}{name}", sealing.folder))?;
        let (reply, replies) = channel();
        let part_size = sealing.settings.part_mebibytes.max(5) as usize * CHUNK;
        Ok(Self {
            multipart: Arc::new(multipart),
            uploads,
            reply,
            replies,
            part: Vec::with_capacity(part_size),
            part_size,
            sent: 0,
            parts: Vec::new(),
            hasher: Sha256::new(),
            size: 0,
            failure: None,
        })
    }

    fn dispatch(&mut self) -> io::Result<()> {
        while let Ok(reply) = self.replies.try_recv() {
            self.take(reply)?;
        }
        self.sent += 1;
        let body = std::mem::replace(&mut self.part, Vec::with_capacity(self.part_size));
        let (multipart, reply) = (Arc::clone(&self.multipart), self.reply.clone());
        self.uploads
            .send(Upload {
                multipart,
                number: self.sent,
                body,
                reply,
            })
            .map_err(gone)
    }

    fn take(&mut self, reply: Result<Part, StoreError>) -> io::Result<()> {
        match reply {
            Ok(part) => self.parts.push(part),
            Err(error) => {
                self.failure.get_or_insert(error);
                return Err(io::Error::other("sending has failed"));
            }
        }
        Ok(())
    }

    fn finish(mut self) -> anyhow::Result<(u64, [u8; 32])> {
        let sent = if self.part.is_empty() { Ok(()) } else { self.dispatch() };
        let collected = sent.and_then(|()| {
            while self.parts.len() < self.sent as usize {
                let reply = self.replies.recv().map_err(gone)?;
                self.take(reply)?;
            }
            Ok(())
        });
        if let Some(error) = self.failure {
            return Err(error.into());
        }
        collected?;
        let sha256 = self.hasher.finalize().into();
        let multipart = Arc::into_inner(self.multipart).ok_or_else(|| anyhow!("a part is still on its way"))?;
        multipart.complete(self.parts, self.size, &sha256)?;
        Ok((self.size, sha256))
    }
}

impl Write for PartWriter<'_, '_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let count = bytes.len().min(self.part_size - self.part.len());
        self.part.extend_from_slice(&bytes[..count]);
        self.hasher.update(&bytes[..count]);
        self.size += count as u64;
        if self.part.len() == self.part_size {
            self.dispatch()?;
        }
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
