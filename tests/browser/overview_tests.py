"""The overview, and how its table is sorted, searched, filtered and grouped."""

import urllib.parse

import page_parts as parts
import scenes
from checks import check, check_order, check_soon
from page_parts import ContainerTable
from scripted_engine import MEBIBYTE, Container, Load
from stage import HURRY, opened

from selenium.webdriver.common.keys import Keys


def test_overview(stage):
    containers = scenes.harbour()
    with stage.watched(containers) as (_, daemon), opened(daemon.url) as browser:
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
    check("each link leads somewhere", {}, {
        target: status for target in sorted(targets) if not target.startswith("/-/")
        and (status := daemon.get(target).status) != 200})  # /-/ready may say 503
    check("each link within the page leads somewhere", [], browser.run(
        "return [...document.querySelectorAll('a[href^=\"#\"]')]"
        ".map(link => link.getAttribute('href').slice(1))"
        ".filter(id => !document.getElementById(id))"))
    check("no id is there twice", [], browser.run(
        "const ids = [...document.querySelectorAll('[id]')].map(one => one.id);"
        "return ids.filter((id, index) => ids.indexOf(id) !== index)"))


def test_all_well(stage):
    containers = [Container("web"), Container("api", health="healthy")]
    with stage.watched(containers) as (engine, daemon), opened(daemon.url, hurry=HURRY) as browser:
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
        engine.remove("web")
        check_soon("a removed container has no row", False,
                   lambda: "web" in ContainerTable(browser).names())
        check("the end of a removed container is still told", True,
              "web" in browser.text("section#ends"))
        check_links(browser, daemon)


def test_kinds_of_problems(stage):
    """Those that docs/status_page.md has, as far as an Engine alone can cause them."""
    containers = [Container("looping", restart_policy="always"), Container("failing"),
                  Container("crowded", pids_limit=10, load=Load(processes=10)),
                  Container("forgiven", restart_policy="always"),
                  Container("hungry", memory_limit=100 * MEBIBYTE,
                            load=Load(memory=97 * MEBIBYTE)),
                  Container("refused", state="created", exit_code=127, error="no such program")]
    with stage.watched(containers) as (engine, daemon), opened(daemon.url, hurry=HURRY) as browser:
        for _ in range(3):
            engine.die("looping", exit_code=1, then="restarting")
            engine.start("looping")
        engine.die("failing", exit_code=2)
        engine.die("forgiven", exit_code=1, then="restarting")
        engine.start("forgiven")
        for name, kind in (("looping", "Restart loop"), ("failing", "Failed"),
                           ("crowded", "Near its limit of processes"),
                           ("hungry", "Near its memory limit"), ("refused", "Not started")):
            check_soon(f"what is the matter with {name} is told", True, lambda: any(
                text.startswith(kind) and name in text for text in browser.texts(parts.PROBLEMS)))
        check("one restart is no problem", False,
              "forgiven" in " ".join(browser.texts(parts.PROBLEMS)))
        engine.start("failing")
        check_soon("a container that runs again has no problem", False,
                   lambda: "failing" in " ".join(browser.texts(parts.PROBLEMS)))


def test_nothing_to_show(stage):
    with stage.watched([]) as (_, daemon):
        for target in (parts.OVERVIEW, parts.POOL):
            with opened(daemon.url + target) as browser:
                check(f"without containers, /{target} has no row", 0, len(browser.all(parts.ROW)))
                check(f"without containers, /{target} has a heading", True, browser.has("h1, h2"))


def test_sorting(stage):
    containers = scenes.harbour()
    with stage.watched(containers) as (_, daemon), opened(daemon.url) as browser:
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


def test_search_and_filter(stage):
    containers = scenes.harbour()
    names = {one.name for one in containers}
    with stage.watched(containers) as (_, daemon), opened(daemon.url) as browser:
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


def test_groups(stage):
    containers = scenes.harbour()
    names = {one.name for one in containers}
    with stage.watched(containers) as (_, daemon), opened(daemon.url) as browser:
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


def test_choice_lasts(stage):
    """As long as the tab."""
    with stage.watched(scenes.harbour()) as (_, daemon), opened(daemon.url) as browser:
        table = ContainerTable(browser)
        table.group_by_project(False)
        direction = table.sort("cpu")
        table.search("r")
        table.filter("running")
        names = table.names()
        check("a choice leaves some containers", True, 2 <= len(names) < len(table.keys()))
        browser.first(parts.ROW_LINK).click()
        browser.driver.back()
        check_soon("a choice lasts when people come back", names, table.names)
        browser.driver.refresh()
        check("a choice lasts when the page is loaded again",
              (set(names), {"cpu": direction}, "r", False),
              (set(table.names()), table.sorted_by(),
               browser.first(parts.SEARCH).get_attribute("value"),
               browser.first(parts.BY_PROJECT).is_selected()))
        browser.driver.switch_to.new_window("tab")
        browser.open(daemon.url)
        check("another tab begins without a choice", len(table.keys()), len(table.names()))


def test_keyboard(stage):
    with stage.watched(scenes.harbour()) as (_, daemon), opened(daemon.url) as browser:
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
