#!/usr/bin/python3 -B
"""What the status page costs: the program beside the simulated Engine with 200 containers.

    status_page_benchmark.py TIDEGAUGE SIMULATED_ENGINE [MINUTES]

The plots fill for MINUTES (15) first. Prints one JSON object a line; exit status 1 if a figure falls
short of its limit.
"""

import http.client
import os
import statistics
import sys
import tempfile
import threading
import time

sys.path += [os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", *place)
             for place in (("tests",), ("tests", "browser"))]
from support import processes  # noqa: E402, found by the line above

from figures import fell_short, report, serving_cpu_seconds  # noqa: E402, beside this file

from daemon import HOST, Daemon, SimulatedEngine  # noqa: E402

CONTAINERS, LOADS, SCRAPES, BROWSERS = 200, 15, 400, 20
REFRESH_SECONDS = 5  # as page.js has it
OPEN_SECONDS = 120


def main():
    if not 3 <= len(sys.argv) <= 4:
        sys.exit(__doc__)
    program, engine_program = map(os.path.abspath, sys.argv[1:3])
    minutes = float(sys.argv[3]) if len(sys.argv) == 4 else 15.0
    with tempfile.TemporaryDirectory(prefix="tidegauge-status-") as directory, \
            processes.Programs(directory) as programs:
        engine = SimulatedEngine(programs, engine_program, containers=CONTAINERS)
        daemon = Daemon(programs, program, engine.socket_path, web={"compression": "always"},
                        container_monitor={"interval": "10s"})
        time.sleep(max(minutes * 60, 30))
        measure_history(daemon)
        measure_loads(daemon)
        measure_open_page(daemon)
        measure_scrapes(daemon)
    sys.exit(1 if fell_short() else 0)


# --- requests -------------------------------------------------------------------------------------

class Browser:
    """Keeps its connection, and asks only for what it does not have."""

    def __init__(self, port):
        self.connection = http.client.HTTPConnection(HOST, port, timeout=20)
        self.etag = ""

    def load(self, target="/"):
        """Seconds to the first byte and to the last one, and the bytes; 304 has none."""
        begin = time.perf_counter()
        headers = {"Accept-Encoding": "gzip"}
        if self.etag:
            headers["If-None-Match"] = self.etag
        self.connection.request("GET", target, headers=headers)
        response = self.connection.getresponse()
        first = time.perf_counter() - begin
        size = len(response.read())
        self.etag = response.headers.get("ETag", "")
        return first, time.perf_counter() - begin, size


# --- figures --------------------------------------------------------------------------------------

def measure_history(daemon):
    page = daemon.get("/metrics?name[]=tidegauge_history_bytes").text()
    size = next(line for line in page.splitlines() if line.startswith("tidegauge_history_bytes"))
    report(f"history of {CONTAINERS} containers", float(size.split()[1]) / 1024, "KiB", limit=1024)


def measure_loads(daemon):
    """Each is of a new snapshot, so that nobody else has had the page rendered."""
    browser = Browser(daemon.port)
    loads = []
    while len(loads) < LOADS:
        load = browser.load()
        if load[2] > 0:
            loads.append(load)
        time.sleep(0.2)
    first, whole, sizes = zip(*loads)
    report("first byte of /, median", statistics.median(first) * 1e3, "ms", limit=5)
    report("whole page of /, median", statistics.median(whole) * 1e3, "ms", limit=15)
    report("first byte of /, worst", max(first) * 1e3, "ms")
    report("whole page of /, worst", max(whole) * 1e3, "ms")
    report("size of /, gzip", max(sizes) / 1024, "KiB", limit=60)


def measure_open_page(daemon):
    before = serving_cpu_seconds(daemon.process.child.pid)
    begin = time.monotonic()
    browser = Browser(daemon.port)
    while time.monotonic() - begin < OPEN_SECONDS:
        browser.load()
        time.sleep(REFRESH_SECONDS)
    used = serving_cpu_seconds(daemon.process.child.pid) - before
    report("one open page", used / (time.monotonic() - begin) * 100, "% of a core",
           limit=0.1)


def measure_scrapes(daemon):
    def p99():
        scraper = Browser(daemon.port)
        times = []
        for _ in range(SCRAPES):
            times.append(scraper.load("/metrics")[1])
            time.sleep(0.025)
        return sorted(times)[int(0.99 * len(times))]

    alone = p99()
    stop = threading.Event()

    def refresh(delay):
        browser = Browser(daemon.port)
        stop.wait(delay)
        while not stop.is_set():
            browser.load()
            stop.wait(REFRESH_SECONDS)

    browsers = [threading.Thread(target=refresh, args=(REFRESH_SECONDS * i / BROWSERS,))
                for i in range(BROWSERS)]
    for browser in browsers:
        browser.start()
    beside = p99()
    stop.set()
    for browser in browsers:
        browser.join()
    report(f"p99 of scrapes while {BROWSERS} browsers refresh", beside * 1e3, "ms",
           baseline=alone * 1e3, limit=2)


main()
