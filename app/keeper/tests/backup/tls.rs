//! Over TLS, with an authority of one's own.

use serde_json::json;

use crate::certificates::Tls;
use crate::fixture::{World, database, s3};

#[test]
fn a_store_with_an_authority_of_its_own_is_believed_only_by_that() {
    let database = database();
    let bucket = s3().bucket(false);
    let mut world = World::with(&bucket, &database);
    world.config["storage"]["endpoint"] = json!(format!("https://127.0.0.1:{}", s3().secure_port));
    world.config["deadlines"]["request"] = json!("2s");
    let refusal = world.run(&["backup", "--kind", "daily"]).refusal();
    assert!(refusal.to_lowercase().contains("certificate"), "{refusal}");
    let stranger = Tls::new();
    world.config["storage"]["caFile"] = json!(stranger.authority());
    let refusal = world.run(&["backup", "--kind", "daily"]).refusal();
    assert!(refusal.to_lowercase().contains("certificate"), "{refusal}");
    assert!(s3().list(&bucket).is_empty());
    world.config["storage"]["caFile"] = json!(s3().tls.authority());
    world.config["deadlines"]["request"] = json!("60s");
    let id = world.backup();
    world.must(&["verify", &id]);
}
