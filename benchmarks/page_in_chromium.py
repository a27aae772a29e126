#!/usr/bin/python3 -B
"""How fast the overview of a large host is in Chromium, and whether it stays small there.

    page_in_chromium.py TIDEGAUGE [MINUTES [CONTAINERS]]

A daemon watches a made-up Engine with CONTAINERS (500) containers in projects of ten. The page is
loaded, its controls are used, and for MINUTES (10) it refreshes itself, each two seconds in place of
five. Needs chromium, chromium-driver and python3-selenium. Prints one JSON object a line; exit status 1
if a figure falls short of its limit.
"""

import os
import statistics
import sys
import tempfile
import time

sys.path += [os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", *place)
             for place in (("tests",), ("tests", "browser"))]
from support import processes  # noqa: E402, found by the line above

from figures import fell_short, report  # noqa: E402, beside this file

import chromium  # noqa: E402
import page_parts as parts  # noqa: E402
import scenes  # noqa: E402
from daemon import Daemon  # noqa: E402
from scripted_engine import ScriptedEngine  # noqa: E402

LOADS, ACTIONS = 10, 15
HURRY = 2.5  # a page refreshes itself that many times as often
WARM_UP = 100  # refreshes, in which the compiler of scripts has seen all of them
INTERACTIVE_MS, ACTION_MS = 500, 50
MOST_GROWTH = 1.05  # of the heap and of the nodes, over all refreshes
# From the action until a frame shows its effect: what people wait for. The frames themselves are up
# to 17 ms of it.
ACT = """
const [act, holds, done] = [new Function(arguments[0]), new Function("return " + arguments[1]),
                            arguments[2]];
requestAnimationFrame(() => setTimeout(() => {
  const begin = performance.now();
  act();
  const look = () => {
    if (holds()) {
      document.body.offsetHeight;
      requestAnimationFrame(() => setTimeout(() => done(performance.now() - begin)));
    } else if (performance.now() - begin > 5000) {
      done(null);
    } else {
      setTimeout(look);
    }
  };
  look();
}));
"""


def main():
    if not 2 <= len(sys.argv) <= 4:
        sys.exit(__doc__)
    program = os.path.abspath(sys.argv[1])
    minutes = float(sys.argv[2]) if len(sys.argv) > 2 else 10.0
    count = int(sys.argv[3]) if len(sys.argv) > 3 else 500
    if missing := chromium.missing_packages():
        sys.exit(f"missing; on Debian: apt-get install {' '.join(missing)}")
    with tempfile.TemporaryDirectory(prefix="tidegauge-chromium-") as directory, \
            processes.Programs(directory) as programs:
        engine = ScriptedEngine(os.path.join(directory, "docker.sock"), scenes.many(count))
        # As often as the page looks: so each refresh has new numbers.
        daemon = Daemon(programs, program, engine.socket_path,
                        container_monitor={"interval": "2s"})
        wait_for_containers(daemon, count)
        measure_server(daemon)
        with chromium.Chromium(logs_requests=False) as browser:
            measure_loads(browser, daemon, count)
            measure_actions(browser)
            check_console(browser)
        with chromium.Chromium(logs_requests=False, hurry=HURRY) as browser:
            browser.open(daemon.url)
            measure_refreshes(browser, minutes)
            check_console(browser)
    return fell_short()


def check_console(browser):
    if complaints := browser.complaints():
        sys.exit(f"the console is not empty: {complaints}")


def wait_for_containers(daemon, count):
    end = time.monotonic() + 60
    while daemon.get("/").text().count('class="plot"') < count:
        if time.monotonic() > end:
            sys.exit("the daemon does not show all containers")
        time.sleep(0.5)


def measure_server(daemon):
    times, answer = [], None
    for _ in range(LOADS):
        begin = time.monotonic()
        answer = daemon.get("/")
        times.append((time.monotonic() - begin) * 1e3)
    report("overview.served", statistics.median(times), "ms")
    report("overview.size", len(answer.body) / 1024, "KiB")
    packed = daemon.get("/", **{"Accept-Encoding": "gzip, identity;q=0"})
    report("overview.size_gzip", len(packed.body) / 1024, "KiB")


def measure_loads(browser, daemon, count):
    """Interactive: the program of the page has run, and no task of it is left."""
    interactive, painted = [], []
    for _ in range(LOADS):
        browser.open(daemon.url)
        browser.run("return new Promise(done => requestIdleCallback(done))")
        times = browser.run(
            "const load = performance.getEntriesByType('navigation')[0];"
            "const paint = performance.getEntriesByName('first-contentful-paint')[0];"
            "return [load.domContentLoadedEventEnd, paint ? paint.startTime : 0]")
        interactive.append(times[0])
        painted.append(times[1])
    rows = len(browser.all(parts.ROW))
    if rows != count:
        sys.exit(f"the page shows {rows} containers")
    report("overview.first_paint", statistics.median(painted), "ms")
    report("overview.interactive", statistics.median(interactive), "ms", limit=INTERACTIVE_MS)
    report("overview.nodes", browser.nodes(), "nodes")


