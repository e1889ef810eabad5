//! What state a connection comes back in.

use std::{sync::Arc, time::Duration};

use galeno_api::db::{Cluster, Tx};

use super::support::{MariaDb, World, eventually, mariadb::run};

/// A world whose API is not used, and a pool of one connection to its database.
async fn alone() -> (World, Arc<Cluster>) {
    with(1).await
}

async fn with(connections: u32) -> (World, Arc<Cluster>) {
    let world = World::new().await;
    let mut database = world.config.database.clone();
    database.connections_per_node = connections;
    let cluster = Arc::new(Cluster::start(&database).unwrap());
    eventually("the node is fit", || async { cluster.choose().ok() }).await;
    (world, cluster)
}

async fn begin(cluster: &Cluster) -> Tx {
    cluster.choose().unwrap().begin().await.unwrap()
}

async fn number(tx: &mut Tx, sql: &'static str) -> i64 {
    sqlx::query_scalar(sql).fetch_one(&mut **tx).await.unwrap()
}

const CONNECTION: &str = "SELECT CAST(CONNECTION_ID() AS SIGNED)";
const WRITE: &str = "INSERT INTO organization (id, slug, name, time_zone, created_at) VALUES (UNHEX(MD5('x')), 'x', 'x', 'UTC', NOW(6))";
const WRITTEN: &str = "SELECT COUNT(*) FROM organization WHERE slug = 'x'";

/// Writes something, asks, and waits for no answer. Returns the connection.
async fn give_up(cluster: &Cluster, sql: &'static str) -> i64 {
    let mut tx = begin(cluster).await;
    let connection = number(&mut tx, CONNECTION).await;
    sqlx::query(WRITE).execute(&mut *tx).await.unwrap();
    let asked = sqlx::query(sql).fetch_one(&mut *tx);
    tokio::time::timeout(Duration::from_millis(100), asked)
        .await
        .unwrap_err();
    connection
}

#[tokio::test]
async fn a_transaction_that_is_dropped_is_undone_and_its_connection_serves_the_next() {
    let (_world, cluster) = alone().await;
    let mut tx = begin(&cluster).await;
    let connection = number(&mut tx, CONNECTION).await;
    sqlx::query(WRITE).execute(&mut *tx).await.unwrap();
    drop(tx);
    // There is one connection alone: this waits until the other is undone.
    let mut tx = begin(&cluster).await;
    assert_eq!(number(&mut tx, WRITTEN).await, 0);
    assert_eq!(number(&mut tx, CONNECTION).await, connection);
    sqlx::query(WRITE).execute(&mut *tx).await.unwrap();
    tx.commit().await.unwrap();
    let mut tx = begin(&cluster).await;
    assert_eq!(number(&mut tx, WRITTEN).await, 1);
    assert_eq!(number(&mut tx, CONNECTION).await, connection);
}

#[tokio::test]
async fn a_connection_that_does_not_answer_is_thrown_away() {
    let (_world, cluster) = alone().await;
    // Longer than anybody waits for the ROLLBACK that comes after it.
    let connection = give_up(&cluster, "SELECT SLEEP(9)").await;
    let mut next = eventually("a connection is there again", || async {
        cluster.choose().unwrap().begin().await.ok()
    })
    .await;
    assert_ne!(number(&mut next, CONNECTION).await, connection);
    assert_eq!(number(&mut next, WRITTEN).await, 0);
}

#[tokio::test]
async fn an_answer_that_nobody_waited_for_is_not_taken_for_another_ones() {
    let (_world, cluster) = alone().await;
    let connection = give_up(&cluster, "SELECT 7 FROM (SELECT SLEEP(3)) s").await;
    let mut tx = begin(&cluster).await;
    assert_eq!(number(&mut tx, CONNECTION).await, connection);
    assert_eq!(
        number(&mut tx, WRITTEN).await,
        0,
        "it was undone before it was lent again"
    );
}

#[tokio::test]
async fn a_connection_that_broke_is_replaced() {
    let (_world, cluster) = alone().await;
    let mut root = MariaDb::shared().connect().await;
    for resting in [false, true] {
        let mut tx = begin(&cluster).await;
        let connection = number(&mut tx, CONNECTION).await;
        let at_work = if resting {
            tx.commit().await.unwrap();
            None
        } else {
            Some(tx)
        };
        run(&mut root, &format!("KILL {connection}")).await;
        if let Some(mut tx) = at_work {
            sqlx::query(WRITTEN).execute(&mut *tx).await.unwrap_err();
        } else {
            // A request runs again when this happens to it.
            assert!(cluster.choose().unwrap().begin().await.is_err());
        }
        let mut tx = begin(&cluster).await;
        assert_ne!(number(&mut tx, CONNECTION).await, connection);
    }
    let usage = cluster.usage();
    assert_eq!((usage[0].1, usage[0].2), (1, 0), "one connection, and it is lent");
}

#[tokio::test]
async fn one_request_finds_out_that_a_server_was_gone_and_not_one_for_each_connection() {
    let (_world, cluster) = with(3).await;
    let mut root = MariaDb::shared().connect().await;
    let mut lent = [begin(&cluster).await, begin(&cluster).await, begin(&cluster).await];
    let mut connections = Vec::new();
    for tx in &mut lent {
        connections.push(number(tx, CONNECTION).await);
    }
    for tx in lent {
        tx.commit().await.unwrap();
    }
    assert_eq!(cluster.usage()[0].2, 3, "they rest");
    for connection in connections {
        run(&mut root, &format!("KILL {connection}")).await;
    }
    assert!(cluster.choose().unwrap().begin().await.is_err());
    begin(&cluster).await;
}

#[tokio::test]
async fn a_cluster_that_closes_closes_its_connections() {
    let (_world, cluster) = alone().await;
    let mut tx = begin(&cluster).await;
    let connection = number(&mut tx, CONNECTION).await;
    tx.commit().await.unwrap();
    cluster.close().await;
    assert!(cluster.choose().unwrap().begin().await.is_err());
    eventually("the connection is gone", || async {
        let open = sqlx::query_scalar::<_, i64>("SELECT COUNT(*) FROM information_schema.processlist WHERE id = ?");
        let mut root = MariaDb::shared().connect().await;
        (open.bind(connection).fetch_one(&mut root).await.unwrap() == 0).then_some(())
    })
    .await;
}
