//! The words of a name and their pairs, which a search reads.
//!
//! A program of before writes words alone. The database marks them then (`unpaired`, the column's default), and a search does
//! without pairs until [`mend`] has written those.

use uuid::Uuid;

use crate::{
    app::App,
    http::{Result, Scope, Scoped},
    people, scoped,
};

const FORGET_WORDS: Scoped = scoped!("DELETE FROM patient_word WHERE organization = ? AND patient = ?");
const FORGET_PAIRS: &str = "DELETE FROM patient_pair WHERE organization = ? AND patient = ?";

/// Writes pairs from words, of the patients that follow, whatever the statistics of a table that has just grown say of its
/// indexes. A search leads with a word of three letters or more.
macro_rules! pair {
    ($patients:literal) => {
        concat!(
            "INSERT INTO patient_pair (organization, word, other, patient, name) \
             SELECT a.organization, a.word, b.word, a.patient, \
               (SELECT CONCAT(' ', GROUP_CONCAT(n.word ORDER BY n.word SEPARATOR ' ')) FROM patient_word n FORCE INDEX (patient_word_of) \
                WHERE n.organization = a.organization AND n.patient = a.patient) \
             FROM patient_word a FORCE INDEX (patient_word_of) \
             JOIN patient_word b FORCE INDEX (patient_word_of) ON b.organization = a.organization AND b.patient = a.patient \
               AND b.word <> a.word \
             WHERE a.organization = ? AND CHAR_LENGTH(a.word) > 2 AND a.patient ",
            $patients
        )
    };
}
pub(crate) use pair;

const PAIR: &str = pair!("= ?");

/// Writes what a patient is found by, instead of what there was.
pub(super) async fn write(scope: &mut Scope, id: Uuid, name: &str) -> Result<()> {
    for forget in [FORGET_WORDS, scoped!(FORGET_PAIRS)] {
        scope.query(forget).bind(id).execute(scope.db()).await?;
    }
    for word in people::words(name) {
        let query = scope.query(scoped!(
            "INSERT INTO patient_word (organization, word, patient, unpaired) VALUES (?, ?, ?, NULL)"
        ));
        query.bind(word).bind(id).execute(scope.db()).await?;
    }
    scope.query(scoped!(PAIR)).bind(id).execute(scope.db()).await?;
    Ok(())
}

/// Takes away the pairs of those whose words a program of before took away: joined to another registration, or erased.
const STRAY: [&str; 2] = [
    "DELETE q FROM patient_merge m JOIN patient_pair q ON q.organization = m.organization AND q.patient = m.merged \
     WHERE NOT EXISTS (SELECT 1 FROM patient_word w WHERE w.organization = q.organization AND w.patient = q.patient)",
    "DELETE q FROM erasure e JOIN patient_pair q ON q.organization = e.organization AND q.patient = e.patient \
     WHERE NOT EXISTS (SELECT 1 FROM patient_word w WHERE w.organization = q.organization AND w.patient = q.patient)",
];

/// Writes the pairs of some patients whose words have none, of any organization. Returns how many.
pub async fn mend(app: &App) -> Result<usize, sqlx::Error> {
    const SOME: u32 = 50;
    let lease = app.cluster.choose().map_err(|_| sqlx::Error::PoolClosed)?;
    let mut tx = lease.begin().await?;
    let found: Vec<(Uuid, Uuid)> =
        sqlx::query_as("SELECT DISTINCT organization, patient FROM patient_word WHERE unpaired = TRUE LIMIT ?")
            .bind(SOME)
            .fetch_all(&mut *tx)
            .await?;
    for (organization, patient) in &found {
        for statement in [
            "SELECT id FROM patient WHERE organization = ? AND id = ? FOR UPDATE",
            FORGET_PAIRS,
            PAIR,
            "UPDATE patient_word SET unpaired = NULL WHERE organization = ? AND patient = ?",
        ] {
            sqlx::query(statement)
                .bind(organization)
                .bind(patient)
                .execute(&mut *tx)
                .await?;
        }
    }
    if found.is_empty() {
        for stray in STRAY {
            sqlx::query(stray).execute(&mut *tx).await?;
        }
    }
    tx.commit().await?;
    Ok(found.len())
}
