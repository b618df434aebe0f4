#!/usr/bin/env bash
# Counts the instructions that an alert costs, from the socket to triage: bash benches/profile.sh [distinct|one]
#
# It needs valgrind and curl. The program is built for release with its symbols, started under callgrind on the example
# configuration and a fresh SQLite, and given 1,500 alerts that do not count and then 5,000 that do, 64 at once. Counts, unlike
# times, are the same on a busy machine; a copy of more than some kilobytes is counted too high, since valgrind counts each
# turn of an instruction that repeats itself. The whole profile stays in the folder that is named last: callgrind_annotate and
# kcachegrind read it.
set -euo pipefail
cd "$(dirname "$0")/.."

load=${1:-distinct}
counted=5000
folder=$(mktemp -d -t firebell-profile-XXXXXX)
port=8399

CARGO_PROFILE_RELEASE_DEBUG=1 CARGO_PROFILE_RELEASE_STRIP=none cargo build --release --locked --quiet
sed -e "s#^listen = .*#listen = \"127.0.0.1:$port\"#" -e "s#^url = .*#url = \"sqlite:$folder/firebell.db\"#" \
    firebell.example.toml >"$folder/firebell.toml"

# requests FROM TO: alerts as a list of curl's requests.
requests() {
    sed 's/"5f1d1c0a3c2b7e94"/"FINGERPRINT"/; s/ScoreDrift/ScoreDrift-FINGERPRINT/2; s/alertname=/of=FINGERPRINT,alertname=/' \
        src/intake/kinds/samples/alertmanager/fires.json | tr -d '\n' >"$folder/template.json"
    for ((number = $1; number <= $2; number++)); do
        local key=$number
        [[ $load == one ]] && key=1
        sed "s/FINGERPRINT/$key/g" "$folder/template.json" >"$folder/$number.json"
        printf 'next\nurl = "http://127.0.0.1:%s/hooks/alertmanager"\ndata-binary = "@%s/%s.json"\n' "$port" "$folder" "$number"
        printf 'header = "Authorization: Bearer profile"\nheader = "Content-Type: application/json"\nsilent\noutput = "/dev/null"\n'
    done >"$folder/requests"
    curl --parallel --parallel-max 64 --no-progress-meter --config "$folder/requests" --silent --fail
}

# digested: waits until triage has nothing before it.
digested() { until curl -s "127.0.0.1:$port/readyz" | grep -q '"triage":"nothing waits"'; do sleep 0.2; done; }

FIREBELL_ALERTMANAGER_SECRET=profile FIREBELL_API_TOKEN=profile RUST_LOG=error \
    valgrind --quiet --tool=callgrind --instr-atstart=no --callgrind-out-file="$folder/callgrind.out" \
    "${CARGO_TARGET_DIR:-target}/release/firebell" serve --config "$folder/firebell.toml" &
program=$!
trap 'kill $program 2>/dev/null || true' EXIT
until curl -sf "127.0.0.1:$port/readyz" >/dev/null; do sleep 0.2; done
requests 1 1500
digested
callgrind_control --instr=on $program >/dev/null
requests 1501 $((1500 + counted))
digested
callgrind_control --instr=off $program >/dev/null
kill $program
wait $program || true
trap - EXIT

callgrind_annotate --inclusive=yes --threshold=100 "$folder/callgrind.out" 2>/dev/null >"$folder/inclusive"
# share NAME PATTERN: what is spent in a function and all that it calls, by alert.
share() {
    awk -v name="$1" -v pattern="$2" -v counted="$counted" '
        index($0, pattern) && !found { gsub(",", "", $1); found = $1 }
        END { printf "| %s | %d |\n", name, found / counted }' "$folder/inclusive"
}
printf '| instructions an alert (%s) | |\n|---|---|\n' "$load"
share 'all' 'PROGRAM TOTALS'
share 'HTTP: the request, from its first byte to the answer' 'poll_catch'
share '· authenticated, read, handed to the writer' 'take_in::{{closure}}'
share '· · read' 'intake/mod.rs:firebell::intake::read'
share '· · written as JSON' 'Written::new'
share 'the writer of the inbox' 'inbox_writer::write::{{closure}}'
share 'triage' 'Triager::digest_alerts::{{closure}}'
share '· verdicts' 'Verdicts::of'
share 'SQLite: all statements' 'sqlite3_step'
printf '\nthe whole profile: %s/callgrind.out\n' "$folder"
