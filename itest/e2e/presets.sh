#!/usr/bin/env bash
# Configurations that are copied into force (runtime/conf/presets) while a gateway runs, and the mode that only observes.
set -u
. "$(dirname -- "$0")/behind.sh"
needs "presets" nginx redis-server redis-cli curl ss
own_gateway
presets=$ROOT/runtime/conf/presets
make_site
port=$(free_port)
serve_nginx "$port" 256 <<END
    server { listen 127.0.0.1:$port; root $SITE/www; }
END
nginx_answers() { fetches "http://127.0.0.1:$port/small" "$SITE/www/small" -m 20; }
redis_port=$(free_port)
behind redis redis-server --port "$redis_port" --bind 127.0.0.1 --save '' --appendonly no --dir "$SITE" --daemonize no
redis=$PROGRAM
serves redis-server "$redis_port"
redis_answers() { [ "$(timeout 20 redis-cli -p "$redis_port" ping)" = PONG ]; }

# use PRESET: as the README there says, word for word
use() {
    local line
    # shellcheck disable=SC2016 # the README's backticks and variable
    line=$(grep -o '`cp runtime/conf/presets/web-server/\*.cfg "$RINGFENCE_STATE"/conf/`' "$presets/README.md" | tr -d '`') || return
    mkdir -p "$RINGFENCE_STATE/conf" && cd "$ROOT" && eval "${line//web-server/$1}"
}

# in_force FILE: every key of a preset's file has its value in the policy
in_force() {
    local name key value shown
    name=$(basename "$1" .cfg)
    name=${name#org.ringfence.policy.}
    shown=$(shell policy "${name//_/-}" --json) || return
    while IFS='=' read -r key value; do
        case $key in '#'* | '') continue ;; esac
        grep -qF "\"key\": \"$key\", \"value\": \"$value\"" <<<"$shown" || return
    done <"$1"
}
all_in_force() {
    local file
    for file in "$presets/$1"/*.cfg; do in_force "$file" || return; done
}

for preset in generic api ssh web-server database; do
    check "the preset $preset is copied as its README says" use "$preset"
    check "the preset $preset is in force, every key of it" within 20 all_in_force "$preset"
    case $preset in
        web-server) check "nginx answers with the preset web-server" nginx_answers ;;
        database) check "redis answers with the preset database" redis_answers ;;
    esac
    rm -f "$RINGFENCE_STATE"/conf/org.ringfence.policy.*.cfg
done
quiet_log "putting presets into force"

# ---- observe mode: who would be reset is answered, and told of ----
conf=$RINGFENCE_STATE/conf
refused() { ! curl -sS -m 10 -o /dev/null "http://127.0.0.1:$port/small" 2>/dev/null; }
echo 'prefixes = 127.0.0.1' >"$conf/org.ringfence.policy.block.cfg"
check "who is blocked is refused" within 20 refused
echo 'mode = observe' >"$conf/org.ringfence.policy.cfg"
check "in observe mode who is blocked is answered" within 20 nginx_answers
observed() { shell events --json | grep -qF '"source": "127.0.0.1", "policy": "block", "measure": "reset", "done": "observed"'; }
check "and the decision is an event that says it was only observed" within 20 observed
with_decision() { shell connections --json | grep -qF '"decision": "block: reset, only observed: '; }
check "and the table of connections has it, with the evidence" within 20 with_decision
check "redis is reached as well" redis_answers
rm "$conf/org.ringfence.policy.cfg"
check "without the mode's file it is refused again" within 20 refused
rm "$conf/org.ringfence.policy.block.cfg"
check "without the block's file it is answered" within 20 nginx_answers

check "nginx ends" stop "$nginx" QUIT
stop "$redis"
nothing_stays "presets"
