#!/usr/bin/env bash
# The loads of a folder of benchmarks that knows nothing of us (../shared/bench), put on the running program:
#
#   bash benches/shared.sh [FOLDER]
#
# One alert a request and 64 connections, as fast as answers come and at 1,000 and 5,000 a second, beside that folder's own
# floor and the Alertmanager that is installed; alerts that were answered before a `kill -9` and are gone; and 64 × 64 alerts
# on disks whose every flush takes 0.3 and 2 s. SECS (5) and ROUNDS (1) say how long and how often. It needs a release build
# of Firebell, a C compiler and python3, and leaves nothing behind but its own build in target/shared-bench.
set -euo pipefail
cd "$(dirname "$0")/.."
bench=$(realpath "${1:-../shared/bench}")
firebell=${FIREBELL_TEST_PROGRAM:-$PWD/target/release/firebell}
export BENCH_BIN=${BENCH_BIN:-$PWD/target/shared-bench/release}
[[ -x $BENCH_BIN/load ]] || CARGO_TARGET_DIR=$PWD/target/shared-bench cargo build --release --manifest-path "$bench/Cargo.toml"

work=$(mktemp -d)
started=()
trap 'kill "${started[@]}" 2>/dev/null || true; wait; rm -rf "$work"' EXIT
hook=http://127.0.0.1:18099/hooks/alertmanager
export FIREBELL_ALERTMANAGER_SECRET=bench-secret FIREBELL_API_TOKEN=bench-token RUST_LOG=error
serve="exec $firebell serve --config $work/firebell.toml"
with_secret=(--header 'Authorization: Bearer bench-secret')

# on FILE: Firebell's configuration, with its database there.
on() {
    sed -e 's#^listen = .*#listen = "127.0.0.1:18099"#' -e "s#^url = .*#url = \"sqlite:$1\"#" firebell.example.toml >"$work/firebell.toml"
}

# start URL COMMAND…: starts a server and waits until it answers there.
start() {
    local ready=$1
    shift
    "$@" >"$work/log" 2>&1 &
    pid=$!
    started+=("$pid")
    for _ in $(seq 1200); do
        curl -s -o "$work/ready" "$ready" && return
        sleep 0.05
    done
    echo "it does not answer at $ready:" >&2
    cat "$work/log" >&2
    return 1
}

stop() {
    kill "$pid"
    wait "$pid" || true
}

# loads LABEL URL [--header H]: the standard loads.
loads() {
    local label=$1 url=$2
    shift 2
    local all=(--url "$url" --label "$label" --pid "$pid" --conns 64 --rounds "${ROUNDS:-1}" --secs "${SECS:-5}" --out "$work/results.jsonl" "$@")
    "$bench/run.py" "${all[@]}"
    "$bench/run.py" "${all[@]}" --modes zipf --rates 1000,5000
}

start http://127.0.0.1:18802/ "$BENCH_BIN/floor" --store sqlite --background-checkpoint --db "$work/floor.db" --listen 127.0.0.1:18802
loads floor http://127.0.0.1:18802/
stop
if alertmanager=$(command -v prometheus-alertmanager || command -v alertmanager); then
    printf 'route: {receiver: none}\nreceivers: [{name: none}]\n' >"$work/alertmanager.yml"
    start http://127.0.0.1:18803/-/ready "$alertmanager" --config.file="$work/alertmanager.yml" --storage.path="$work" \
        --web.listen-address=127.0.0.1:18803 --cluster.listen-address= --log.level=error
    loads Alertmanager http://127.0.0.1:18803/api/v2/alerts --format am
    stop
fi
on "$work/firebell.db"
start http://127.0.0.1:18099/readyz bash -c "$serve"
loads Firebell "$hook" "${with_secret[@]}"
stop

printf '\nkill -9:\n'
on "$work/killed.db"
stored="python3 -c \"import sqlite3; print(*[row[0] for row in sqlite3.connect('$work/killed.db').execute('SELECT fingerprint FROM alert')], sep='\n')\""
"$bench/kill9.py" --start "$serve" --ready http://127.0.0.1:18099/readyz --url "$hook" "${with_secret[@]}" --stored "sleep 5; $stored"

gcc -O2 -shared -fPIC -o "$work/slowdisk.so" "$bench/slowdisk.c" -lpthread
for flush in 300 2000; do
    printf '\na disk whose every flush takes %s ms, 64 connections × 64 alerts: ' "$flush"
    on "$work/slow-$flush.db"
    "$firebell" migrate --config "$work/firebell.toml" >"$work/log" 2>&1
    start http://127.0.0.1:18099/readyz env LD_PRELOAD="$work/slowdisk.so" SLOWDISK_US="${flush}000" bash -c "$serve"
    "$BENCH_BIN/load" --url "$hook" --format webhook "${with_secret[@]}" --mode distinct --batch 64 --conns 64 --secs 20 --warm 0 \
        --quiet 0 --pid "$pid" --ack-log "$work/answered" >"$work/slow.json"
    stop
    start http://127.0.0.1:18099/readyz bash -c "$serve"
    sleep 10
    stop
    python3 - "$work" "$work/slow-$flush.db" <<'PYTHON'
import json, sqlite3, sys
work, database = sys.argv[1:]
load = json.load(open(f"{work}/slow.json"))
answered = set(open(f"{work}/answered").read().split())
kept = {row[0] for row in sqlite3.connect(database).execute("SELECT fingerprint FROM alert")}
print(f"answers {load['codes']}, {load['mem_peak_sum_mib']:.0f} MiB at most, {len(answered)} taken, {len(answered - kept)} of them gone")
sys.exit(bool(answered - kept))
PYTHON
done

echo
"$bench/table.py" --ratio=floor "$work/results.jsonl"
