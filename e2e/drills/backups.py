"""10: the nightly backup under load; and a night without the bucket: alerts arrive, nothing is deleted."""
import time

import bucket
import outside
import platform_state as platform
from load import Load
from report import Report
from shell import say


def night() -> None:
    report = Report("10", "a backup under load, and a night without the bucket")
    platform.settled()
    authority, token = platform.staff()
    with Load(authority, token, f"n{int(time.time())}") as load:
        load.more(20, "the load to run")
        began, at = time.monotonic(), time.time()
        say(platform.job("backup-daily").strip().splitlines()[-1])
        report.took("backup under load", time.monotonic() - began)
        report.took("longest time without an answer meanwhile", load.outage(at))
        synced = [platform.sql("SELECT variable_value FROM information_schema.global_status WHERE variable_name = 'wsrep_local_state_comment'",
                               platform.member(n)).strip() for n in range(3)]
        report.expect(synced == ["Synced"] * 3, "every member is in sync again after it")
        before, failed_before = bucket.keys(), len(load.failed)
        outside.bucket_away()
        began, since = time.monotonic(), time.time()
        said = platform.job("backup-daily", fails=True)
        report.expect("s3.clinic.localhost" in said, f"the backup says why it failed: {said.strip().splitlines()[-1][:160]}")
        bucket.alerted(since, "backup")
        report.took("backup without the bucket given up, and alerted", time.monotonic() - began)
        since = time.time()
        platform.job("backup-prune", fails=True)
        bucket.alerted(since, "prune")
        outside.bucket_back()
        report.expect(all(bucket.keys().get(key) == size for key, size in before.items()), "retention deleted nothing")
        report.expect(len(load.failed) == failed_before, "no request failed while the bucket was away")
        platform.job("backup-daily")
        report.expect(bucket.newest() not in {k.split("/")[3] for k in before}, "the next backup is made")
        load.more(10)
    report.account(load)
    report.expect(report.facts["failed"] == 0, "no request failed")
    report.end()
