//! Traces: one span for each request and one for each attempt at its transaction, sent to a collector by OTLP over HTTP.
//!
//! Spans hold methods, routes, states and the request's identifier, as the log does, and nothing about anybody. They are
//! sent in batches by a thread of their own; when the collector is away they are dropped, and requests do not wait.

use std::{
    future::Future,
    pin::Pin,
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use anyhow::{Context as _, Result, bail};
use axum::http::HeaderMap;
use http_body_util::{BodyExt, Full, Limited};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};
use opentelemetry::{
    Context, KeyValue,
    propagation::TextMapPropagator,
    trace::{SpanKind, Status, TraceContextExt, Tracer, TracerProvider},
};
use opentelemetry_http::{Bytes, HeaderExtractor, HttpClient, HttpError, Request, Response};
use opentelemetry_otlp::{Protocol, SpanExporter, WithExportConfig, WithHttpConfig};
use opentelemetry_sdk::{
    Resource,
    propagation::TraceContextPropagator,
    trace::{Sampler, SdkTracer, SdkTracerProvider},
};
use tokio::runtime::Handle;
use uuid::Uuid;

/// How long one delivery may take.
const PATIENCE: Duration = Duration::from_secs(5);

/// Where spans go; nowhere when no collector is configured.
pub struct Traces(Option<(SdkTracerProvider, SdkTracer)>);

/// The span of a request: travels with the request, so that attempts are its children.
#[derive(Clone)]
pub(crate) struct RequestSpan(Context);

impl Traces {
    /// Starts the thread that sends. `endpoint` is the collector's base address.
    pub fn start(endpoint: Option<&str>) -> Result<Self> {
        let Some(endpoint) = endpoint else {
            return Ok(Self(None));
        };
        if !endpoint.starts_with("http://") {
            bail!("{endpoint} is no address of a collector; it looks like http://collector:4318");
        }
        let exporter = SpanExporter::builder()
            .with_http()
            .with_http_client(Courier::new())
            .with_protocol(Protocol::HttpBinary)
            .with_endpoint(format!("{}/v1/traces", endpoint.trim_end_matches('/')))
            .with_timeout(PATIENCE)
            .build()
            .with_context(|| format!("cannot send traces to {endpoint}"))?;
        let resource = Resource::builder_empty()
            .with_attributes([
                KeyValue::new("service.name", "galeno-api"),
                KeyValue::new("service.version", env!("CARGO_PKG_VERSION")),
            ])
            .build();
        let provider = SdkTracerProvider::builder()
            .with_batch_exporter(exporter)
            // Each request is traced, whatever the caller says about its own trace.
            .with_sampler(Sampler::AlwaysOn)
            .with_resource(resource)
            .build();
        let tracer = provider.tracer("galeno-api");
        Ok(Self(Some((provider, tracer))))
    }

    /// The span of a request, under the caller's trace when it names one (`traceparent`).
    pub(super) fn request(&self, id: Uuid, method: &str, route: &str, headers: &HeaderMap) -> Option<RequestSpan> {
        let (_, tracer) = self.0.as_ref()?;
        let parent = TraceContextPropagator::new().extract_with_context(&Context::new(), &HeaderExtractor(headers));
        let span = tracer
            .span_builder(format!("{method} {route}"))
            .with_kind(SpanKind::Server)
            .with_attributes([
                KeyValue::new("http.request.method", method.to_owned()),
                KeyValue::new("http.route", route.to_owned()),
                KeyValue::new("galeno.request", id.to_string()),
            ])
            .start_with_context(tracer, &parent);
        Some(RequestSpan(Context::new().with_span(span)))
    }

    /// The span of one attempt at a request's transaction.
    pub(super) fn attempt(&self, request: Option<&RequestSpan>, number: u32) -> Option<RequestSpan> {
        let (_, tracer) = self.0.as_ref()?;
        let span = tracer
            .span_builder("attempt")
            .with_attributes([KeyValue::new("galeno.attempt", i64::from(number))])
            .start_with_context(tracer, &request?.0);
        Some(RequestSpan(Context::new().with_span(span)))
    }

    /// Sends what is still here. Blocks for some seconds at most.
    pub(super) fn end(&self) {
        if let Some((provider, _)) = &self.0 {
            let _ = provider.shutdown_with_timeout(PATIENCE);
        }
    }
}

impl RequestSpan {
    /// Ends the span as the answer did.
    pub(super) fn answered(&self, status: u16, problem: Option<&'static str>) {
        let span = self.0.span();
        span.set_attribute(KeyValue::new("http.response.status_code", i64::from(status)));
        if let Some(problem) = problem {
            span.set_attribute(KeyValue::new("error.type", problem));
        }
        if status >= 500 {
            span.set_status(Status::error(problem.unwrap_or("failed")));
        }
        span.end();
    }
}

/// Carries batches to the collector on the program's own runtime; the thread that batches has none.
#[derive(Debug)]
struct Courier {
    client: Client<HttpConnector, Full<Bytes>>,
    runtime: Handle,
    away: AtomicBool,
}

impl Courier {
    fn new() -> Self {
        Self {
            client: Client::builder(TokioExecutor::new()).build_http(),
            runtime: Handle::current(),
            away: AtomicBool::new(false),
        }
    }
}

impl HttpClient for Courier {
    fn send_bytes<'life, 'future>(
        &'life self,
        request: Request<Bytes>,
    ) -> Pin<Box<dyn Future<Output = Result<Response<Bytes>, HttpError>> + Send + 'future>>
    where
        'life: 'future,
        Self: 'future,
    {
        let client = self.client.clone();
        let sending = self.runtime.spawn(async move {
            let (parts, body) = request.into_parts();
            let exchange = async {
                let answer = client.request(Request::from_parts(parts, Full::new(body))).await?;
                let (parts, body) = answer.into_parts();
                let body = Limited::new(body, 64 * 1024).collect().await?.to_bytes();
                Ok::<_, HttpError>(Response::from_parts(parts, body))
            };
            tokio::time::timeout(PATIENCE, exchange).await?
        });
        Box::pin(async move {
            let answer = sending.await?;
            let away = !answer.as_ref().is_ok_and(|answer| answer.status().is_success());
            // Said once, and once more when it is over.
            if self.away.swap(away, Ordering::Relaxed) != away {
                if away {
                    tracing::warn!("the trace collector does not take traces; they are dropped meanwhile");
                } else {
                    tracing::info!("the trace collector takes traces again");
                }
            }
            answer
        })
    }
}
