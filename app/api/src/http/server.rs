//! Listening, and stopping without losing a request.

use std::{
    convert::Infallible,
    net::SocketAddr,
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use anyhow::{Context, Result, bail};
use axum::{Router, body::Body, http::Request};
use galeno_contract::api::Limits;
use hyper::body::Incoming;
use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    server::{conn::auto::Builder, graceful::GracefulShutdown},
};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpListener, TcpStream},
    sync::{OwnedSemaphorePermit, Semaphore, watch},
};
use tokio_rustls::TlsAcceptor;
use tower::ServiceExt;

use super::{health, layers::Peer, router::service, tls::Tls};
use crate::app::App;

/// The API while it runs.
pub struct Running {
    /// Where it listens; the port is the real one when 0 was asked for.
    pub address: SocketAddr,
    /// Where the management port listens.
    pub management: SocketAddr,
    stop: watch::Sender<bool>,
    tasks: Vec<tokio::task::JoinHandle<()>>,
    app: Arc<App>,
}

/// Opens the ports and serves until told to stop.
pub async fn serve(app: Arc<App>) -> Result<Running> {
    let server = &app.config.server;
    if server.tls.is_none() && !server.listen.ip().is_loopback() {
        bail!(
            "server.tls is missing; without it the API listens on a loopback address only, and {} is none",
            server.listen
        );
    }
    let tls = server.tls.as_ref().map(Tls::read).transpose().context("server.tls")?;
    let public = TcpListener::bind(server.listen)
        .await
        .with_context(|| format!("cannot listen on {}", server.listen))?;
    let management = TcpListener::bind(server.management_listen)
        .await
        .with_context(|| format!("cannot listen on {}", server.management_listen))?;
    let (address, management_address) = (public.local_addr()?, management.local_addr()?);
    let (stop, stopped) = watch::channel(false);
    let mut tasks = Vec::new();
    if let Some(tls) = &tls {
        tasks.push(tokio::spawn(tls.clone().watch(Duration::from_secs(2))));
    }
    let limits = app.config.limits.clone();
    let watchers = tasks.len();
    tasks.push(tokio::spawn(listen(
        public,
        tls,
        service(app.clone()),
        limits.clone(),
        stopped.clone(),
        app.config.server.drain_timeout.to_std(),
    )));
    tasks.push(tokio::spawn(listen(
        management,
        None,
        health::router(app.clone()),
        limits,
        stopped,
        Duration::from_secs(1),
    )));
    tasks.rotate_left(watchers);
    Ok(Running {
        address,
        management: management_address,
        stop,
        tasks,
        app,
    })
}

impl Running {
    /// Says not ready, waits until balancers have noticed, then lets the requests in flight finish.
    pub async fn stop(self) {
        self.app.draining.store(true, Ordering::SeqCst);
        tokio::time::sleep(self.app.config.server.drain_delay.to_std()).await;
        let _ = self.stop.send(true);
        let mut tasks = self.tasks.into_iter();
        for listener in tasks.by_ref().take(2) {
            let _ = listener.await;
        }
        for watcher in tasks {
            watcher.abort();
        }
        self.app.cluster.close().await;
        let app = self.app;
        let _ = tokio::task::spawn_blocking(move || app.traces.end()).await;
    }
}

async fn listen(
    listener: TcpListener,
    tls: Option<Tls>,
    router: Router,
    limits: Limits,
    mut stopped: watch::Receiver<bool>,
    drain: Duration,
) {
    let graceful = GracefulShutdown::new();
    let places = Arc::new(Semaphore::new(limits.connections as usize));
    let builder = builder(&limits);
    loop {
        let Ok(place) = places.clone().acquire_owned().await else {
            break;
        };
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            _ = stopped.changed() => break,
        };
        let Ok((stream, peer)) = accepted else {
            // Out of file descriptors, most likely: give connections time to end.
            tokio::time::sleep(Duration::from_millis(50)).await;
            continue;
        };
        let _ = stream.set_nodelay(true);
        let watcher = graceful.watcher();
        let (builder, router) = (builder.clone(), router.clone());
        let handshake = limits.header_timeout.to_std();
        match &tls {
            None => {
                tokio::spawn(connection(builder, watcher, stream, peer, router, place));
            }
            Some(tls) => {
                let acceptor = TlsAcceptor::from(tls.config());
                tokio::spawn(async move {
                    if let Ok(Ok(stream)) = tokio::time::timeout(handshake, acceptor.accept::<TcpStream>(stream)).await
                    {
                        connection(builder, watcher, stream, peer, router, place).await;
                    }
                });
            }
        }
    }
    drop(listener);
    let _ = tokio::time::timeout(drain, graceful.shutdown()).await;
}

fn builder(limits: &Limits) -> Builder<TokioExecutor> {
    let header_bytes = limits.header_bytes.max(8192);
    let mut builder = Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(limits.header_timeout.to_std())
        .max_buf_size(header_bytes as usize)
        .max_headers(100);
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_header_list_size(header_bytes)
        .max_concurrent_streams(100)
        .keep_alive_interval(Duration::from_secs(20))
        .keep_alive_timeout(Duration::from_secs(10));
    builder
}

async fn connection<S>(
    builder: Builder<TokioExecutor>,
    watcher: hyper_util::server::graceful::Watcher,
    stream: S,
    peer: SocketAddr,
    router: Router,
    place: OwnedSemaphorePermit,
) where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let service = hyper::service::service_fn(move |request: Request<Incoming>| {
        let router = router.clone();
        async move {
            let mut request = request.map(Body::new);
            request.extensions_mut().insert(Peer(peer.ip()));
            Ok::<_, Infallible>(match router.oneshot(request).await {
                Ok(response) => response,
                Err(never) => match never {},
            })
        }
    });
    let connection = builder.serve_connection(TokioIo::new(stream), service).into_owned();
    // Errors here are of the connection: a client that went away, or no HTTP. The request layer logs requests.
    let _ = watcher.watch(connection).await;
    drop(place);
}
