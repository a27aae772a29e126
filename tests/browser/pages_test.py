#!/usr/bin/python3 -B
"""pages_test.py TIDEGAUGE SIMULATED_ENGINE ENGINE_GUARD CACHE [TEST...]: the pages in Chromium.

Debian's Chromium opens the pages of daemons that watch the simulated Engine, Engines that say
whatever this test wants, and a private dockerd. Each control is used as people use it. Wherever a page
was open, the console must be empty, nothing may have been asked of another host, and no dialog may
have opened. All tests run, or those whose names are given; the exit status is 1 if a check failed.
CACHE is a directory for axe-core, which is downloaded once. Needs root for the dockerd alone.
"""

import contextlib
import os
import shutil
import signal
import sys
import tempfile
import time
import traceback
import urllib.parse

sys.path.append(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from support import processes, real_engine  # noqa: E402, found by the line above

import axe  # noqa: E402
import chromium  # noqa: E402
import page_parts as parts  # noqa: E402
import scenes  # noqa: E402
from daemon import Daemon, Proxy, SimulatedEngine  # noqa: E402
from page_parts import ContainerTable  # noqa: E402
from scripted_engine import Container, ScriptedEngine  # noqa: E402

from selenium.webdriver.common.keys import Keys  # noqa: E402

DEADLINE = 20.0  # seconds, for whatever is waited for
HURRY = 10  # a page refreshes itself that many times as often, where the time is not the question
USER, PASSWORD = "reader", "correct horse"
PASSWORD_HASH = "$2y$05$abcdefghijklmnopqrstuuHNbAKRhpaujgo33bRWs.NLUTJO3lOy2"

tidegauge, simulated_engine, engine_guard, cache = "", "", "", ""
programs = None  # those that were started
failures = []


# --- checks ---------------------------------------------------------------------------------------

def check(sentence, expected, seen):
    """Goes on after a failure: the next check may tell more."""
    if expected == seen:
        print("ok:", sentence, flush=True)
        return
    failures.append(sentence)
    print(f"FAILED: {sentence}\n  expected: {expected!r:.1500}\n  seen: {seen!r:.1500}",
          flush=True)


def check_soon(sentence, expected, look):
    """`look` is called until it returns what is expected."""
    end = time.monotonic() + DEADLINE
    while (seen := look()) != expected and time.monotonic() < end:
        time.sleep(0.1)
    check(sentence, expected, seen)


def check_order(sentence, values, direction):
    """Whether the values go one way, those that are not known last."""
    known = [value for value in values if value is not None]
    check(sentence, sorted(known, reverse=direction == "descending")
          + [None] * (len(values) - len(known)), values)


@contextlib.contextmanager
def opened(url, allowed=(), **options):
    """A browser with the page, and at the end the checks that hold for every page."""
    with chromium.Chromium(**options) as browser:
        browser.allowed += allowed
        browser.open(url)
        yield browser
        check("the console is empty", [], browser.complaints())
        check("nothing was asked of another host", [], browser.strangers())
        check("no dialog has opened", [], browser.ran())


# --- daemons --------------------------------------------------------------------------------------

def scripted(containers, name="harbour"):
    path = os.path.join(programs.directory, f"scripted-{time.monotonic_ns()}.sock")
    return ScriptedEngine(path, containers, name)


def start(engines, **sections):
    """A daemon; `engines` is an Engine, or several by their names."""
    if isinstance(engines, dict):
        return Daemon(programs, tidegauge,
                      {name: engine.socket_path for name, engine in engines.items()}, **sections)
    return Daemon(programs, tidegauge, engines.socket_path, **sections)


@contextlib.contextmanager
def watched(containers, **sections):
    """An Engine with the containers, and a daemon that has seen them all twice."""
    engine = scripted(containers)
    daemon = start(engine, **sections)
    wait_for_samples(daemon, containers)
    yield engine, daemon
    daemon.process.end()
    engine.go_down()


def wait_for_samples(daemon, containers):
    """Until there are rates: of two samples."""
    running = sum(one.state == "running" for one in containers)

    def has_all():
        page = daemon.get("/metrics").text()
        return page.count("\ncontainer_memory_usage_bytes{") >= running
    end = time.monotonic() + DEADLINE
    while not has_all():
        if time.monotonic() > end:
            programs.fail("the daemon does not sample all containers")
        time.sleep(0.1)
    time.sleep(2.5)  # the next samples, for which there is no sign


# --- the overview ---------------------------------------------------------------------------------

def test_overview():
    containers = scenes.harbour()
    with watched(containers) as (_, daemon), opened(daemon.url) as browser:
        table = ContainerTable(browser)
        check("the page is the overview", "overview", parts.page_kind(browser))
        check("its language is known", "en", browser.run("return document.documentElement.lang"))
        check("it has one main part", 1, len(browser.all("main")))
        check("it has each section once", [1] * len(parts.OVERVIEW_SECTIONS),
              [len(browser.all(f"section#{name}")) for name in parts.OVERVIEW_SECTIONS])
        check("each container has a row", sorted("local/" + one.name for one in containers),
              sorted(table.keys()))
        check("each row has all cells", [], browser.run(
            "return [...document.querySelectorAll(arguments[0])].filter(row => "
            "arguments[1].some(key => row.querySelectorAll(`td[data-key='${key}']`).length !== 1))"
            ".map(row => row.dataset.key)", parts.ROW, list(parts.CELLS)))
        check("a row tells the state as the Engine does", {one.name: True for one in containers},
              {one.name: table.cell(one.name, "state").startswith(one.state)
               for one in containers})
        check("a row tells the health", ["healthy", "unhealthy"],
              [table.cell(name, "health") for name in ("web", "loki")])
        check("what runs has numbers", [], [
            (name, key) for name in ("web", "db", "grafana")
            for key in ("cpu", "memory", "network", "disk", "pids", "age")
            if not any(digit.isdigit() for digit in table.cell(name, key))])
        check("what runs has plots", True, browser.shown(f"{parts.ROW} {parts.PLOT}") >= 6)
        check("containers are in the groups of their projects",
              {"local/shop": ["api", "db", "mail", "web", "worker"],
               "local/watch": ["grafana", "loki", "prometheus"]},
              {key: sorted(names) for key, names in table.groups().items()
               if key in ("local/shop", "local/watch")})
        check_problems(browser)
        check_links(browser, daemon)


def check_problems(browser):
    text = "\n".join(browser.texts(parts.PROBLEMS))
    for name, sentence in (("loki", "an unhealthy container"), ("db", "one near its memory limit"),
                           ("worker", "one that restarts"), ("relic", "one that is dead")):
        check(f"what needs attention has {sentence}", True, name in text)
    check("what is well needs no attention", [False] * 3,
          [name in text for name in ("grafana", "prometheus", "registry")])
    check("with problems, the page does not say that all is well", 0, browser.shown(parts.ALL_WELL))


def check_links(browser, daemon):
    links = sorted(set(browser.run(
        "return [...document.querySelectorAll('a[href]')].map(link => link.href)")))
    check("each link stays with the daemon", [],
          [link for link in links if not link.startswith(daemon.url)])
    targets = {urllib.parse.urldefrag(link)[0][len(daemon.url) - 1:] for link in links}
    check("each link leads somewhere", {}, {target: status for target in sorted(targets)
                                            if (status := daemon.get(target).status) != 200})
    check("each link within the page leads somewhere", [], browser.run(
        "return [...document.querySelectorAll('a[href^=\"#\"]')]"
        ".map(link => link.getAttribute('href').slice(1))"
        ".filter(id => !document.getElementById(id))"))
    check("no id is there twice", [], browser.run(
        "const ids = [...document.querySelectorAll('[id]')].map(one => one.id);"
        "return ids.filter((id, index) => ids.indexOf(id) !== index)"))


def test_all_well():
    containers = [Container("web"), Container("api", health="healthy")]
    with watched(containers) as (engine, daemon), opened(daemon.url, hurry=HURRY) as browser:
        problems = [text for text in browser.texts(parts.PROBLEMS)
                    if any(one.name in text for one in containers)]
        check("containers that are well need no attention", [], problems)
        if not browser.has(parts.PROBLEMS):  # of the machine that runs the test
            check("the page says that all is well", 1, browser.shown(parts.ALL_WELL))
        engine.change("api", health="unhealthy", failing_streak=3)
        check_soon("a container that becomes unhealthy needs attention", True,
                   lambda: any("api" in text for text in browser.texts(parts.PROBLEMS)))
        check("the page does not say any more that all is well", 0,
              browser.shown(parts.ALL_WELL))
        engine.die("web", exit_code=137, out_of_memory=True)
        check_soon("a container that was killed for memory needs attention", True,
                   lambda: any("web" in text for text in browser.texts(parts.PROBLEMS)))
        check_soon("its end is told", True, lambda: "web" in browser.text("section#ends"))
        engine.change("api", health="healthy", failing_streak=0)
        check_soon("a container that is healthy again needs no attention", False,
                   lambda: any("api" in text for text in browser.texts(parts.PROBLEMS)))


def test_nothing_to_show():
    with watched([]) as (_, daemon):
        for target in (parts.OVERVIEW, parts.POOL):
            with opened(daemon.url + target) as browser:
                check(f"without containers, /{target} has no row", 0, len(browser.all(parts.ROW)))
                check(f"without containers, /{target} has a heading", True, browser.has("h1, h2"))


# --- controls -------------------------------------------------------------------------------------

def test_sorting():
    containers = scenes.harbour()
    with watched(containers) as (_, daemon), opened(daemon.url) as browser:
        table = ContainerTable(browser)
        table.group_by_project(False)
        check("each column can be sorted by", ["name", *parts.CELLS], table.sort_keys())
        for key in table.sort_keys():
            first = table.sort(key)
            check_sorted(table, key, first)
            second = table.sort(key)
            check(f"a second click on {key} turns the order", {"ascending", "descending"},
                  {first, second})
            check_sorted(table, key, second)
        table.group_by_project(True)
        table.sort("memory")
        for group, values in table.values_by_group("memory").items():
            check_order(f"the rows of {group} are in the order of memory", values,
                        table.sorting("memory"))
        browser.first(f"{parts.TABLE} th[data-sort=name] button").send_keys(Keys.ENTER)
        check("Enter on a head sorts", ["name"], list(table.sorted_by()))
        browser.first(f"{parts.TABLE} th[data-sort=age] button").send_keys(Keys.SPACE)
        check("Space on a head sorts", ["age"], list(table.sorted_by()))


def check_sorted(table, key, direction):
    check(f"{key} says that it is sorted, alone", {key: direction}, table.sorted_by())
    if key == "name":
        names = table.names()
        check(f"the names are in {direction} order",
              sorted(names, reverse=direction == "descending"), names)
    else:
        check_order(f"{key} is in {direction} order", table.values(key), direction)


def test_search_and_filter():
    containers = scenes.harbour()
    names = {one.name for one in containers}
    with watched(containers) as (_, daemon), opened(daemon.url) as browser:
        table = ContainerTable(browser)
        check("at first all containers are shown", names, set(table.names()))
        check("the page says how many", (len(names), len(names)), table.shown())
        check("that is told to screen readers", "status",
              browser.first(parts.SHOWN).get_attribute("role"))
        for text, found in (("grafan", {"grafana"}), ("GRAFANA", {"grafana"}), ("zzz", set())):
            table.search(text)
            check_soon(f"a search for {text} shows what it finds", found,
                       lambda: set(table.names()))
            check_soon(f"a search for {text} says how many", (len(found), len(names)), table.shown)
        check("a group without a container that is found is not shown", 0,
              browser.shown(parts.GROUP))
        table.search("")
        check_soon("without a search all are shown again", names, lambda: set(table.names()))
        check_filters(browser, containers)


def check_filters(browser, containers):
    table = ContainerTable(browser)
    names = {one.name for one in containers}
    states = {one.state for one in containers}
    check("each state can be asked for", set(), states - set(table.states()))
    for state in sorted(states):
        table.filter(state)
        expected = {one.name for one in containers if one.state == state}
        check_soon(f"the filter {state} shows what is in that state", expected,
                   lambda: set(table.names()))
        check_soon(f"the filter {state} says how many", (len(expected), len(names)), table.shown)
    table.filter("running")
    table.search("web")
    check_soon("search and filter hold together", {"web"}, lambda: set(table.names()))
    table.filter_all()
    table.search("")
    check_soon("without both all are shown again", names, lambda: set(table.names()))


def test_groups():
    containers = scenes.harbour()
    names = {one.name for one in containers}
    with watched(containers) as (_, daemon), opened(daemon.url) as browser:
        table = ContainerTable(browser)
        check("a host with projects is shown by project", True,
              browser.first(parts.BY_PROJECT).is_selected())
        check("each project has a head", len(table.groups()), browser.shown(parts.GROUP))
        check("a group can be closed", "false", table.toggle("local/shop"))
        check("a closed group has no rows", names - {"web", "api", "db", "worker", "mail"},
              set(table.names()))
        check("a closed group keeps its head", len(table.groups()), browser.shown(parts.GROUP))
        browser.wait_for_refresh()
        check("a group stays closed when the page is refreshed",
              names - {"web", "api", "db", "worker", "mail"}, set(table.names()))
        check("a group can be opened again", "true", table.toggle("local/shop"))
        check("an open group has its rows", names, set(table.names()))
        table.group_by_project(False)
        check("without projects no head is shown", 0, browser.shown(parts.GROUP))
        check("without projects all containers are shown", names, set(table.names()))
        table.sort("name")
        in_order = table.names()
        check("without projects there is one order", sorted(in_order), in_order)
        browser.wait_for_refresh()
        check("without projects there is none after a refresh either", (0, in_order),
              (browser.shown(parts.GROUP), table.names()))
        table.group_by_project(True)
        check("with projects again the heads are back", len(table.groups()),
              browser.shown(parts.GROUP))


def test_keyboard():
    with watched(scenes.harbour()) as (_, daemon), opened(daemon.url) as browser:
        reached, without_ring = [], []
        for _ in range(120):
            browser.first("body").send_keys(Keys.TAB) if not reached else \
                browser.driver.switch_to.active_element.send_keys(Keys.TAB)
            what, has_ring = browser.run(
                "const one = document.activeElement, style = getComputedStyle(one);"
                "return [one.id || one.closest('th[data-sort]')?.dataset.sort"
                " || one.closest('tr.container')?.dataset.key"
                " || one.closest('tbody[data-group]')?.dataset.group || one.textContent,"
                " style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) > 0"
                " || style.boxShadow !== 'none']")
            if reached and what == reached[0] or browser.run(
                    "return document.activeElement === document.body"):
                break  # all were there
            reached.append(what)
            if not has_ring:
                without_ring.append(what)
        check("the Tab key reaches every control", [], [
            what for what in ("search", "state-filter", "group", "name", "cpu", "local/shop",
                              "local/web") if what not in reached])
        check("what has the focus is seen to have it", [], without_ring)
        check("the first stop is the way to the content", True,
              "skip" in reached[0].lower() or "main" in reached[0].lower())


# --- refreshing -----------------------------------------------------------------------------------

def test_refresh_keeps():
    containers = scenes.harbour()
    with watched(containers) as (engine, daemon), \
            opened(daemon.url, hurry=HURRY, height=400) as browser:
        table = ContainerTable(browser)
        table.group_by_project(False)
        table.sort("memory")
        direction = table.sorting("memory")
        browser.run(
            "window.scrollTo(0, 250);"
            "const row = document.querySelector('tr.container[data-key=\"local/grafana\"]');"
            "row.querySelector('a').focus({preventScroll: true});"
            "for (const one of document.querySelectorAll('*')) one.marked = true;"
            "window.stillHere = true;")
        scrolled = browser.run("return window.scrollY")
        check("the page is scrolled", True, scrolled > 0)
        check("the page refreshes itself", True, browser.wait_for_refresh(3))
        check("a refresh loads no new page", True, browser.run("return window.stillHere === true"))
        check("the focus stays", "local/grafana", browser.run(
            "return document.activeElement.closest('tr')?.dataset.key"))
        check("the place stays", scrolled, browser.run("return window.scrollY"))
        check("the order stays", {"memory": direction}, table.sorted_by())
        check_order("the rows are in that order", table.values("memory"), direction)
        check("rows are not replaced", [], browser.run(
            "return [...document.querySelectorAll('tr.container')].filter(row => !row.marked)"
            ".map(row => row.dataset.key)"))
        check("what does not change is not replaced", [], browser.run(
            "return [...document.querySelectorAll('header, nav a, main, section, h1, h2, table,"
            " thead th, thead button, tr.container th, tr.container th a, #controls, #controls *,"
            " td[data-key=state], td[data-key=health]')].filter(one => !one.marked)"
            ".map(one => one.outerHTML.slice(0, 100))"))
        check_changes(browser, engine)


def test_refresh_moves_rows():
    """A row of the top goes to the end: what has the focus below it keeps it."""
    containers = scenes.harbour()
    with watched(containers) as (engine, daemon), opened(daemon.url, hurry=HURRY) as browser:
        table = ContainerTable(browser)
        table.group_by_project(False)
        if table.sort("memory") != "descending":
            table.sort("memory")
        first, second, third = table.names()[:3]
        browser.run("[...document.querySelectorAll(arguments[0])].find("
                    "link => link.textContent === arguments[1]).focus()", parts.ROW_LINK, third)
        engine.find(first).load.memory = 1 << 20
        check_soon("a row goes where its new number belongs", [second, third],
                   lambda: table.names()[:2])
        check("what has the focus keeps it while other rows move", third,
              browser.run("return document.activeElement.textContent"))
        engine.find(third).load.memory = 2 << 20
        check_soon("the row that has the focus moves", True, lambda: third not in table.names()[:2])
        check("a row that moves keeps the focus", third,
              browser.run("return document.activeElement.textContent"))


def check_changes(browser, engine):
    table = ContainerTable(browser)
    before = table.cell("web", "age"), browser.text("#as-of")
    engine.change("web", health="unhealthy", failing_streak=2)
    check_soon("a new health is shown", "unhealthy", lambda: table.cell("web", "health"))
    engine.add(Container("newcomer", age=1))
    check_soon("a new container gets a row", True, lambda: "newcomer" in table.names())
    engine.remove("newcomer")
    check_soon("a removed container loses its row", False, lambda: "newcomer" in table.names())
    engine.add(Container("leaver", state="removing"))
    check_soon("a state that comes up can be asked for", True,
               lambda: "removing" in table.states())
    engine.remove("leaver")
    check_soon("the time of the page goes on", True,
               lambda: (table.cell("web", "age"), browser.text("#as-of")) != before)
    check("the number of containers is right", len(table.keys()), table.shown()[-1])


def test_refresh_while_typing():
    with watched(scenes.harbour()) as (_, daemon), opened(daemon.url, hurry=HURRY) as browser:
        table = ContainerTable(browser)
        table.search("gra")
        browser.first(parts.SEARCH).send_keys(Keys.ARROW_LEFT)
        table.filter("running")
        browser.run("document.querySelector(arguments[0]).focus()", parts.SEARCH)
        browser.wait_for_refresh(2)
        check("the text of the search, its cursor and its focus stay", ["gra", 2, True],
              browser.run("const field = document.querySelector(arguments[0]);"
                          "return [field.value, field.selectionStart,"
                          " document.activeElement === field]", parts.SEARCH))
        check("what was searched for is shown alone", ["grafana"], table.names())
        browser.first(parts.SEARCH).send_keys("l")
        check_soon("what is typed goes to its place", "grla", lambda: browser.run(
            "return document.querySelector(arguments[0]).value", parts.SEARCH))


def test_refresh_while_reading():
    """A text that is marked with the mouse stays marked, and what is open stays open."""
    with watched(scenes.harbour()) as (_, daemon), \
            opened(daemon.url + parts.container_page("web"), hurry=HURRY) as browser:
        browser.run("for (const one of document.querySelectorAll('details')) one.open = !one.open;"
                    "getSelection().selectAllChildren(document.querySelector('h1'));")
        opened_before = browser.run(
            "return [...document.querySelectorAll('details')].map(one => one.open)")
        browser.wait_for_refresh(3)
        check("a marked text stays marked", "web",
              browser.run("return getSelection().toString().trim()"))
        check("what was opened or closed stays so", opened_before, browser.run(
            "return [...document.querySelectorAll('details')].map(one => one.open)"))


def test_refresh_rate():
    with watched(scenes.harbour()) as (_, daemon):
        proxy = Proxy(daemon)
        with opened(proxy.url) as browser:
            browser.wait_for_refresh(3, seconds=30)
            times = [at for at, target in proxy.asked if target == proxy.prefix]
            check("the page refreshes itself each five seconds", [True] * 2,
                  [4 < later - earlier < 7 for earlier, later in zip(times[1:3], times[2:4])])
            check_hidden(browser, proxy)
        proxy.end()


def check_hidden(browser, proxy):
    """For 12 seconds nothing may happen, for which there is no sign."""
    page = browser.driver.current_window_handle
    browser.driver.switch_to.new_window("tab")
    browser.driver.get("about:blank")
    time.sleep(1)  # what had been asked for comes in
    count = proxy.count()
    time.sleep(12)
    check("a hidden page asks for nothing", count, proxy.count())
    browser.driver.close()
    browser.driver.switch_to.window(page)
    check("the page is seen again", "visible", browser.run("return document.visibilityState"))
    end = time.monotonic() + 5
    while proxy.count() == count and time.monotonic() < end:
        time.sleep(0.1)
    check("a page that is seen again asks soon", True, proxy.count() > count)


# --- the other pages ------------------------------------------------------------------------------

def test_container_page():
    with watched(scenes.harbour()) as (engine, daemon), opened(daemon.url, hurry=HURRY) as browser:
        browser.first(f"{parts.ROW}[data-key='local/registry'] a").click()
        check("a name leads to the page of its container", "container", parts.page_kind(browser))
        check("its heading is the name", "registry", browser.text("h1"))
        check("its title has the name", True, "registry" in browser.driver.title)
        missing = [name for name in parts.CONTAINER_SECTIONS
                   if len(browser.all(f"section#{name}")) != 1]
        check("it has each section once", [], missing)
        check("labels are shown", [True, True], [
            text in browser.text("#labels") for text in ("com.example.owner", "platform")])
        check("there are plots", True, browser.shown(f"#plots {parts.PLOT}") >= 3)
        check("nothing of the larger plots is loaded yet", [], uplot_requests(browser))
        browser.first(parts.ENLARGE).click()
        check_soon("larger plots are drawn", True, lambda: browser.shown(parts.ENLARGED) >= 1)
        check("their program is loaded once", True, 1 <= len(uplot_requests(browser)) <= 2)
        browser.wait_for_refresh(2)
        check("larger plots stay when the page is refreshed", True,
              browser.shown(parts.ENLARGED) >= 1)
        check_links(browser, daemon)
        engine.change("registry", health="unhealthy", failing_streak=1)
        check_soon("a change is shown", True, lambda: "unhealthy" in browser.text("#health"))
        engine.die("registry", exit_code=3)
        check_soon("an end is shown", True, lambda: "3" in browser.text("#ends"))
        browser.driver.back()
        check_soon("the way back is the overview", "overview", lambda: parts.page_kind(browser))


def uplot_requests(browser):
    return [url for url in browser.requests() if "uplot" in url.lower()]


def test_limits():
    with watched(scenes.harbour()) as (_, daemon), \
            opened(daemon.url + parts.container_page("web")) as browser:
        text = browser.text("#limits")
        check("the limits are shown: memory, CPU, processes", [True] * 3,
              [number in text for number in ("512", "1.5", "200")])
        # A container without a sample has a page as well.
        for name in ("import", "relic", "refused", "backup", "worker"):
            browser.open(daemon.url + parts.container_page(name))
            check(f"{name} has a page", name, browser.text("h1"))
        browser.open(daemon.url + parts.container_page("refused"))
        check("why a container could not be started is shown", True,
              "executable file not found" in browser.text("main"))


def test_missing_container():
    with watched(scenes.harbour()) as (_, daemon):
        for target in ("containers/local/nobody", "containers/nowhere/web", "containers/local/",
                       "containers/", "containers", "containers/local/web/more", "nonsense"):
            check(f"there is no page /{target}", 404, daemon.get("/" + target).status)
        with opened(daemon.url + "containers/local/nobody", allowed=["404"]) as browser:
            check("a page that is not there is not empty", True, browser.text("body") != "")


def test_container_goes():
    """Somebody removes the container whose page is open."""
    with watched(scenes.harbour()) as (engine, daemon), \
            opened(daemon.url + parts.container_page("grafana"), allowed=["404"],
                   hurry=HURRY) as browser:
        before = browser.text("body")
        engine.remove("grafana")
        check_soon("the page says that its container has gone", True,
                   lambda: "404" in (text := browser.text("body"))
                   or any(word in text and word not in before
                          for word in ("gone", "removed", "no longer", "not there", "no container",
                                       "any more")))
        check("the heading is still its name", "grafana", browser.text("h1"))


def test_pool_page():
    with watched(scenes.harbour()) as (engine, daemon), opened(daemon.url, hurry=HURRY) as browser:
        browser.first("nav a[href$='pool']").click()
        check("the page is the pool's", "pool", parts.page_kind(browser))
        check("it has the slots of the Engine", True, len(browser.all("main table tbody tr")) >= 1)
        check("it names the Engine", True, "local" in browser.text("main"))
        check("it says which page it is", 1, len(browser.all("nav a[aria-current=page]")))
        check_links(browser, daemon)
        check("it refreshes itself", True, browser.wait_for_refresh(2))
        engine.go_down()
        check_soon("it says that the Engine is down", True,
                   lambda: "circuit open" in browser.text("main"))
        engine.come_up()


# --- Engines that fail ----------------------------------------------------------------------------

def test_engine_down():
    engines = {"harbour": scripted(scenes.harbour()), "yard": scripted([Container("crane")], "yard")}
    daemon = start(engines)
    wait_for_samples(daemon, scenes.harbour())
    with opened(daemon.url, hurry=HURRY) as browser:
        table = ContainerTable(browser)
        check("containers of all Engines are shown", True,
              {"harbour/web", "yard/crane"} <= set(table.keys()))
        check("both Engines are shown", [True, True],
              [name in browser.text("section#engines") for name in engines])
        engines["yard"].go_down()
        check_soon("an Engine that is down needs attention", True,
                   lambda: any("yard" in text and "down" in text.lower()
                               for text in browser.texts(parts.PROBLEMS)))
        check("the table of Engines says so", True,
              "down" in browser.text("section#engines").lower())
        check("containers of the other Engine are still shown", True, "web" in table.names())
        state = table.cell("crane", "state")
        check("the state of a container of the Engine is not made up", True,
              state is None or "running" not in state)
        engines["yard"].come_up()
        check_soon("an Engine that is up again needs no attention", False,
                   lambda: any("yard" in text for text in browser.texts(parts.PROBLEMS)))
        check_soon("its containers are shown again", "running",
                   lambda: table.cell("crane", "state"))


def test_engine_never_up():
    engine = scripted([])
    engine.go_down()
    daemon = start(engine)
    with opened(daemon.url, hurry=HURRY) as browser:
        check_soon("an Engine that was never there needs attention", True,
                   lambda: "down" in " ".join(browser.texts(parts.PROBLEMS)).lower())
        engine.come_up()
        engine.add(Container("late"))
        check_soon("once it is there, its containers are shown", True,
                   lambda: "late" in ContainerTable(browser).names())
        ContainerTable(browser).search("late")
        check("a table that was empty can be searched", ["late"], ContainerTable(browser).names())


def test_daemon_away():
    with watched(scenes.harbour()) as (_, daemon):
        proxy = Proxy(daemon)
        with opened(proxy.url, hurry=HURRY, allowed=["502", "Bad Gateway"]) as browser:
            table = ContainerTable(browser)
            names = table.names()
            outside_table = "return document.body.innerText.replace(arguments[0], '')"
            before = browser.run(outside_table, "")
            proxy.is_broken = True
            browser.wait_for_refresh(2)
            check("without an answer the rows stay", names, table.names())
            check("without an answer the page says so", True,
                  browser.run(outside_table, "") != before)
            told = browser.run("const told = [...document.querySelectorAll("
                               "'[role=alert], [role=status], [aria-live]')];"
                               "return told.filter(one => one.getClientRects().length"
                               " && one.id !== 'shown').map(one => one.textContent).join(' ')")
            check("it is told to screen readers", True, told.strip() != "")
            proxy.is_broken = False
            browser.wait_for_refresh(3, seconds=60)
            check("with an answer the page goes on", names, table.names())
            check_soon("it says no more that there is none", False, lambda: browser.run(
                "return document.body.innerText.includes(arguments[0])", told.strip() or "\0"))
        proxy.end()


# --- texts that are meant to do harm --------------------------------------------------------------

def test_hostile_texts():
    containers = scenes.hostile()
    with watched(containers) as (engine, daemon), opened(daemon.url, hurry=HURRY) as browser:
        table = ContainerTable(browser)
        check_soon("each container has a row", len(containers), lambda: len(table.keys()))
        check("names are shown as they are", set(), set(scenes.HOSTILE_NAMES) - set(
            browser.run("return [...document.querySelectorAll(arguments[0])]"
                        ".map(one => one.textContent)", parts.ROW_LINK)))
        check_harmless(browser, daemon, "the overview")
        engine.die(scenes.HOSTILE_NAMES[0], exit_code=1)
        check_soon("the end of a container is told", True,
                   lambda: "<img" in browser.text("section#ends"))
        browser.wait_for_refresh(2)
        check_harmless(browser, daemon, "the overview, refreshed,")
        check("a refresh makes no row twice and forgets none", len(containers), len(table.keys()))
        for key in table.sort_keys():
            table.sort(key)
        for text in ("<img", "__proto__", "\"", "\\", "(", "*"):
            table.search(text)
            check_soon(f"a search for {text} finds names that have it", set(), lambda:
                       {name for name in scenes.HOSTILE_NAMES if text in name}
                       - set(table.names()))
        table.search("")
        check_harmless(browser, daemon, "the overview, sorted and searched,")
        check("the page is not wider than the window", 0, browser.overflow())
        check("the title is what it was", True, "tidegauge" in browser.driver.title)
        links = browser.run("return [...document.querySelectorAll(arguments[0])]"
                            ".map(one => [one.textContent, one.href])", parts.ROW_LINK)
        for name, link in links:
            browser.open(link)
            check(f"{name!r:.60} has a page", name, browser.run(
                "return document.querySelector('h1')?.textContent.trim()"))
            check_harmless(browser, daemon, "it")
            check("it is not wider than the window", 0, browser.overflow())
        browser.open(daemon.url + parts.container_page(scenes.HOSTILE_NAMES[0]))
        check("its labels are texts", [True, True], [
            text in browser.text("#labels")
            for text in ("javascript:alert(11)", "<img src=x onerror=alert(8)>")])
        enlarge = browser.first(parts.ENLARGE)
        if enlarge is not None:
            enlarge.click()
            check_soon("it can be enlarged", True, lambda: browser.shown(parts.ENLARGED) >= 1)
        check_harmless(browser, daemon, "the page with larger plots")
        browser.open(daemon.url + parts.POOL)
        check_harmless(browser, daemon, "the page of the pool")


def check_harmless(browser, daemon, what):
    found = browser.run("""
        const all = [...document.querySelectorAll("*")];
        const scripts = all.filter(one => one.localName === "script");
        return {
          elements: all.filter(one => ["img", "iframe", "object", "embed", "base", "form", "i", "b",
            "u"].includes(one.localName)).map(one => one.outerHTML.slice(0, 100)),
          handlers: all.filter(one => [...one.attributes].some(
            attribute => attribute.name.startsWith("on"))).map(one => one.outerHTML.slice(0, 100)),
          styles: all.filter(one => one.hasAttribute("style") && !one.closest(".uplot"))
            .map(one => one.outerHTML.slice(0, 100)),
          inline: scripts.filter(one => one.textContent.trim() && one.type !== "application/json")
            .map(one => one.textContent.slice(0, 100)),
          addresses: all.flatMap(one => ["href", "src", "action", "formaction", "xlink:href"].map(
            name => one.getAttribute(name)).filter(Boolean).map(value => new URL(value,
            document.baseURI).href)).filter(url => !url.startsWith(arguments[0]))
            .filter(url => !url.startsWith("data:image/")),
          turning: all.filter(one => one.children.length === 0
            && /[\\u200b\\u202a-\\u202e\\u2066-\\u2069\\x1b]/.test(one.textContent))
            .map(one => one.textContent.slice(0, 100)),
        };""", daemon.url)
    check(f"{what} has nothing that the texts ask for", {key: [] for key in found}, found)
    check(f"{what} runs nothing", [], browser.ran())


# --- logs, for who may see them -------------------------------------------------------------------

def test_log():
    users = os.path.join(programs.directory, "users.yml")
    with open(users, "w", encoding="utf-8") as file:
        file.write(f'basic_auth_users:\n  {USER}: "{PASSWORD_HASH}"\n')
    name = scenes.HOSTILE_NAMES[0]
    with watched_by_users(users) as (engine, daemon):
        check("without credentials there is no page", 401, daemon.get("/").status)
        with chromium.Chromium(hurry=HURRY) as browser:
            browser.devtools("Network.enable")
            browser.devtools("Network.setExtraHTTPHeaders", headers={"Authorization": basic()})
            browser.open(daemon.url + parts.container_page(name))
            check("with credentials there is a page", name, browser.text("h1"))
            check("the log is not shown at once", False,
                  "alert(14)" in browser.text("section#log"))
            browser.first(parts.SHOW_LOG).click()
            check_soon("the log is shown to who asks for it", True,
                       lambda: "<iframe src=javascript:alert(14)>" in browser.text("section#log"))
            check_harmless(browser, daemon, "the page with a log")
            browser.wait_for_refresh(2)
            check("the log stays when the page is refreshed", True,
                  "alert(14)" in browser.text("section#log"))
            check_harmless(browser, daemon, "the page with a log, refreshed,")
            engine.die(name, exit_code=1)
            check_soon("an end is told", True, lambda: "error" in browser.text("section#ends"))
            check_harmless(browser, daemon, "the page with the log of an end")
            check("the console is empty", [], browser.complaints())
            check("nothing was asked of another host", [], browser.strangers())


@contextlib.contextmanager
def watched_by_users(users):
    engine = scripted(scenes.hostile())
    daemon = start(engine, web={"config_file": users, "show_logs": True},
                   container_monitor={"exit_log_lines": 5})
    end = time.monotonic() + DEADLINE
    while daemon.get("/-/ready", Authorization=basic()).status != 200 and time.monotonic() < end:
        time.sleep(0.1)
    yield engine, daemon
    daemon.process.end()
    engine.go_down()


def basic():
    import base64
    return "Basic " + base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()


def test_log_not_shown():
    """A log may hold secrets: without web.show_logs nobody gets it."""
    containers = scenes.harbour()
    with watched(containers, container_monitor={"exit_log_lines": 5}) as (engine, daemon), \
            opened(daemon.url + parts.container_page("registry"), hurry=HURRY) as browser:
        check("without web.show_logs there is no way to a log", (False, 403),
              (browser.has(parts.SHOW_LOG),
               daemon.get("/api/v1/logs/local/registry").status))
        engine.die("registry", exit_code=1)
        check_soon("an end is told", True, lambda: "error" in browser.text("section#ends"))
        browser.wait_for_refresh(2)
        check("lines of a log are not shown", False,
              "msg=refused" in browser.run("return document.documentElement.outerHTML"))


# --- ways to show the pages -----------------------------------------------------------------------

def test_without_scripts():
    containers = scenes.harbour()
    with watched(containers) as (_, daemon):
        with chromium.Chromium(javascript=False) as browser:
            browser.open("data:text/html,<title>off</title><script>document.title='on'</script>")
            check("scripts are off", "off", browser.driver.title)
            browser.open(daemon.url)
            table = ContainerTable(browser)
            check("without scripts each container is shown", {one.name for one in containers},
                  set(table.names()))
            check("without scripts each row has all cells", [len(parts.CELLS)] * len(containers),
                  browser.run("return [...document.querySelectorAll(arguments[0])]"
                              ".map(row => row.querySelectorAll('td[data-key]').length)",
                              parts.ROW))
            check("without scripts projects have heads", True, browser.shown(parts.GROUP) >= 2)
            check("without scripts there are plots", True, browser.shown(parts.PLOT) >= 6)
            for target in (parts.OVERVIEW, parts.container_page("web"), parts.POOL):
                browser.open(daemon.url + target)
                check(f"without scripts /{target} has no dead control", 0,
                      browser.shown("button, input, select, textarea, [role=button]"))
            check("without scripts the console is empty", [], browser.complaints())


def test_behind_prefix():
    with watched(scenes.harbour()) as (_, daemon):
        proxy = Proxy(daemon)
        with opened(proxy.url, hurry=HURRY) as browser:
            check("behind a prefix the page is the overview", "overview", parts.page_kind(browser))
            check("behind a prefix the page has its style", True,
                  browser.run("return [...document.styleSheets].some(sheet => "
                              "sheet.cssRules.length > 10)"))
            check("behind a prefix the page refreshes itself", True, browser.wait_for_refresh(2))
            ContainerTable(browser).search("web")
            check("behind a prefix there is a search", ["web"], ContainerTable(browser).names())
            browser.first(f"{parts.ROW}[data-key='local/web'] a").click()
            check("behind a prefix a container has its page", "web", browser.text("h1"))
            browser.first(parts.ENLARGE).click()
            check_soon("behind a prefix plots can be enlarged", True,
                       lambda: browser.shown(parts.ENLARGED) >= 1)
            check("behind a prefix that page refreshes itself", True, browser.wait_for_refresh(2))
            browser.first("nav a[href$='pool']").click()
            check("behind a prefix there is the page of the pool", "pool",
                  parts.page_kind(browser))
            browser.first("nav a").click()
            check("behind a prefix the way back is the overview", (proxy.url, "overview"),
                  (browser.driver.current_url, parts.page_kind(browser)))
            check("each link stays behind the prefix", [], [
                link for link in browser.run("return [...document.querySelectorAll('a[href]')]"
                                             ".map(link => link.href)")
                if not link.startswith(proxy.url)])
        check("nothing was asked for outside the prefix", [], proxy.refused)
        proxy.end()


def test_narrow():
    for name, containers in (("harbour", scenes.harbour()), ("hostile", scenes.hostile())):
        with watched(containers) as (_, daemon), opened(daemon.url) as browser:
            browser.resize(360, 740)
            for target in (parts.OVERVIEW, parts.container_page(containers[0].name), parts.POOL):
                browser.open(daemon.url + target)
                check(f"{name}: /{target:.40} fits into 360 pixels", 0, browser.overflow())
            browser.open(daemon.url)
            check(f"{name}: each container is shown on 360 pixels", len(containers),
                  browser.shown(parts.ROW))
            check(f"{name}: its name can be seen", [], browser.run(
                "return [...document.querySelectorAll(arguments[0])].filter(link => "
                "link.getBoundingClientRect().left >= innerWidth)"
                ".map(link => link.textContent)", parts.ROW_LINK))
            if name == "harbour":
                check("controls fit into 360 pixels", [], browser.run(
                    "return [...document.querySelectorAll(arguments[0])].filter(control => {"
                    "const box = control.getBoundingClientRect();"
                    "return box.width && (box.right > innerWidth || box.left < 0)})"
                    ".map(control => control.outerHTML.slice(0, 100))",
                    f"{parts.SEARCH}, {parts.STATE_FILTER}, {parts.BY_PROJECT}"))


def test_dark():
    with watched(scenes.harbour()) as (_, daemon), opened(daemon.url) as browser:
        for target in (parts.OVERVIEW, parts.container_page("web"), parts.POOL):
            browser.open(daemon.url + target)
            browser.prefer("light")
            light = luminance(page_colour(browser))
            browser.prefer("dark")
            dark = luminance(page_colour(browser))
            check(f"/{target} is light, and dark for who prefers that", (True, True),
                  (light > 0.7, dark < 0.1))


def page_colour(browser):
    """Of the body or, where that is transparent, of the root."""
    body = browser.colour("body")
    return body if body[3] > 0 else browser.colour("html")


def luminance(colour):
    """Between 0 and 1, of WCAG."""
    def linear(value):
        value /= 255
        return value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4
    red, green, blue, opacity = colour
    return 1.0 if opacity == 0 else \
        0.2126 * linear(red) + 0.7152 * linear(green) + 0.0722 * linear(blue)


def test_barriers():
    program = axe.source(cache)
    containers = scenes.harbour()
    with watched(containers) as (engine, daemon), opened(daemon.url) as browser:
        engine.die("backup", exit_code=2)
        engine.die("grafana", exit_code=137, out_of_memory=True)
        check_soon("there is an end to be shown", True, lambda: "grafana" in daemon.get("/api/v1/exits").text())
        for scheme in ("light", "dark"):
            browser.prefer(scheme)
            for width in (1280, 360):
                browser.resize(width)
                for target in (parts.OVERVIEW, parts.container_page("web"),
                               parts.container_page("grafana"), parts.POOL):
                    browser.open(daemon.url + target)
                    check(f"axe finds no barrier on /{target}, {scheme}, {width} pixels wide", [],
                          axe.violations(browser, program))
            browser.resize(1280)
            browser.open(daemon.url + parts.container_page("web"))
            browser.first(parts.ENLARGE).click()
            browser.wait_until(lambda: browser.shown(parts.ENLARGED) >= 1)
            check(f"axe finds no barrier beside larger plots, {scheme}", [],
                  axe.violations(browser, program))
        engine.go_down()
        browser.open(daemon.url)
        check_soon("the Engine is down", True,
                   lambda: (browser.driver.refresh(),
                            "down" in " ".join(browser.texts(parts.PROBLEMS)).lower())[1])
        for scheme in ("light", "dark"):
            browser.prefer(scheme)
            check(f"axe finds no barrier on the overview of an Engine that is down, {scheme}", [],
                  axe.violations(browser, program))
        engine.come_up()


# --- what the server sends ------------------------------------------------------------------------

def test_headers():
    with watched(scenes.harbour()) as (_, daemon):
        for target in ("/", "/" + parts.container_page("web"), "/pool"):
            answer = daemon.get(target)
            check(f"{target} is HTML", "text/html; charset=utf-8",
                  answer.headers["Content-Type"].lower())
            check(f"{target} has the policy", parts.POLICY,
                  (answer.headers["Content-Security-Policy"] or "").rstrip(";"))
            check(f"{target} is not kept by caches that others use", True, any(
                word in (answer.headers["Cache-Control"] or "")
                for word in ("no-store", "no-cache", "private")))
            check(f"{target} sets no cookie", None, answer.headers["Set-Cookie"])
            check(f"{target} is compressed for who can read that", "gzip", daemon.get(
                target, **{"Accept-Encoding": "gzip, identity;q=0"}).headers["Content-Encoding"])
        with opened(daemon.url + parts.container_page("web")) as browser:
            assets = sorted({urllib.parse.urlsplit(url).path for url in browser.requests()
                             if "/assets/" in url})
        check("the pages have a style and a program", True, len(assets) >= 2)
        kinds = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
        for target in assets:
            answer = daemon.get(target)
            kind = kinds[os.path.splitext(target)[1]]
            check(f"{target} is {kind}", (200, kind), (
                answer.status, answer.headers["Content-Type"].partition(";")[0]))
            check(f"{target} is taken for nothing else", "nosniff",
                  answer.headers["X-Content-Type-Options"])


def test_json():
    containers = scenes.harbour() + [Container(name) for name in scenes.HOSTILE_NAMES]
    with watched(containers) as (_, daemon):
        for what in ("engines", "containers", "pool", "exits"):
            answer = daemon.get(f"/api/v1/{what}")
            check(f"/api/v1/{what} is JSON", (200, "application/json"), (
                answer.status, answer.headers["Content-Type"].partition(";")[0]))
            check(f"/api/v1/{what} is an object", dict, type(answer.json()))
        text = daemon.get("/api/v1/containers").json()
        check("/api/v1/containers has all containers", {one.name for one in containers},
              {one["name"] for one in text["containers"]})
        for name in ("web", *scenes.HOSTILE_NAMES[:5]):
            answer = daemon.get(f"/api/v1/{parts.container_page(name)}")
            check(f"/api/v1/containers tells of {name}", (200, True),
                  (answer.status, name in str(answer.json().values()) or name in answer.text()))
        check("/api/v1/containers tells nothing of what is not there", 404,
              daemon.get("/api/v1/containers/local/nobody").status)


# --- other Engines --------------------------------------------------------------------------------

def test_simulated_engine():
    """A lively one: containers come, go and change all the time."""
    # Processes of this machine may have the numbers of the simulated ones.
    daemon = start(SimulatedEngine(programs, simulated_engine, 60, events_per_second=20),
                   container_monitor={"stats_source": "engine"})
    check_soon("all containers are seen", True, lambda: daemon.get(
        "/api/v1/containers").text().count('"name"') >= 50)
    with opened(daemon.url, hurry=HURRY) as browser:
        table = ContainerTable(browser)
        table.sort("cpu")
        for turn in range(15):
            browser.wait_for_refresh()
            keys = table.keys()
            if len(keys) != len(set(keys)) or set(table.sorted_by()) != {"cpu"}:
                check("a page of a lively Engine stays in order", "one row each, sorted by CPU",
                      (turn, sorted(keys), table.sorted_by()))
                break
        served = {one["name"] for one in daemon.get("/api/v1/containers").json()["containers"]}
        shown = {key.partition("/")[2] for key in table.keys()}
        check("what is shown is nearly what there is", True, len(served ^ shown) <= 10)
    daemon.process.end()


def test_real_engine():
    missing = real_engine.missing_programs()
    if missing or os.geteuid() != 0:
        check("a private dockerd can be started", "root, and nothing missing", missing or "no root")
        return
    engine = real_engine.Engine(engine_guard)
    try:
        labels = {"com.docker.compose.project": "sea", "com.docker.compose.service": "wave"}
        for name, spec in {
                "wave": {"Cmd": ["sleep", "inf"], "Labels": labels,
                         "HostConfig": {"Memory": 64 << 20}},
                "ill": {"Cmd": ["sleep", "inf"],
                        "Healthcheck": {"Test": ["CMD", "false"], "Interval": 10 ** 9,
                                        "Retries": 1}},
                "failed": {"Cmd": ["sh", "-c", "echo the end; exit 3"]}}.items():
            engine.create(name, spec)
            engine.do(name, "start")
        daemon = Daemon(programs, tidegauge, engine.socket,
                        web={"show_processes": True, "show_logs": True})
        check_soon("the daemon has found all", 3, lambda: len(daemon.get(
            "/api/v1/containers").json()["containers"]))
        with opened(daemon.url, hurry=HURRY) as browser:
            table = ContainerTable(browser)
            check("a real Engine's containers are shown", {"local/wave", "local/ill", "local/failed"},
                  set(table.keys()))
            check_soon("a real Engine's numbers are shown", True,
                       lambda: any(map(str.isdigit, table.cell("wave", "memory"))))
            check_soon("a real failing check needs attention", True, lambda: any(
                "ill" in text for text in browser.texts(parts.PROBLEMS)))
            engine.do("wave", "restart?t=0")
            check_soon("a restart is shown", "1", lambda: table.cell("wave", "restarts"))
            browser.first(f"{parts.ROW}[data-key='local/wave'] a").click()
            check("a real container has its page", "wave", browser.text("h1"))
            check_soon("its processes are shown", True,
                       lambda: any(map(str.isdigit, browser.text("section#processes"))))
            check_soon("its end is shown", True, lambda: "137" in browser.text("section#ends")
                       or "killed" in browser.text("section#ends")
                       or "stopped" in browser.text("section#ends"))
            browser.open(daemon.url + parts.container_page("failed"))
            browser.first(parts.SHOW_LOG).click()
            check_soon("its log is shown", True,
                       lambda: "the end" in browser.text("section#log"))
        daemon.process.end()
    finally:
        engine.end()


# --- all ------------------------------------------------------------------------------------------

def run_tests(wanted):
    tests = {name: function for name, function in globals().items() if name.startswith("test_")}
    if unknown := set(wanted) - set(tests):
        sys.exit(f"no such test: {' '.join(sorted(unknown))}; there are: {' '.join(tests)}")
    for name, test in tests.items():
        if wanted and name not in wanted:
            continue
        begin, failed_before = time.monotonic(), len(failures)
        print(f"--- {name}", flush=True)
        try:
            test()
        except (Exception, SystemExit) as error:  # pylint: disable=broad-except
            failures.append(f"{name} runs to its end")  # and the other tests shall run
            print(error.code if isinstance(error, SystemExit) else traceback.format_exc())
        for process in programs.all:
            process.end()
        print(f"--- {name}: {len(failures) - failed_before} failures, "
              f"{time.monotonic() - begin:.1f} s", flush=True)


def main():
    global tidegauge, simulated_engine, engine_guard, cache, programs  # pylint: disable=global-statement
    if len(sys.argv) < 5:
        sys.exit(__doc__)
    tidegauge, simulated_engine, engine_guard, cache = map(os.path.abspath, sys.argv[1:5])
    if missing := chromium.missing_packages():
        sys.exit(f"missing; on Debian: apt-get install {' '.join(missing)}")
    for name in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(name, signal.default_int_handler)
    begin = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="tidegauge-browser-") as directory, \
            processes.Programs(directory, DEADLINE) as programs:
        run_tests(sys.argv[5:])
    if failures:
        sys.exit("\n".join([f"{len(failures)} checks failed:", *failures]))
    print(f"all checks pass in {time.monotonic() - begin:.1f} s")


if __name__ == "__main__":
    main()
