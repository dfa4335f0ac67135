# shellcheck shell=bash
# The Java that everything runs on, and what is remembered of it between starts (docs/decisions/0030). Sourced by ./ringfence.

# Sets JAVA and JAVA_MAJOR: JAVA_HOME's, else the one on the path; JAVA_NOTES is the directory of what is remembered of it, "" if
# it does not say which it is.
find_java() {
    local home release version
    JAVA=java
    if [ -n "${JAVA_HOME:-}" ]; then
        JAVA=$JAVA_HOME/bin/java
    fi
    JAVA=$(command -v -- "$JAVA") || die "Java: '${JAVA_HOME:+$JAVA_HOME/bin/}java' is not there: install JDK 17 or newer, or set JAVA_HOME"
    home=$(readlink -f -- "$JAVA")
    home=${home%/bin/java}
    release=$(cat -- "$home/release" 2>/dev/null || true)
    if [[ $release =~ (^|$'\n')JAVA_RUNTIME_VERSION=\"(([0-9]+)[^\"/]*)\" ]]; then
        JAVA_MAJOR=${BASH_REMATCH[3]}
        version=${BASH_REMATCH[2]}
        [[ $release =~ IMPLEMENTOR=\"([^\"/]*)\" ]] && version+=",${BASH_REMATCH[1]// /_}"
        JAVA_NOTES="$RUNTIME/target/java/$version${home//\//,}"
    else # a start of Java for it
        JAVA_MAJOR=$("$JAVA" -XshowSettings:properties -version 2>&1 | sed -n 's/^ *java\.specification\.version = \([0-9]*\).*/\1/p')
        JAVA_NOTES=
    fi
    if [ "${JAVA_MAJOR:-0}" -lt 17 ]; then
        die "Java: '$JAVA' is version ${JAVA_MAJOR:-unknown}: JDK 17 or newer is needed, set JAVA_HOME"
    fi
}

# The options by which the JVM gives back within seconds what connections that now rest have used and dropped (docs/decisions/0024), as
# far as this Java knows them. The garbage collector must not stop the event loop while it unloads the classes of replaced bundles
# (docs/decisions/0025): Shenandoah does that beside it, and here looks 10 to 50 times a second, not 100 to 1,000, whether there is
# something to do (docs/decisions/0037). A Java without it (Oracle's) has G1. RINGFENCE_JAVA_OPTS may name another one.
memory_options() {
    local shenandoah=(-XX:+UseShenandoahGC -XX:+UnlockExperimentalVMOptions -XX:ShenandoahUncommitDelay=1000
        -XX:ShenandoahControlIntervalMin=20 -XX:ShenandoahControlIntervalMax=100)
    if [ "$JAVA_MAJOR" -lt 25 ]; then # where it is deprecated, and Java says so at each start
        shenandoah+=(-XX:-ShenandoahPacing)
    fi
    if [[ ${RINGFENCE_JAVA_OPTS:-} =~ -XX:\+Use[A-Za-z]+GC ]]; then
        return
    fi
    if [ -n "$JAVA_NOTES" ] && cat -- "$JAVA_NOTES/memory" 2>/dev/null; then
        return
    fi
    if java_knows "${shenandoah[@]}"; then
        echo "${shenandoah[@]}"
    else
        echo -XX:+UseG1GC -XX:MaxGCPauseMillis=5
    fi
    if java_knows -XX:TrimNativeHeapInterval=10000; then # the compilers' memory
        echo -XX:TrimNativeHeapInterval=10000
    fi
}

java_knows() {
    "$JAVA" "$@" -XX:TieredStopAtLevel=1 -Xshare:auto -Xmx32m -version >/dev/null 2>&1
}

# The option that has Java take its own and the platform's classes from the archive instead of reading and checking them, if there is
# one. An archive of other classes Java does not use: jars are compared by size and time.
class_archive() {
    if [ -n "$JAVA_NOTES" ] && [ -s "$JAVA_NOTES/classes.jsa" ] && [[ ${RINGFENCE_JAVA_OPTS:-} != *Archive* ]]; then
        echo "-XX:SharedArchiveFile=$JAVA_NOTES/classes.jsa"
    fi
}

# Takes those notes by starting a gateway and ending it, unless they are newer than the libraries.
note_java() {
    local state new
    [ -n "$JAVA_NOTES" ] || return 0
    if [ -e "$JAVA_NOTES/classes.jsa" ] && [ -z "$(find "$RUNTIME/lib"/*.jar "$RUNTIME/bin/java.sh" -newer "$JAVA_NOTES/classes.jsa")" ]; then
        return
    fi
    say "archiving classes for a faster start: a gateway starts and ends"
    mkdir -p -- "$JAVA_NOTES"
    state=$(mktemp -d)
    new=$JAVA_NOTES/classes.jsa.new
    rm -f -- "$JAVA_NOTES"/*
    if ! (
        unset RINGFENCE_INS_COMMAND RINGFENCE_ABI
        export RINGFENCE_STATE=$state/gateway RINGFENCE_JAVA_OPTS="${RINGFENCE_JAVA_OPTS:-} -XX:ArchiveClassesAtExit=./classes.jsa"
        "$ROOT/ringfence" up && "$ROOT/ringfence" down && cp -- "$RINGFENCE_STATE/classes.jsa" "$new"
    ) >"$state/said" 2>&1; then
        say "no archive: starts take half a second longer. It said: $(tail -n 1 -- "$state/said")"
        touch -- "$new" # not tried again for these libraries
    fi
    memory_options >"$JAVA_NOTES/memory.new"
    mv -- "$JAVA_NOTES/memory.new" "$JAVA_NOTES/memory"
    mv -- "$new" "$JAVA_NOTES/classes.jsa"
    rm -rf -- "$state"
}
