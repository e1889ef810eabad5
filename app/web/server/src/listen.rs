//! Listening, and stopping without losing a request.

use std::{convert::Infallible, net::SocketAddr, sync::Arc, time::Duration};

use anyhow::{Context, Result};
use hyper::{Request, body::Incoming, service::service_fn};
use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    server::{
        conn::auto::Builder,
        graceful::{GracefulShutdown, Watcher},
    },
};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpListener,
    sync::{OwnedSemaphorePermit, Semaphore, watch},
    time::timeout,
};
use tokio_rustls::TlsAcceptor;

use crate::{answer::Answer, tls::Tls};

/// Time for a client to finish the handshake, or to send its request's headers.
const PATIENCE: Duration = Duration::from_secs(10);
/// Open connections; more wait in the kernel.
const CONNECTIONS: usize = 1024;

/// Opens a port.
pub(crate) async fn bind(address: SocketAddr) -> Result<TcpListener> {
    TcpListener::bind(address)
        .await
        .with_context(|| format!("cannot listen on {address}"))
}

/// Serves until `stopped` changes, then lets the requests in flight finish.
pub(crate) async fn serve<A>(
    listener: TcpListener,
    tls: Option<Tls>,
    mut stopped: watch::Receiver<bool>,
    drain: Duration,
    answer: A,
) where
    A: Fn(Request<Incoming>) -> Answer + Send + Sync + 'static,
{
    let answer = Arc::new(answer);
    let graceful = GracefulShutdown::new();
    let places = Arc::new(Semaphore::new(CONNECTIONS));
    let mut builder = Builder::new(TokioExecutor::new());
    builder.http1().timer(TokioTimer::new()).header_read_timeout(PATIENCE);
    builder.http2().timer(TokioTimer::new()).max_concurrent_streams(100);
    loop {
        let Ok(place) = places.clone().acquire_owned().await else {
            break;
        };
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            _ = stopped.changed() => break,
        };
        let Ok((stream, _)) = accepted else {
            // Out of file descriptors, most likely: give connections time to end.
            tokio::time::sleep(Duration::from_millis(50)).await;
            continue;
        };
        let _ = stream.set_nodelay(true);
        let (builder, watcher, answer) = (builder.clone(), graceful.watcher(), answer.clone());
        match &tls {
            None => {
                tokio::spawn(connection(builder, watcher, stream, answer, place));
            }
            Some(tls) => {
                let acceptor = TlsAcceptor::from(tls.config());
                tokio::spawn(async move {
                    if let Ok(Ok(stream)) = timeout(PATIENCE, acceptor.accept(stream)).await {
                        connection(builder, watcher, stream, answer, place).await;
                    }
                });
            }
        }
    }
    drop(listener);
    let _ = timeout(drain, graceful.shutdown()).await;
}

async fn connection<S, A>(
    builder: Builder<TokioExecutor>,
    watcher: Watcher,
    stream: S,
    answer: Arc<A>,
    place: OwnedSemaphorePermit,
) where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    A: Fn(Request<Incoming>) -> Answer + Send + Sync + 'static,
{
    let service = service_fn(move |request| {
        let answer = answer(request);
        async move { Ok::<_, Infallible>(answer) }
    });
    let connection = builder.serve_connection(TokioIo::new(stream), service).into_owned();
    // Errors here are of the connection: a client that went away, or no HTTP.
    let _ = watcher.watch(connection).await;
    drop(place);
}
