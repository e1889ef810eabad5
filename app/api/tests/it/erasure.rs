//! What an erasure keeps, from when on, and of whom.

use galeno_api::authz::Role;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::{
    merges::merge,
    rights::{age, dump, version},
    support::{
        World,
        world::{Organization, register},
    },
};

/// What an erasure would do with one kind of thing: kept, erased.
async fn kept_and_erased(org: &Organization, patient: Uuid, what: &str) -> (u64, u64) {
    let path = format!("/patients/{patient}/erasure");
    let plan = org.client(Role::Auditor).get(&path).await.expect(200).json();
    let items = plan["items"].as_array().unwrap();
    let fate = items.iter().find(|item| item["what"] == what).unwrap();
    (fate["kept"].as_u64().unwrap(), fate["erased"].as_u64().unwrap())
}

#[tokio::test]
async fn an_entry_is_kept_from_its_last_version_on_and_a_mistake_is_not_open() {
    let mut world = World::new().await;
    let alfa = world.organization("alfa").await;
    let (patient, physician) = (alfa.patient, alfa.physician());
    world.treats(&alfa, alfa.staff[&Role::Physician], patient).await;
    let entries = format!("/patients/{patient}/entries");
    let asthma = |status: &str| json!({"kind": "condition", "icd10": "J45.9", "description": "Asma", "status": status});
    let write = async |status: &str| {
        let made = physician.post(&entries, json!({"content": asthma(status)})).await;
        format!("{entries}/{}", made.expect(201).id())
    };
    let sign = async |entry: &str| {
        physician
            .change("POST", &format!("{entry}/sign"), 1, json!({}))
            .await
            .expect(200)
    };
    let changed = write("active").await;
    let amended = write("active").await;
    sign(&amended).await;
    let wrong = write("active").await;
    age(&mut world, patient, 6).await;
    assert_eq!(
        kept_and_erased(&alfa, patient, "entries").await,
        (3, 0),
        "all three go on"
    );
    let over = json!({"content": asthma("resolved"), "reason": "alta"});
    physician.change("PUT", &changed, 1, over).await.expect(200);
    let mistake = json!({"reason": "paciente equivocado"});
    physician
        .change("POST", &format!("{wrong}/error"), 1, mistake)
        .await
        .expect(200);
    let amendment = json!({"content": asthma("resolved")});
    let amendments = format!("{amended}/amendments");
    physician.post(&amendments, amendment).await.expect(201);
    let path = format!("/patients/{patient}/erasure");
    let plan = alfa.client(Role::Auditor).get(&path).await.expect(200).json();
    assert_eq!(
        (&plan["items"][0]["kept"], &plan["items"][0]["erased"]),
        (&json!(4), &json!(0))
    );
    assert!(
        plan["items"][0]["until"].is_string(),
        "they were written today: {plan:#}"
    );
    age(&mut world, patient, 6).await;
    assert_eq!(kept_and_erased(&alfa, patient, "entries").await, (0, 4));
}

#[tokio::test]
async fn the_signed_paper_stays_as_long_as_the_consent_may_be_disputed() {
    let mut world = World::new().await;
    let alfa = world.organization("alfa").await;
    let patient = alfa.patient;
    world.treats(&alfa, alfa.staff[&Role::Physician], patient).await;
    let documents = format!("/patients/{patient}/documents");
    let text = [("content-type", "text/plain")];
    let paper = alfa
        .physician()
        .raw("POST", &documents, &text, Some("firmado".into()))
        .await;
    let consent = json!({"purpose": "research", "wording": "Acepto.", "evidence": paper.expect(201).id()});
    alfa.receptionist()
        .post(&format!("/patients/{patient}/consents"), consent)
        .await
        .expect(201);
    age(&mut world, patient, 6).await;
    assert_eq!(kept_and_erased(&alfa, patient, "documents").await, (1, 0));
    let path = format!("/patients/{patient}/erasure");
    let auditor = alfa.client(Role::Auditor);
    let body = json!({"reason": "solicitud", "block": false});
    let done = auditor.change("POST", &path, 1, body.clone()).await.expect(201).json();
    assert_eq!(done["outcome"]["complete"], false);
    sqlx::query("UPDATE consent SET updated_at = updated_at - INTERVAL 6 YEAR WHERE patient = ?")
        .bind(patient)
        .execute(&mut world.db)
        .await
        .unwrap();
    let now = version(auditor, patient).await;
    let done = auditor.change("POST", &path, now, body).await.expect(201).json();
    assert_eq!(done["outcome"]["complete"], true, "{done:#}");
    assert!(!dump(&mut world).await.contains("García"));
}

