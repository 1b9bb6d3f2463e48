#!/usr/bin/env bash
# An hour of ordinary traffic through a desk, with latency in its middle third: prints each finding that is stated of it.
# Usage: run.sh BINARY [SECONDS [PORT]]
set -uo pipefail
binary=$(realpath "${1:?the binary}"); seconds=${2:-3600}; base=${3:-18300}
dir=$(mktemp -d); chmod 755 "$dir"; cd "$dir" || exit 1
postgres=$(ls -d /usr/lib/postgresql/*/bin | tail -1)
as_postgres() { su postgres -c "$*" >/dev/null 2>&1; }
port() { echo $((base + $1)); }

redis-server --port "$(port 0)" --save '' >/dev/null & servers=($!)
mkdir www; head -c 20000 /dev/urandom > www/f
(cd www && exec python3 -m http.server "$(port 1)" --bind 127.0.0.1 >/dev/null 2>&1) & servers+=($!)
mkdir pg && chown postgres pg
as_postgres "$postgres/initdb -D $dir/pg && $postgres/pg_ctl -D $dir/pg -o '-p $(port 2) -k $dir/pg' -l $dir/pg/log start"
nghttpd --no-tls -d www "$(port 3)" >/dev/null 2>&1 & servers+=($!)
sleep 2; as_postgres "pgbench -h 127.0.0.1 -p $(port 2) -i -q postgres"

mkfifo commands; exec 3<>commands
"$binary" --headless --quiet-connections "$(port 10)=127.0.0.1:$(port 0) as redis" "$(port 11)=127.0.0.1:$(port 1) as web" \
    "$(port 12)=127.0.0.1:$(port 2) as pg" "$(port 13)=127.0.0.1:$(port 3) as h2" <&3 > events & servers+=($!)
sleep 1
end=$((SECONDS + seconds))
redis=(redis-cli -p "$(port 10)")
lasting() { while [ $SECONDS -lt $end ]; do "$@" >/dev/null 2>&1; done; }
pause() { "${@:2}"; sleep "$1"; }
lasting pause 1 redis-benchmark -p "$(port 10)" -n 3000 -c 10 -q &
lasting pause 0.4 curl -s -o /dev/null "http://127.0.0.1:$(port 11)/f" &
# A long poll on one connection, another on a new one each, a subscriber and who tells it things.
poll() { while [ $SECONDS -lt $end ]; do echo "BLPOP nothing $((RANDOM % 20 + 1))"; sleep 20; done | "${redis[@]}"; }
poll >/dev/null &
lasting timeout 3 "${redis[@]}" BLPOP nothing 2 &
timeout "$seconds" "${redis[@]}" SUBSCRIBE news >/dev/null &
lasting pause 2 "${redis[@]}" PUBLISH news x &
lasting as_postgres "pgbench -h 127.0.0.1 -p $(port 12) -c 4 -T 5 postgres; pgbench -h 127.0.0.1 -p $(port 12) -C -c 2 -T 3 postgres" &
lasting pause 1 h2load -n 500 -c 5 -m 10 "http://127.0.0.1:$(port 13)/f" &
goodbye() { printf 'PING\r\n' | timeout 2 nc -N 127.0.0.1 "$(port 10)"; }
lasting pause 1.5 goodbye &
for command in "set all latency 100ms" "clear all" quit; do
    sleep $((seconds / 3)); echo "$command" >&3
done
sleep 2; kill "${servers[@]}" 2>/dev/null
as_postgres "$postgres/pg_ctl -D $dir/pg stop -m fast"
grep '"finding"' events || echo "no finding"
wc -l < events