def measure_actions(browser):
    def button(key):
        return f"document.querySelector(\"{parts.TABLE} th[data-sort='{key}']\")"

    def turned(key):
        return (f"window.was = {button(key)}.getAttribute('aria-sort');"
                f"{button(key)}.querySelector('button').click()",
                f"{button(key)}.getAttribute('aria-sort') !== window.was")

    def typed(text):
        return (f"window.was = {shown};"
                f"const field = document.querySelector('{parts.SEARCH}'); field.value = '{text}';"
                "field.dispatchEvent(new InputEvent('input', {bubbles: true}))",
                f"{shown} !== window.was")

    def chosen(value):
        return (f"window.was = {shown};"
                f"const field = document.querySelector('{parts.STATE_FILTER}');"
                f"field.value = '{value}';"
                "field.dispatchEvent(new Event('input', {bubbles: true}));"
                "field.dispatchEvent(new Event('change', {bubbles: true}))",
                f"{shown} !== window.was")

    shown = f"document.querySelector('{parts.SHOWN}').textContent"
    all_states = browser.run(f"return document.querySelector('{parts.STATE_FILTER}').value")
    group = f"document.querySelector('{parts.BY_PROJECT}')"
    groups = f"document.querySelectorAll('{parts.GROUP}')"
    seen = f"[...{groups}].filter(one => one.getClientRects().length).length"
    grouped = (f"window.was = {seen}; {group}.click()", f"{seen} !== window.was")
    toggle = f"document.querySelector('{parts.GROUP_TOGGLE}')"
    toggled = (f"window.was = {toggle}.ariaExpanded; {toggle}.click()",
               f"{toggle}.ariaExpanded !== window.was")
    for name, actions in (
            ("sort_by_name", [turned("name")]), ("sort_by_memory", [turned("memory")]),
            ("search", [typed("service-1"), typed("")]),
            ("filter", [chosen("exited"), chosen(all_states)]),
            ("group", [grouped]), ("toggle", [toggled])):
        times = []
        for _ in range(ACTIONS):
            for act, holds in actions:
                milliseconds = browser.driver.execute_async_script(ACT, act, holds)
                if milliseconds is None:
                    sys.exit(f"{name} has no effect")
                times.append(milliseconds)
        if name == "group" and not browser.run(f"return {group}.checked"):
            browser.run(f"{group}.click()")
        report(f"overview.{name}", statistics.median(times), "ms", limit=ACTION_MS)
        report(f"overview.{name}.slowest", max(times), "ms")


def measure_refreshes(browser, minutes):
    """The heap is looked at each minute: to ask more often would fill it with the questions."""
    browser.devtools("Performance.enable")
    browser.run("window.longest = 0; new PerformanceObserver(list => list.getEntries().forEach("
                "entry => longest = Math.max(longest, entry.duration)))"
                ".observe({type: 'longtask'});")
    while browser.run("return testObserver.answers") < WARM_UP:
        time.sleep(5)
    first, nodes, before = browser.heap_bytes(), browser.nodes(), spent(browser)
    count, longest = browser.run("const seen = longest; longest = 0;"
                                 "return [testObserver.answers, seen]")
    end = time.monotonic() + minutes * 60
    while time.monotonic() < end:
        time.sleep(min(60, max(1, end - time.monotonic())))
        after = spent(browser)
        report("overview.heap", browser.heap_bytes() / 1024, "KiB")
        # A collection of garbage that this program asks for is no task of the page.
        longest = max(longest, browser.run("const seen = longest; longest = 0; return seen"))
    refreshes = browser.run("return testObserver.answers") - count
    if refreshes < minutes * 10:
        sys.exit(f"the page has refreshed itself {refreshes} times")
    report("overview.refreshes", refreshes, "refreshes")
    for part, name in (("LayoutDuration", "layout"), ("RecalcStyleDuration", "style"),
                       ("TaskDuration", "all")):
        report(f"overview.refresh.{name}", (after[part] - before[part]) / refreshes * 1e3, "ms")
    report("overview.refresh.longest_task", longest, "ms")
    report("overview.heap.growth", browser.heap_bytes() / 1024, "KiB", baseline=first / 1024,
           limit=MOST_GROWTH)
    report("overview.nodes.growth", browser.nodes(), "nodes", baseline=nodes, limit=MOST_GROWTH)
    report("overview.documents.kept", browser.devtools("Memory.getDOMCounters")["documents"],
           "documents", limit=3)


def spent(browser):
    """Seconds of the page's thread since it was loaded, by what it did."""
    return {metric["name"]: metric["value"]
            for metric in browser.devtools("Performance.getMetrics")["metrics"]}


sys.exit(main())