// Twenty thousand lines become text in one piece; the API answers probes meanwhile.
#[tokio::test(flavor = "multi_thread")]
async fn a_person_of_several_registrations_gets_all_and_is_forgotten_in_all() {
    let mut world = World::new().await;
    let alfa = world.organization("alfa").await;
    let auditor = alfa.client(Role::Auditor);
    let middle = register(alfa.receptionist(), "Anna", "Intermedia").await;
    let first = register(alfa.receptionist(), "Aina", "Primera").await;
    let path = format!("/patients/{first}/restriction");
    for (version, restricted) in [(1, true), (2, false)] {
        let body = json!({"restricted": restricted, "reason": "GDPR, 18.1.a"});
        auditor.change("PUT", &path, version, body).await.expect(200);
    }
    merge(&alfa, middle, 1, first).await.expect(200);
    merge(&alfa, alfa.patient, 1, middle).await.expect(200);
    // More lines than fit are told of, with the place where they are.
    sqlx::query(
        "INSERT INTO access_log SELECT organization, 999, seq.seq, UNHEX(MD5(seq.seq)), at, actor_kind, actor, role, relation, \
         purpose, action, outcome, patient, resource_kind, resource, request, source, hash \
         FROM (SELECT * FROM access_log WHERE patient = ? LIMIT 1) one JOIN seq_1_to_20001 seq",
    )
    .bind(alfa.patient)
    .execute(&mut world.db)
    .await
    .unwrap();
    let path = format!("/patients/{}/export", alfa.patient);
    let export = alfa.patient().get(&path).await.expect(200).json();
    let people: Vec<&Value> = export["data"]["person"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| &one["family_name"])
        .collect();
    assert_eq!(people[0], "García alfa", "the one that goes on leads");
    assert!(people.contains(&&json!("Primera")) && people.contains(&&json!("Intermedia")));
    assert_eq!(export["data"]["versions"].as_array().unwrap().len(), 3);
    assert_eq!(export["data"]["merges"].as_array().unwrap().len(), 2);
    assert_eq!(export["data"]["restrictions"][0]["registration"], json!(first));
    let rest = &export["elsewhere"][0];
    assert_eq!((&rest["part"], &rest["shown"]), (&json!("access_log"), &json!(20_000)));
    assert!(rest["total"].as_u64().unwrap() > 20_000);
    assert_eq!(rest["address"], format!("/api/v1/patients/{}/access-log", alfa.patient));
    let page = alfa.patient().get(&format!("{path}.html")).await.expect(200);
    assert!(String::from_utf8_lossy(&page.bytes).contains(rest["address"].as_str().unwrap()));

    let path = format!("/patients/{}/erasure", alfa.patient);
    let now = version(auditor, alfa.patient).await;
    let body = json!({"reason": "solicitud"});
    let done = auditor.change("POST", &path, now, body).await.expect(201).json();
    assert_eq!(done["outcome"]["complete"], true, "{done:#}");
    let everywhere = dump(&mut world).await;
    for trace in ["García", "Primera", "Intermedia", "Aina", "mismo DNI"] {
        assert!(!everywhere.contains(trace), "{trace} is left");
    }
    assert_eq!(world.broken().await, ["access-log-heads.sql"; 0]);
}
