//! Traces, as a collector receives them.

use std::{convert::Infallible, sync::Arc};

use http_body_util::{BodyExt, Full};
use hyper::{Request, Response, body::Bytes, service::service_fn};
use hyper_util::rt::TokioIo;
use opentelemetry_proto::tonic::{
    collector::trace::v1::ExportTraceServiceRequest,
    common::v1::{KeyValue, any_value::Value},
    trace::v1::Span,
};
use prost::Message;
use tokio::sync::mpsc;

use crate::support::World;

/// A collector: takes OTLP over HTTP and hands the spans out.
async fn collector() -> (String, mpsc::UnboundedReceiver<Span>) {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let (tell, spans) = mpsc::unbounded_channel();
    let tell = Arc::new(tell);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let tell = tell.clone();
            let service = service_fn(move |request: Request<hyper::body::Incoming>| {
                let tell = tell.clone();
                async move {
                    assert_eq!(request.uri().path(), "/v1/traces");
                    assert_eq!(request.headers()["content-type"], "application/x-protobuf");
                    let body = request.into_body().collect().await.unwrap().to_bytes();
                    let batch = ExportTraceServiceRequest::decode(body).unwrap();
                    for resource in batch.resource_spans {
                        let named = resource.resource.unwrap().attributes;
                        assert_eq!(text(&named, "service.name"), "galeno-api");
                        for scope in resource.scope_spans {
                            for span in scope.spans {
                                let _ = tell.send(span);
                            }
                        }
                    }
                    Ok::<_, Infallible>(Response::new(Full::new(Bytes::new())))
                }
            });
            let connection = hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service);
            tokio::spawn(connection);
        }
    });
    (address, spans)
}

fn text(attributes: &[KeyValue], key: &str) -> String {
    let found = attributes.iter().find(|attribute| attribute.key == key);
    match found.and_then(|attribute| attribute.value.clone()?.value) {
        Some(Value::StringValue(text)) => text,
        Some(Value::IntValue(number)) => number.to_string(),
        other => panic!("{key}: {other:?}"),
    }
}

#[tokio::test]
async fn each_request_and_each_attempt_is_a_span_and_says_nothing_about_anybody() {
    let (address, mut spans) = collector().await;
    let mut world = World::with(|config| config.telemetry.otlp_endpoint = Some(address)).await;
    let alfa = world.organization("alfa").await;
    let path = format!("/patients/{}?Secreto=1", alfa.patient);
    let caller = ("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01");
    let answer = alfa
        .receptionist()
        .send("GET", &path, &[caller], None)
        .await
        .expect(200);
    let request = answer.header("x-request-id").to_owned();
    alfa.physician()
        .get(&format!("/patients/{}/entries", alfa.patient))
        .await
        .expect(403);
    world.running.stop().await;
    let mut all = Vec::new();
    while let Ok(span) = spans.try_recv() {
        all.push(span);
    }
    let read = all
        .iter()
        .find(|span| span.kind == 2 && text(&span.attributes, "galeno.request") == request)
        .expect("the request's span");
    assert_eq!(read.name, "GET /api/v1/patients/{id}");
    assert_eq!(text(&read.attributes, "http.response.status_code"), "200");
    assert_eq!(
        read.trace_id,
        hex("0af7651916cd43dd8448eb211c80319c"),
        "it hangs under the caller's trace"
    );
    assert_eq!(read.parent_span_id, hex("b7ad6b7169203331"));
    let attempt = all
        .iter()
        .find(|span| span.parent_span_id == read.span_id)
        .expect("the attempt's span");
    assert_eq!(
        (
            attempt.name.as_str(),
            text(&attempt.attributes, "galeno.attempt").as_str()
        ),
        ("attempt", "1")
    );
    let refused = all
        .iter()
        .find(|span| span.kind == 2 && span.name.ends_with("/entries"))
        .unwrap();
    assert_eq!(text(&refused.attributes, "error.type"), "no-care-relation");
    let everything = format!("{all:?}");
    for trace in [
        alfa.patient.to_string().as_str(),
        "Secreto",
        "García",
        "Ana",
        "127.0.0.1",
    ] {
        assert!(!everything.contains(trace), "{trace}");
    }
}

fn hex(digits: &str) -> Vec<u8> {
    (0..digits.len() / 2)
        .map(|at| u8::from_str_radix(&digits[2 * at..2 * at + 2], 16).unwrap())
        .collect()
}

#[tokio::test]
async fn a_collector_that_is_away_disturbs_nobody() {
    let mut world = World::with(|config| config.telemetry.otlp_endpoint = Some("http://127.0.0.1:9".into())).await;
    let alfa = world.organization("alfa").await;
    alfa.receptionist()
        .get(&format!("/patients/{}", alfa.patient))
        .await
        .expect(200);
    world.running.stop().await;
}
