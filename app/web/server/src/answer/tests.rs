use std::sync::Arc;

use galeno_contract::web::WebConfig;
use http_body_util::BodyExt;
use hyper::{HeaderMap, Method, header::HeaderValue};

use super::{Answer, Answers};
use crate::{management::State, site::Site};

const PAGE: &str = "<!doctype html><link rel=\"stylesheet\" href=\"/assets/app-1a2b.css\">page";

fn answers() -> Answers {
    let directory = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| std::fs::write(directory.path().join(name), text).unwrap();
    std::fs::create_dir(directory.path().join("assets")).unwrap();
    write("index.html", PAGE);
    write("favicon.svg", "<svg/>");
    write("assets/app-1a2b.js", "plain");
    write("assets/app-1a2b.js.br", "brotli");
    write("assets/app-1a2b.js.gz", "gzip");
    let config: WebConfig = serde_json::from_str(
        r#"{"listen": "[::1]:0", "managementListen": "[::1]:0", "contentSecurityPolicy": "default-src 'none'",
            "browser": {"apiOrigin": "https://api.clinic.example", "languages": ["es", "en"]}}"#,
    )
    .unwrap();
    Answers::new(
        Site::read(directory.path()).unwrap(),
        &config,
        Arc::new(State::default()),
    )
    .unwrap()
}

fn ask(path: &str, headers: &[(&'static str, &'static str)]) -> Answer {
    let mut map = HeaderMap::new();
    for (name, value) in headers {
        map.insert(*name, HeaderValue::from_static(value));
    }
    answers().to(&Method::GET, path, &map)
}

fn header<'a>(answer: &'a Answer, name: &str) -> &'a str {
    answer.headers().get(name).map_or("", |value| value.to_str().unwrap())
}

async fn text(answer: Answer) -> String {
    let bytes = answer.into_body().collect().await.unwrap().to_bytes();
    String::from_utf8(bytes.to_vec()).unwrap()
}

#[tokio::test]
async fn every_address_of_the_application_is_the_page_and_is_never_kept() {
    for path in ["/", "/index.html", "/patients/0198/timeline"] {
        let answer = ask(path, &[]);
        assert_eq!(answer.status(), 200, "{path}");
        assert_eq!(header(&answer, "cache-control"), "no-store", "{path}");
        assert_eq!(
            header(&answer, "content-security-policy"),
            "default-src 'none'",
            "{path}"
        );
        assert_eq!(text(answer).await, PAGE, "{path}");
    }
}

#[tokio::test]
async fn a_file_that_is_named_by_its_content_is_kept_for_ever_in_the_best_encoding() {
    for (accepted, encoding, body) in [
        ("gzip, deflate, br", "br", "brotli"),
        ("gzip;q=0.5, br;q=0", "gzip", "gzip"),
        ("identity", "", "plain"),
    ] {
        let answer = ask("/assets/app-1a2b.js", &[("accept-encoding", accepted)]);
        assert_eq!(header(&answer, "cache-control"), "public, max-age=31536000, immutable");
        assert_eq!(header(&answer, "content-type"), "text/javascript; charset=utf-8");
        assert_eq!(header(&answer, "content-encoding"), encoding, "{accepted}");
        assert_eq!(header(&answer, "vary"), "accept-encoding");
        assert_eq!(text(answer).await, body, "{accepted}");
    }
}

#[tokio::test]
async fn a_file_that_is_gone_is_not_answered_with_a_page() {
    for path in ["/assets/app-old.js", "/robots.txt", "/..%2fetc/passwd.txt"] {
        assert_eq!(ask(path, &[]).status(), 404, "{path}");
    }
}

#[tokio::test]
async fn other_files_are_asked_for_again_and_answered_shortly() {
    let first = ask("/favicon.svg", &[]);
    assert_eq!(header(&first, "cache-control"), "no-cache");
    let tag: &'static str = Box::leak(header(&first, "etag").to_owned().into_boxed_str());
    let second = ask("/favicon.svg", &[("if-none-match", tag)]);
    assert_eq!(second.status(), 304);
    assert_eq!(text(second).await, "");
}

#[tokio::test]
async fn the_browser_is_told_of_its_environment() {
    let answer = ask("/config.json", &[]);
    assert_eq!(header(&answer, "cache-control"), "no-store");
    assert_eq!(
        text(answer).await,
        r#"{"apiOrigin":"https://api.clinic.example","languages":["es","en"]}"#
    );
}

#[tokio::test]
async fn on_behalf_of_a_program_that_is_away_people_get_a_page_and_programs_a_problem() {
    let path = "/.well-known/maintenance";
    let page = ask(path, &[("accept", "text/html,application/xhtml+xml")]);
    assert_eq!((page.status().as_u16(), header(&page, "retry-after")), (503, "30"));
    let words = text(page).await;
    assert!(words.contains("lang=\"es\""));
    // In the design of everything else: the styles that the application's own page names.
    assert!(words.contains("<link rel=\"stylesheet\" href=\"/assets/app-1a2b.css\">\n  </head>"));
    let problem = ask(path, &[("accept", "application/json")]);
    assert_eq!(header(&problem, "content-type"), "application/problem+json");
    let body: serde_json::Value = serde_json::from_str(&text(problem).await).unwrap();
    assert_eq!(body["status"], 503);
}

#[tokio::test]
async fn nothing_can_be_sent_here() {
    let answer = answers().to(&Method::POST, "/", &HeaderMap::new());
    assert_eq!((answer.status().as_u16(), header(&answer, "allow")), (405, "GET, HEAD"));
    let head = answers().to(&Method::HEAD, "/", &HeaderMap::new());
    assert_eq!((head.status().as_u16(), text(head).await.as_str()), (200, ""));
}
