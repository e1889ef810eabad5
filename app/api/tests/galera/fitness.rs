//! Nodes leave the pool and come back, and the API says why it refuses.

use serde_json::json;

use crate::{
    cluster::{Cluster, becomes},
    support::{Answer, Client, MariaDb, World, eventually, world},
};

/// A refusal that tells a client when to come again, and that nothing was saved.
fn refuses(answer: &Answer, why: &str) {
    assert_eq!(answer.status, 503, "{answer:?}");
    assert_eq!(answer.problem(), why);
    assert!(answer.header("retry-after").parse::<u64>().unwrap() > 0);
}

/// No request begins on that node any more, however often one is chosen.
fn is_left_alone(world: &World, port: u16) {
    let node = format!(":{port}");
    let choices = (0..100).filter_map(|_| world.app.cluster.choose().ok());
    assert_eq!(choices.filter(|lease| lease.node().ends_with(&node)).count(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn unfit_nodes_leave_the_pool_and_without_a_primary_component_everything_is_refused() {
    let cluster = Cluster::start().await;
    let mut world = cluster.world().await;
    let alfa = world.organization("alfa").await;
    let reception = alfa.receptionist();
    let management = Client::new(world.running.management);
    let [first, second] = [cluster.nodes[0].port, cluster.nodes[1].port];
    for port in [first, second] {
        becomes(&management, port, "fit").await;
    }

    // Read-only: the writes go to the other node, and nobody is told.
    cluster.run(0, "SET GLOBAL read_only = ON").await;
    becomes(&management, first, "read-only").await;
    is_left_alone(&world, first);
    world::register(reception, "Eva", "Lectura").await;
    cluster.run(0, "SET GLOBAL read_only = OFF").await;
    becomes(&management, first, "fit").await;

    // A donor serves only when no other node does.
    cluster.run(0, "SET GLOBAL wsrep_desync = ON").await;
    eventually("the API writes to the node that is no donor", || async {
        world
            .app
            .cluster
            .choose()
            .is_ok_and(|lease| lease.node().ends_with(&second.to_string()))
            .then_some(())
    })
    .await;
    cluster.run(1, "SET GLOBAL read_only = ON").await;
    becomes(&management, second, "read-only").await;
    world::register(reception, "Eva", "Donante").await;

    // Both are read-only: what a restore looks like from here.
    cluster.run(0, "SET GLOBAL wsrep_desync = OFF").await;
    cluster.run(0, "SET GLOBAL read_only = ON").await;
    becomes(&management, first, "read-only").await;
    refuses(
        &reception.get(&format!("/patients/{}", alfa.patient)).await,
        "restoring",
    );
    for node in 0..2 {
        cluster.run(node, "SET GLOBAL read_only = OFF").await;
    }
    for port in [first, second] {
        becomes(&management, port, "fit").await;
    }

    // A node that hangs and does not answer: the other one goes on. It is the lighter one, so that the quorum stays.
    cluster.nodes[1].signal("STOP");
    becomes(&management, second, "unreachable").await;
    is_left_alone(&world, second);
    eventually("the rest goes on", || async {
        let body = json!({"patient": world::person("Eva", "Colgada"), "not_a_duplicate": true});
        (reception.post("/patients", body).await.status == 201).then_some(())
    })
    .await;
    cluster.nodes[1].signal("CONT");
    // What it says of itself at first is from before.
    eventually("both are in the cluster", || async {
        (cluster.status(0, "wsrep_cluster_size").await == "2").then_some(())
    })
    .await;
    becomes(&management, second, "fit").await;

    // The heavier one dies: what is left is no majority. Nothing is read, nothing is written, nothing is half.
    let before = cluster.number(1, "SELECT COUNT(*) FROM patient").await;
    cluster.nodes[0].signal("KILL");
    becomes(&management, first, "unreachable").await;
    is_left_alone(&world, first);
    becomes(&management, second, "not-primary").await;
    refuses(
        &reception.get(&format!("/patients/{}", alfa.patient)).await,
        "database-unavailable",
    );
    let body = json!({"patient": world::person("Eva", "Nadie"), "not_a_duplicate": true});
    refuses(&reception.post("/patients", body).await, "database-unavailable");
    assert_eq!(management.at("/readyz").await.status, 503);
    assert_eq!(management.at("/livez").await.status, 200);
    // A person decides that the rest is the cluster now.
    cluster
        .run(1, "SET GLOBAL wsrep_provider_options = 'pc.bootstrap=YES'")
        .await;
    becomes(&management, second, "fit").await;
    assert_eq!(cluster.number(1, "SELECT COUNT(*) FROM patient").await, before);
    world::register(reception, "Eva", "Despues").await;
}

#[tokio::test]
async fn a_generation_that_is_not_accepted_serves_nobody_and_says_so() {
    let world = World::new().await;
    let mut root = MariaDb::shared().connect().await;
    let gate = "CREATE TABLE IF NOT EXISTS keeper.generation (number INT UNSIGNED NOT NULL PRIMARY KEY, accepted_at DATETIME(6) NULL); \
                INSERT INTO keeper.generation VALUES (7, NULL)";
    sqlx::raw_sql(gate).execute(&mut root).await.unwrap();
    let mut gated = world.config.database.clone();
    gated.expected_generation = Some(7);
    world.app.cluster.change(&gated).unwrap();
    let management = Client::new(world.running.management);
    let port = gated.nodes[0].port;
    becomes(&management, port, "not-accepted").await;
    let answer = world
        .anonymous
        .with("gs_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")
        .get("/auth/me")
        .await;
    refuses(&answer, "restoring");
    sqlx::raw_sql("UPDATE keeper.generation SET accepted_at = UTC_TIMESTAMP(6) WHERE number = 7")
        .execute(&mut root)
        .await
        .unwrap();
    becomes(&management, port, "fit").await;
}
