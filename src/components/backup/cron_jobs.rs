//! The `CronJob`s.

use k8s_openapi::api::batch::v1::{CronJob, CronJobSpec, JobSpec, JobTemplateSpec};
use k8s_openapi::api::core::v1::{
    Affinity, ConfigMap, Container, PodAffinity, PodAffinityTerm, PodSpec, PodTemplateSpec,
};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{LabelSelector, ObjectMeta};

use super::COMPONENT;
use super::config::{Purpose, copied, keeper_files, paths, ship_interval};
use super::pods::{volume_mounts, volumes};
use crate::bundle::Reason;
use crate::components::Output;
use crate::components::common::{HOSTNAME, container, namespaced, pod_security, resources, template};
use crate::components::database::MYSQL_USER;
use crate::components::output::because;
use crate::topology::names::{Program, jobs, priorities};
use crate::topology::values::CronLine;
use crate::topology::{DataRegion, Resources, Topology};

/// One scheduled work.
pub(super) struct Scheduled {
    name: &'static str,
    purpose: Purpose,
    program: Program,
    args: &'static [&'static str],
    schedule: String,
    /// The field of the environment file that says when.
    source: &'static str,
    /// How long a run may take, in seconds.
    deadline: i64,
    /// How late a run may start, in seconds.
    late: i64,
    whole: &'static str,
}

const HOUR: i64 = 3600;

fn full(
    name: &'static str,
    args: &'static [&'static str],
    schedule: &CronLine,
    source: &'static str,
    whole: &'static str,
) -> Scheduled {
    Scheduled {
        name,
        purpose: Purpose::Copy,
        program: Program::Backup,
        args,
        schedule: schedule.to_string(),
        source,
        deadline: 6 * HOUR,
        late: HOUR,
        whole,
    }
}

/// What runs in the primary region.
pub(super) fn primary(topology: &Topology) -> Vec<Scheduled> {
    let backup = &topology.backup;
    let schedule = &backup.schedule;
    let mut jobs = vec![
        full(
            jobs::BACKUP_DAILY,
            &["backup", "--kind", "daily"],
            &schedule.daily,
            "/backup/schedule/daily",
            "a full backup of the database every night, signed, encrypted and kept outside the cluster",
        ),
        Scheduled {
            name: jobs::BACKUP_WEEKLY,
            purpose: Purpose::Snapshot,
            program: Program::Snapshot,
            args: &["snapshot"],
            schedule: schedule.weekly.to_string(),
            source: "/backup/schedule/weekly",
            deadline: 6 * HOUR,
            late: HOUR,
            whole: "a snapshot of the system every week: the database, the manifests of the revision that runs, and the cluster's own objects",
        },
        prune(),
    ];
    if backup.monthly.is_some() {
        jobs.push(full(
            jobs::BACKUP_MONTHLY,
            &["backup", "--kind", "monthly"],
            &schedule.monthly,
            "/backup/schedule/monthly",
            "a full backup every month in another region, for the day that this one is lost",
        ));
    }
    if let Some(every) = backup.ship_every {
        jobs.push(Scheduled {
            name: jobs::BACKUP_SHIP,
            purpose: Purpose::Ship,
            program: Program::Backup,
            args: &["ship"],
            schedule: format!("*/{} * * * *", ship_interval(every)),
            source: "/backup/pointInTime/every",
            // One that hangs makes room for the next before the promise is broken twice.
            deadline: i64::try_from(every.to_std().as_secs()).unwrap_or(HOUR),
            late: 120,
            whole: "ships binary logs between backups, twice in the time that a total disaster may lose, and so that a restore can stop at any moment",
        });
    }
    jobs.push(rehearsal(topology));
    jobs
}

/// What runs in the region that holds the monthly copies: proof that they can be read there.
pub(super) fn recovery(topology: &Topology) -> Vec<Scheduled> {
    let whole = "restores the newest monthly copy where it would be needed, and measures how long that takes";
    vec![Scheduled {
        args: &["rehearse", "--from", "secondary"],
        whole,
        ..rehearsal(topology)
    }]
}

fn rehearsal(topology: &Topology) -> Scheduled {
    Scheduled {
        name: jobs::REHEARSAL,
        purpose: Purpose::Rehearse,
        program: Program::Rehearsal,
        args: &["rehearse"],
        schedule: topology.backup.schedule.rehearsal.to_string(),
        source: "/backup/schedule/rehearsal",
        deadline: 6 * HOUR,
        late: HOUR,
        whole: "restores the newest backup on a throw-away volume, cut off from everything but the bucket, and measures how long that takes",
    }
}

fn prune() -> Scheduled {
    Scheduled {
        name: jobs::BACKUP_PRUNE,
        purpose: Purpose::Prune,
        program: Program::Backup,
        args: &["prune"],
        // After the night's backup, and every day: a run without anything to delete costs nothing.
        schedule: "30 8 * * *".to_owned(),
        source: "/backup/retention",
        deadline: HOUR,
        late: HOUR,
        whole: "deletes backups that a newer verified one covers, and nothing else",
    }
}

