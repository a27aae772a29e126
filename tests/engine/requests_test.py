#!/usr/bin/python3 -B
"""requests_test.py SOURCE_DIR TIDEGAUGE ENGINE_GUARD: what the daemon asks an Engine for.

Two daemons watch a private dockerd through proxies that let through what the table in docs/security.md
has, and nothing else. They have everything on that asks the Engine for something, the Engine hangs
for a while, and one of the proxies refuses HEAD. All that they have sent must be in the table, and
all that is in the table must have been sent. The table in docs/engines.md must have the same calls.
Needs root.
"""

import contextlib
import os
import re
import signal
import sys
import tempfile
import time

sys.path.append(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from support import engine_proxy, processes, real_engine  # noqa: E402, found by the line above
from support.daemon import Daemon, has_series  # noqa: E402

DEADLINE = 40.0  # seconds, for whatever is waited for
HEAD_PING, GET_PING = engine_proxy.Entry("HEAD /_ping"), engine_proxy.Entry("GET /_ping")
CONTAINERS = {
    "runs": {"Cmd": ["sh", "-c", "echo here I am; sleep inf"]},
    "fails": {"Cmd": ["sh", "-c", "echo the end; exit 3"]},
    "stopped": {"Cmd": ["sh", "-c", "trap 'exit 0' TERM; while true; do sleep 0.1; done"]},
}

programs = None  # those that were started


def check(sentence, holds):
    if not holds:
        programs.fail(sentence)
    print("ok:", sentence, flush=True)


def check_soon(sentence, holds):
    end = time.monotonic() + DEADLINE
    while not (seen := holds()) and time.monotonic() < end:
        time.sleep(0.1)
    check(sentence, seen)


def has(daemon, metric, value, /, **labels):
    return has_series(daemon.get("/metrics").text(), metric, value, **labels)


def has_end(daemon, name, cause):
    ends = daemon.get(f"/api/v1/exits?name={name}").json()["exits"]
    return [end["cause"] for end in ends] == [cause]


# --- the daemons ----------------------------------------------------------------------------------

def watch_by_kernel(tidegauge, engine, proxy):
    daemon = Daemon(programs, tidegauge, proxy.path, web={"show_logs": True}, container_monitor={
        "filesystem_interval": "10s", "exit_log_lines": 3})
    check_soon("the Engine is up", lambda: has(daemon, "tidegauge_engine_up", 1))
    check_soon("the numbers are the kernel's", lambda: has(
        daemon, "container_stats_source", 1, name="runs", source="kernel"))
    check_soon("all containers are watched",
               lambda: len(daemon.get("/api/v1/containers").json()["containers"]) == len(CONTAINERS))
    engine.do("fails", "start")
    check_soon("an end is told", lambda: has_end(daemon, "fails", "error"))
    check_soon("the last lines of the log were asked for", lambda: is_sent(proxy, "tail", "3"))
    check("the log is shown", "here I am" in daemon.get("/api/v1/logs/local/runs?lines=7").text())
    check("it was asked for", is_sent(proxy, "tail", "7"))
    check_soon("the writable layer is measured", lambda: has(
        daemon, "container_fs_usage_bytes", r"\d+", name="runs"))
    check("HEAD /_ping is enough so far", GET_PING not in entries_of(proxy))
    engine.do("stopped", "stop")
    check_soon("an end that was asked for is told", lambda: has_end(daemon, "stopped", "stopped"))
    check("GET /_ping goes with it", GET_PING in entries_of(proxy))
    engine.freeze()
    check_soon("an Engine that hangs is down", lambda: has(daemon, "tidegauge_engine_up", 0))
    engine.thaw()
    check_soon("it is up again", lambda: has(daemon, "tidegauge_engine_up", 1))
    daemon.process.end()


def watch_by_engine(tidegauge, proxy):
    daemon = Daemon(programs, tidegauge, proxy.path, container_monitor={"stats_source": "engine"})
    check_soon("the Engine is up without HEAD", lambda: has(daemon, "tidegauge_engine_up", 1))
    check_soon("the numbers are the Engine's", lambda: has(
        daemon, "container_stats_source", 1, name="runs", source="engine")
        and has(daemon, "container_memory_usage_bytes", r"[1-9]\d+", name="runs"))
    check("HEAD was tried, and GET /_ping instead", {HEAD_PING, GET_PING} <= entries_of(proxy))
    daemon.process.end()


# --- what was sent --------------------------------------------------------------------------------

def entries_of(*proxies):
    return {request.entry for proxy in proxies for request in proxy.requests()}


def is_sent(proxy, option, value):
    return any((option, value) in engine_proxy.options_of(request.options())
               for request in proxy.requests())


def unknown(proxies):
    """Returns the requests that the table does not have."""
    return sorted({f"{request.method} {request.target}" for proxy in proxies
                   for request in proxy.requests() if not request.entry})


def check_requests(allowed, proxies):
    requests = [request for proxy in proxies for request in proxy.requests()]
    check("all that is sent is in the table", not unknown(proxies))
    idle = {entry.text for entry in set(allowed) - entries_of(*proxies)}
    check(f"all that is in the table is sent, but for: {sorted(idle)}", not idle)
    without_version = {request.path() for request in requests if not request.version()}
    check(f"only /_ping and /version are asked for without a version: {sorted(without_version)}",
          without_version <= {"/_ping", "/version"})
    print(f"{len(requests)} requests", flush=True)


def check_calls_of_proxies(source, allowed):
    """What docs/engines.md says about each call, by its target."""
    with open(os.path.join(source, "docs", "engines.md"), encoding="utf-8") as file:
        table = re.search(r"^\| call \|.*\n((?:\|.*\n)+)", file.read(), re.MULTILINE).group(1)
    check("docs/engines.md has the calls of docs/security.md",
          set(re.findall(r"^\| `(.*?)` \|", table, re.MULTILINE))
          == {entry.text.split(" ")[1] for entry in allowed})


def test_requests(tidegauge, engine, allowed):
    for name, spec in CONTAINERS.items():
        engine.create(name, spec)
    engine.do("runs", "start")
    engine.do("stopped", "start")
    with contextlib.ExitStack() as stack:
        open_proxy, proxy_without_head = [
            stack.enter_context(engine_proxy.EngineProxy(
                os.path.join(programs.directory, name), engine.socket, allowed, refused))
            for name, refused in (("open.sock", ()), ("without-head.sock", [HEAD_PING]))]
        try:
            watch_by_kernel(tidegauge, engine, open_proxy)
            watch_by_engine(tidegauge, proxy_without_head)
            check_requests(allowed, [open_proxy, proxy_without_head])
        finally:
            print("sent, but not in the table:", unknown([open_proxy, proxy_without_head]), flush=True)


def main():
    global programs  # pylint: disable=global-statement
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    source, tidegauge, guard = map(os.path.abspath, sys.argv[1:])
    if missing := real_engine.missing_programs():
        sys.exit(f"missing: {' '.join(missing)}; on Debian: apt-get install docker.io busybox-static")
    for name in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(name, lambda *_: sys.exit("ended by a signal"))
    allowed = engine_proxy.allowed_requests(os.path.join(source, "docs", "security.md"))
    with tempfile.TemporaryDirectory(prefix="tidegauge-requests-") as directory:
        programs = processes.Programs(directory, DEADLINE)
        engine = None
        try:
            check("the table is found", {HEAD_PING, GET_PING} < set(allowed))
            check_calls_of_proxies(source, allowed)
            engine = real_engine.Engine(guard)
            test_requests(tidegauge, engine, allowed)
        finally:
            programs.end()
            if engine is not None:
                engine.end()


main()
