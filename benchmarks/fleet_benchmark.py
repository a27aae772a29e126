#!/usr/bin/env python3
"""How large the page of a host is, and what each lever saves (docs/fleet.md).

    fleet_benchmark.py TIDEGAUGE SOCKET

SOCKET is that of an Engine, with 50 containers for the figures in docs/fleet.md. The page is counted with
each lever: series and bytes. Prints one JSON object a line.
"""

import ctypes
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request

SETTING = {"container_monitor": {"interval": "2s"}}
PROGRAM_GROUPS = ["calls", "pool"]
CONTAINER_GROUPS = ["history", "health", "spec", "cpu", "memory", "pressure", "network", "block_io",
                    "filesystem", "machine"]
LEVERS = {
    "default": {},
    "metrics.labels: minimal": {"metrics": {"labels": "minimal"}},
    "container_monitor.labels: []": {"container_monitor": {"labels": []}},
    "metrics.process: false": {"metrics": {"process": False}},
    **{f"metrics.disable: [{group}]": {"metrics": {"disable": [group]}}
       for group in CONTAINER_GROUPS + PROGRAM_GROUPS},
    "use and ends alone": {"metrics": {
        "labels": "minimal", "process": False,
        "disable": ["health", "spec", "pressure", "block_io", "filesystem", "machine", "calls",
                    "pool"]}},
}

directory = ""


def report(name, **figures):
    print(json.dumps({"name": name, **figures}), flush=True)


def die_with_parent():
    pr_set_pdeathsig = 1
    ctypes.CDLL(None).prctl(pr_set_pdeathsig, signal.SIGKILL)


class Program:
    def __init__(self, name, command, pattern):
        self.log_path = os.path.join(directory, f"{name}.log")
        with open(self.log_path, "wb") as log:
            self.child = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                          env={"PATH": os.environ["PATH"]},
                                          preexec_fn=die_with_parent)
        self.port = int(self.wait_for(pattern))

    def wait_for(self, pattern):
        for _ in range(300):
            with open(self.log_path, encoding="utf-8", errors="replace") as log:
                text = log.read()
            if found := re.search(pattern, text):
                return found.group(1)
            if self.child.poll() is not None:
                break
            time.sleep(0.1)
        sys.exit(f"does not start:\n{text}")

    def get(self, target, **headers):
        url = f"http://127.0.0.1:{self.port}{target}"
        request = urllib.request.Request(url, headers=headers)
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.read()

    def end(self):
        self.child.terminate()
        self.child.wait(20)


def start_daemon(tidegauge, engine, changes):
    config = {"pool": {"socket_path": f"unix://{engine}"},
              "web": {"listen_address": ["127.0.0.1:0"], "compression": "always"}}
    for sections in (SETTING, changes):
        for section, options in sections.items():
            config.setdefault(section, {}).update(options)
    path = os.path.join(directory, "tidegauge.yaml")
    with open(path, "w", encoding="utf-8") as file:
        json.dump(config, file)
    daemon = Program("tidegauge", [tidegauge, "--config", path],
                     r'msg="tidegauge has started".* port=(\d+)')
    wait_until_complete(daemon)
    return daemon


def wait_until_complete(daemon):
    """Until the page has the same number of series for three seconds, and scrapes of its own."""
    counts = []
    while len(counts) < 4 or len(set(counts[-4:])) > 1 or counts[-1] < 500:
        time.sleep(1)
        counts.append(len(series_of(daemon.get("/metrics").decode())))
        if len(counts) > 60:
            sys.exit(f"the page does not come to rest: {counts}")


def series_of(page):
    return [line for line in page.splitlines() if line and not line.startswith("#")]


def measure_page(name, daemon):
    page = daemon.get("/metrics")
    series = series_of(page.decode())
    report(name, series=len(series), of_containers=sum('name="' in line for line in series),
           bytes=len(page), gzip=len(daemon.get("/metrics", **{"Accept-Encoding": "gzip"})),
           zstd=len(daemon.get("/metrics", **{"Accept-Encoding": "zstd"})))


def main():
    global directory  # pylint: disable=global-statement
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    with tempfile.TemporaryDirectory(prefix="tidegauge-fleet-") as directory:
        for name, changes in LEVERS.items():
            daemon = start_daemon(*sys.argv[1:], changes)
            measure_page(name, daemon)
            daemon.end()


main()
