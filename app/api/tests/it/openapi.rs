//! The description of the API.

use crate::support::World;

#[test]
fn the_committed_description_is_fresh() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/openapi.json");
    let text = galeno_api::http::openapi().to_pretty_json().unwrap() + "\n";
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(path, &text).unwrap();
    }
    assert!(
        std::fs::read_to_string(path).unwrap_or_default() == text,
        "run: cargo run -p galeno-api -- openapi -o app/api/openapi.json"
    );
    assert!(text.contains("\"openapi\": \"3.1.0\""));
}

#[tokio::test]
async fn the_description_is_served_with_a_page_that_asks_nobody_else() {
    let world = World::new().await;
    let served = world.anonymous.get("/openapi.json").await.expect(200);
    assert_eq!(served.json()["openapi"], "3.1.0");
    let page = world.anonymous.get("/docs").await.expect(200);
    let text = String::from_utf8_lossy(&page.bytes).into_owned();
    assert!(!text.contains("http://") && !text.contains("https://") && !text.contains("src=\"//"));
    assert!(page.header("content-security-policy").starts_with("default-src 'none'"));
}
