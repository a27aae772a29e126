#!/usr/bin/python3 -B
"""prometheus_test.py SOURCE_DIR TIDEGAUGE ENGINE_GUARD: dashboards and rules beside a real Engine.

Two daemons watch a private dockerd, faults are planted, and a real Prometheus scrapes the daemons
with the rules of config/prometheus: each query of a dashboard, each selector of a rule and each
recording rule finds data there, and the alerts fire. A second Prometheus, above the first as
docs/fleet.md has it, has all that the dashboard of the fleet shows. Needs root.
"""

import json
import math
import os
import re
import runpy
import shutil
import signal
import sys
import tempfile
import time
import urllib.error
import urllib.parse
import urllib.request

try:
    import yaml
except ImportError as missing_module:
    sys.exit(f"{missing_module}; on Debian: apt-get install python3-yaml")

sys.path.append(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from support import processes, real_engine  # noqa: E402, found by the line above

DEADLINE = 90.0  # seconds, for whatever is waited for
# The alerts that are not planted here, and why; promtool tests them all.
NOT_PLANTED = {
    "TidegaugeStale": "a monitor would have to hang",
    "PoolLeak": "the daemon would have to keep a connection",
    "PoolExhausted": "callers wait for a connection only where there are more than connections",
    "ContainerQuarantined": "the Engine would have to hang for one container alone",
    "SamplesTooOld": "takes more than a minute",
    "ContainerKilled": "takes more than a minute",
    "ContainerDead": "the Engine would have to fail",
    "ContainerUnderPressure": "the machine would have to be overloaded",
}
OF_THE_ENGINE = {"EngineDown", "EngineHung", "CircuitOpen"}
MEBIBYTE = 1024 * 1024
WEB = "while true; do i=0; while [ $i -lt 20000 ]; do i=$((i+1)); done; " \
      "dd if=/bin/busybox of=/dev/null bs=64k count=4 iflag=direct 2>/dev/null; " \
      "ping -c 1 172.29.0.1 >/dev/null; sleep 0.2; done"
CONTAINERS = {
    "web": {"Cmd": ["sh", "-c", WEB],
            "HostConfig": {"Memory": 64 * MEBIBYTE, "PidsLimit": 100}},
    "ill": {"Cmd": ["sleep", "inf"],
            "Healthcheck": {"Test": ["CMD", "false"], "Interval": 10 ** 9, "Retries": 1}},
    "full": {"Cmd": ["sh", "-c", "dd if=/dev/zero of=/dev/shm/x bs=64k count=976; sleep inf"],
             "HostConfig": {"Memory": 64 * MEBIBYTE}},
    # The Engine cannot read its log, so that a call fails.
    "failed": {"Cmd": ["sh", "-c", "exit 3"], "HostConfig": {"LogConfig": {"Type": "none"}}},
    "hungry": {"Cmd": ["tail", "/dev/zero"],
               "HostConfig": {"Memory": 16 * MEBIBYTE, "MemorySwap": 16 * MEBIBYTE}},
    "busy": {"Cmd": ["sh", "-c", "while true; do :; done"],
             "HostConfig": {"CpuPeriod": 100000, "CpuQuota": 5000}},
    "obedient": {"Cmd": ["sh", "-c", "trap 'exit 0' TERM; while true; do sleep 0.1; done"]},
    **{f"storm-{number}": {"Cmd": ["sleep", "inf"]} for number in range(5)},
}

source = ""
programs = None  # those that were started
dashboards_test = {}  # the functions of dashboards_test.py


# --- checks ---------------------------------------------------------------------------------------

def check(sentence, holds):
    if not holds:
        programs.fail(sentence)


def wait_for_all(sentence, waiting, holds):
    """Until `holds` is true of each once; all are asked again and again."""
    end = time.monotonic() + DEADLINE
    waiting = list(waiting)
    count = len(waiting)
    while True:
        waiting = [item for item in waiting if not holds(item)]
        if not waiting:
            print(f"ok: {sentence} ({count})", flush=True)
            return
        if time.monotonic() > end:
            programs.fail(f"{sentence}, but not of:\n" + "\n".join(map(str, waiting)))
        time.sleep(0.5)


# --- files of the project -------------------------------------------------------------------------

def path_of(*parts):
    return os.path.join(source, *parts)


def queries_of(dashboard):
    return dashboards_test["queries_of"](dashboard)


def read_rules():
    rules = []
    for name in ("rules.yaml", "alerts.yaml"):
        with open(path_of("config", "prometheus", name), encoding="utf-8") as file:
            rules += [rule for group in yaml.safe_load(file)["groups"] for rule in group["rules"]]
    return rules


def selectors_in(expression):
    """`up{job="tidegauge"}`, without ranges and functions."""
    return re.findall(r"\b(?:container_\w+|tidegauge_\w+|up|(?:name|instance):[\w:]+)(?:\{[^}]*\})?"
                      r"(?![\w(])", re.sub(r"\b(?:by|on|without) \([^)]*\)|\"[^\"]*\"(?=[,)])", "",
                                          expression))


# --- programs -------------------------------------------------------------------------------------

class Daemon:
    def __init__(self, name, program, engine, **sections):
        self.config_path = os.path.join(programs.directory, f"{name}.yaml")
        config = {"pool": {"socket_path": f"unix://{engine.socket}"},
                  "web": {"listen_address": ["127.0.0.1:0"]}}
        for section, options in sections.items():
            config.setdefault(section, {}).update(options)
        config.setdefault("container_monitor", {}).update({"interval": "1s"})
        self.write_config(json.dumps(config))  # which is YAML as well
        self.process = programs.start(f"tidegauge-{name}",
                                      [program, "--config", self.config_path])
        self.port = int(self.process.wait_for(r'msg="tidegauge has started".* port=(\d+)'))

    def write_config(self, text):
        with open(self.config_path, "w", encoding="utf-8") as file:
            file.write(text)

    def reload(self):
        self.process.child.send_signal(signal.SIGHUP)


class Prometheus:
    def __init__(self, name, config):
        config["global"] = {"scrape_interval": "1s", "evaluation_interval": "1s"}
        path = os.path.join(programs.directory, f"{name}.yml")
        with open(path, "w", encoding="utf-8") as file:
            json.dump(config, file)
        process = programs.start(name, [
            "prometheus", f"--config.file={path}", "--web.listen-address=127.0.0.1:0",
            f"--storage.tsdb.path={os.path.join(programs.directory, name)}"])
        process.wait_for("(ready to receive web requests)")
        port = process.wait_for(r'msg="Listening on" address=127\.0\.0\.1:(\d+)')
        self.address = f"127.0.0.1:{port}"
        self.url = f"http://{self.address}/api/v1/"

    def ask(self, target, **parameters):
        url = f"{self.url}{target}?{urllib.parse.urlencode(parameters)}"
        try:
            with urllib.request.urlopen(url, timeout=10) as answer:
                return json.load(answer)["data"]
        except urllib.error.HTTPError as error:
            return programs.fail(f"Prometheus refuses {parameters}: {error.read().decode()}")

    def finds(self, expression):
        """Whether there is a value now."""
        data = self.ask("query", query=expression)
        series = [data] if data["resultType"] == "scalar" else data["result"]
        return any(math.isfinite(float(one["value"][1])) for one in series)


# --- the dashboards and rules beside daemons ------------------------------------------------------

def plant_faults(engine, limited):
    for name in CONTAINERS:
        engine.do(name, "start")
    for number in range(5):
        engine.do(f"storm-{number}", "restart?t=0")
    for _ in range(4):
        engine.do("storm-0", "restart?t=0")
    engine.do("obedient", "stop")
    # A command that does not exist: the Engine refuses to start it.
    engine.create("refused", {"Cmd": ["nonsense"]})
    status, _ = engine.try_to("POST", "/containers/refused/start")
    check("a container without its program does not start", status == 400)
    limited.write_config("nonsense: true\n")
    limited.reload()


def prometheus_of(daemons):
    return Prometheus("prometheus", {
        "rule_files": [path_of("config", "prometheus", name)
                       for name in ("rules.yaml", "alerts.yaml")],
        "scrape_configs": [{"job_name": "tidegauge", "static_configs": [
            {"targets": [f"127.0.0.1:{daemon.port}" for daemon in daemons]}]}]})


def federation_of(prometheus):
    """As docs/fleet.md has it."""
    with open(path_of("docs", "fleet.md"), encoding="utf-8") as file:
        blocks = re.findall(r"^```yaml\n(.*?)^```", file.read(), re.MULTILINE | re.DOTALL)
    config = yaml.safe_load(next(block for block in blocks if "/federate" in block))
    config["scrape_configs"][0]["static_configs"] = [{"targets": [prometheus.address]}]
    return Prometheus("federation", config)


def not_counted_here(engine):
    """What the kernel does not count of containers, by the beginnings of metrics."""
    cgroups = "/sys/fs/cgroup"
    if os.path.exists(f"{cgroups}/cgroup.controllers"):
        return []
    identity = json.loads(engine.ask("GET", "/containers/web/json"))["Id"]
    with open(f"{cgroups}/blkio/docker/{identity}/blkio.throttle.io_service_bytes_recursive",
              encoding="ascii") as file:
        counts_block_io = file.read().strip() != "Total 0"  # although `web` reads its disk
    return ["container_pressure_"] + ([] if counts_block_io else ["container_fs_"])


def check_queries(engine, prometheus, dashboards):
    left_out = not_counted_here(engine)
    print(f"left out, as this kernel does not count them of containers: {left_out}", flush=True)
    queries = [query for dashboard in dashboards.values() for query in queries_of(dashboard)
               if 'id="/"' in query[1] or not any(name in query[1] for name in left_out)]
    wait_for_all("each query of a dashboard finds data", queries,
                 lambda query: prometheus.finds(query[1]))
    variables = [re.fullmatch(r"label_values\((.*), (\w+)\)", variable["query"]["query"]).groups()
                 for dashboard in dashboards.values()
                 for variable in dashboard["templating"]["list"] if variable["type"] == "query"]
    wait_for_all("each variable of a dashboard has values", variables,
                 lambda variable: prometheus.ask(f"label/{variable[1]}/values", **{
                     "match[]": variable[0].replace("$instance", ".+")}))


def check_rules(prometheus, rules):
    selectors = {selector for rule in rules for selector in selectors_in(rule["expr"])}
    wait_for_all("each selector of a rule finds data", sorted(selectors), prometheus.finds)
    wait_for_all("each recording rule has series",
                 [rule["record"] for rule in rules if "record" in rule], prometheus.finds)
    for group in prometheus.ask("rules")["groups"]:
        for rule in group["rules"]:
            check(f"{rule['name']} is evaluated: {rule.get('lastError')}", rule["health"] == "ok")


def check_alerts(sentence, prometheus, rules):
    """By their expressions: `for` would take minutes."""
    wait_for_all(sentence, rules, lambda rule: prometheus.finds(rule["expr"]))


def test_beside_engine(dashboards, tidegauge, engine):
    rules = read_rules()
    alerts = {rule["alert"]: rule for rule in rules if "alert" in rule}
    check("what is not planted is an alert", set(NOT_PLANTED) | OF_THE_ENGINE <= set(alerts))
    daemon = Daemon("daemon", tidegauge, engine, container_monitor={"exit_log_lines": 1})
    limited = Daemon("limited", tidegauge, engine, metrics={"max_series": 100})
    for name, spec in CONTAINERS.items():
        engine.create(name, spec)
    prometheus = prometheus_of([daemon, limited])
    wait_for_all("Prometheus scrapes both daemons, and counters begin at 0",
                 ['count(up{job="tidegauge"} == 1) == 2',
                  f"count(count by (name) (container_restarts_total)) == {len(CONTAINERS)}"],
                 prometheus.finds)
    plant_faults(engine, limited)
    check_alerts("the alerts find the faults of containers and of the daemon", prometheus,
                 [rule for name, rule in alerts.items()
                  if name not in {"TidegaugeDown", *NOT_PLANTED, *OF_THE_ENGINE}])
    engine.freeze()
    check_alerts("the alerts find an Engine that hangs", prometheus,
                 [alerts[name] for name in OF_THE_ENGINE])
    engine.thaw()
    check_queries(engine, prometheus, dashboards)
    check_rules(prometheus, rules)
    federation = federation_of(prometheus)
    wait_for_all("each query of the fleet finds data above a federation",
                 queries_of(dashboards["fleet.json"]), lambda query: federation.finds(query[1]))
    limited.process.end()
    check_alerts("the alerts find a daemon that has ended", prometheus, [alerts["TidegaugeDown"]])


def main():
    global source, programs, dashboards_test  # pylint: disable=global-statement
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    source, tidegauge, guard = map(os.path.abspath, sys.argv[1:])
    missing = real_engine.missing_programs()
    if missing or shutil.which("prometheus") is None:
        sys.exit(f"missing: {' '.join(missing) or 'prometheus'}; on Debian: apt-get install "
                 "prometheus docker.io busybox-static")
    for name in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(name, lambda *_: sys.exit("ended by a signal"))
    dashboards_test = runpy.run_path(path_of("tests", "metrics", "dashboards_test.py"))
    with tempfile.TemporaryDirectory(prefix="tidegauge-prometheus-") as directory:
        programs = processes.Programs(directory, DEADLINE)
        engine = None
        try:
            engine = real_engine.Engine(guard)
            test_beside_engine(dashboards_test["read_dashboards"](), tidegauge, engine)
        finally:
            programs.end()
            if engine is not None:
                engine.end()


main()
