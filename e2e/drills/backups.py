"""10: the nightly backup under load; and a night without the bucket: alerts arrive, nothing is deleted."""
import time

import bucket
import outside
import platform_state as platform
from load import under_load
from report import Report
from shell import say


def night() -> None:
    report = Report("10", "a backup under load, and a night without the bucket")
    with under_load("n", 20) as load:
        began, at = time.monotonic(), time.time()
        say(platform.job("backup-daily").strip().splitlines()[-1])
        report.took("backup under load", time.monotonic() - began)
        report.silence(load, at, " meanwhile")
        synced = [platform.sql("SELECT variable_value FROM information_schema.global_status WHERE variable_name = 'wsrep_local_state_comment'",
                               platform.member(n)).strip() for n in range(3)]
        report.expect(synced == ["Synced"] * 3, "every member is in sync again after it")
        before, failed_before = bucket.keys(), len(load.failed)
        began, since = time.monotonic(), time.time()
        outside.bucket_away()
        jobs = [platform.begin_job(cron) for cron in ("backup-daily", "backup-prune")]
        try:
            # Both go on trying for five minutes: a bucket that is back in time is no failure.
            for what in ("keeper backup", "keeper prune"):
                said = bucket.alerted(since, f'"{what}', seconds=900)
                report.expect("s3.clinic.localhost" in said, f"{what}: the alert says which bucket: {said[:200]}")
            report.took("given up and alerted, from the loss of the bucket", time.monotonic() - began)
        finally:
            # Neither tries once more when the bucket is back: what retention does then is no part of the night.
            platform.kubectl("-n", platform.DATA, "delete", "job", *jobs, "--cascade=foreground")
            outside.bucket_back()
        report.expect(all(bucket.keys().get(key) == size for key, size in before.items()), "retention deleted nothing")
        report.expect(len(load.failed) == failed_before, "no request failed while the bucket was away")
        platform.job("backup-daily")
        report.expect(bucket.newest() not in {k.split("/")[3] for k in before}, "the next backup is made")
        load.more(10)
    report.account(load)
    report.expect(report.facts["failed"] == 0, "no request failed")
    report.end()
