"""A page fetches itself again and takes over what has changed, and nothing else."""

import time

import page_parts as parts
import scenes
from checks import check, check_order, check_soon
from page_parts import ContainerTable
from scripted_engine import Container
from stage import HURRY, opened
from support.daemon import Proxy

from selenium.webdriver.common.keys import Keys


def test_refresh_keeps(stage):
    containers = scenes.harbour()
    with stage.watched(containers) as (engine, daemon), \
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


def test_refresh_moves_rows(stage):
    """A row of the top goes to the end: what has the focus below it keeps it."""
    containers = scenes.harbour()
    with stage.watched(containers) as (engine, daemon), opened(daemon.url, hurry=HURRY) as browser:
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


def test_refresh_while_typing(stage):
    with stage.watched(scenes.harbour()) as (_, daemon), opened(daemon.url, hurry=HURRY) as browser:
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


def test_refresh_while_reading(stage):
    """A text that is marked with the mouse stays marked, and what is open stays open."""
    with stage.watched(scenes.harbour()) as (_, daemon), \
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


def test_refresh_rate(stage):
    with stage.watched(scenes.harbour()) as (_, daemon):
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