pub(super) fn render(topology: &Topology, job: &Scheduled, region: DataRegion<'_>, output: &mut Output) {
    let namespace = job.program.namespace();
    let generation = topology.database.active_generation();
    let map = ConfigMap {
        metadata: namespaced(namespace, job.name, COMPONENT),
        data: Some(keeper_files(topology, generation, job.purpose)),
        ..ConfigMap::default()
    };
    let whole = because("what the Job reads: where copies go, who can read them, how many are kept and who is told")
        .from("/backup");
    output.add(&region, COMPONENT, &map, whole, []);
    let cron = CronJob {
        metadata: namespaced(namespace, job.name, COMPONENT),
        spec: Some(CronJobSpec {
            schedule: job.schedule.clone(),
            time_zone: Some(topology.backup.time_zone.to_string()),
            concurrency_policy: Some("Forbid".to_owned()),
            starting_deadline_seconds: Some(job.late),
            successful_jobs_history_limit: Some(3),
            failed_jobs_history_limit: Some(5),
            suspend: Some(false),
            job_template: JobTemplateSpec {
                metadata: Some(template(job.program.labels(COMPONENT))),
                spec: Some(JobSpec {
                    active_deadline_seconds: Some(job.deadline),
                    backoff_limit: Some(1),
                    template: pod(topology, job),
                    ..JobSpec::default()
                }),
            },
        }),
        status: None,
    };
    output.add(
        &region,
        COMPONENT,
        &cron,
        because(job.whole).from("/backup"),
        reasons(job),
    );
}

fn reasons(job: &Scheduled) -> Vec<Reason> {
    let pod = "/spec/jobTemplate/spec/template/spec";
    let mut reasons = vec![
        because("when it runs").on("/spec/schedule").from(job.source),
        because("the schedule follows the wall clock of this zone, summer and winter")
            .on("/spec/timeZone")
            .from("/backup/timeZone"),
        because("a run that is not over is never joined by a second").on("/spec/concurrencyPolicy"),
        because("a run that hangs is ended and told").on("/spec/jobTemplate/spec/activeDeadlineSeconds"),
        because("the same program as in the database's pods")
            .on(format!("{pod}/containers/0/image"))
            .from("/database/image"),
    ];
    if job.purpose.mounts_volume() {
        let rule = "mariadb-backup reads the node's files: its pod stands beside the node's, whose volume is mounted read-only";
        reasons.push(because(rule).on(format!("{pod}/affinity")));
    }
    reasons
}

fn pod(topology: &Topology, job: &Scheduled) -> PodTemplateSpec {
    let generation = topology.database.active_generation();
    let beside = copied(generation)
        .filter(|_| job.purpose.mounts_volume())
        .map(|member| Affinity {
            pod_affinity: Some(PodAffinity {
                required_during_scheduling_ignored_during_execution: Some(vec![PodAffinityTerm {
                    label_selector: Some(LabelSelector {
                        match_labels: Some(
                            [("statefulset.kubernetes.io/pod-name".to_owned(), member.name.clone())].into(),
                        ),
                        match_expressions: None,
                    }),
                    topology_key: HOSTNAME.to_owned(),
                    ..PodAffinityTerm::default()
                }]),
                preferred_during_scheduling_ignored_during_execution: None,
            }),
            ..Affinity::default()
        });
    let mut args: Vec<String> = job.args.iter().map(|arg| (*arg).to_owned()).collect();
    args.extend(["--config".to_owned(), format!("{}/backup.json", paths::CONFIG)]);
    let reads_cluster = job.purpose == Purpose::Snapshot;
    PodTemplateSpec {
        metadata: Some(ObjectMeta {
            ..template(job.program.labels(COMPONENT))
        }),
        spec: Some(PodSpec {
            service_account_name: Some(job.program.name().to_owned()),
            automount_service_account_token: Some(reads_cluster),
            enable_service_links: Some(false),
            restart_policy: Some("Never".to_owned()),
            security_context: Some(pod_security(MYSQL_USER)),
            priority_class_name: Some(priorities::BATCH.to_owned()),
            termination_grace_period_seconds: Some(120),
            affinity: beside,
            containers: vec![Container {
                args: Some(args),
                resources: Some(resources(&needs(job.purpose, topology))),
                volume_mounts: Some(volume_mounts(topology, generation, job.purpose)),
                ..container("keeper", &topology.database.image)
            }],
            volumes: Some(volumes(topology, generation, job.purpose, job.name)),
            ..PodSpec::default()
        }),
    }
}

/// A rehearsal runs a database of its own; the others stream with constant memory.
fn needs(purpose: Purpose, topology: &Topology) -> Resources {
    let database = &topology.database.resources;
    match purpose {
        Purpose::Rehearse => database.clone(),
        _ => database.at_most(1000, 512),
    }
}
