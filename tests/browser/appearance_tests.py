"""Without scripts, behind a prefix, narrow, dark, and for people who cannot see or point."""

import axe
import chromium
import page_parts as parts
import scenes
from checks import check, check_soon
from page_parts import ContainerTable
from stage import HURRY, opened
from support.daemon import Proxy


def test_without_scripts(stage):
    containers = scenes.harbour()
    with stage.watched(containers) as (_, daemon):
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


def test_behind_prefix(stage):
    with stage.watched(scenes.harbour()) as (_, daemon):
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


def test_narrow(stage):
    for name, containers in (("harbour", scenes.harbour()), ("hostile", scenes.hostile())):
        with stage.watched(containers) as (_, daemon), opened(daemon.url) as browser:
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


def test_dark(stage):
    with stage.watched(scenes.harbour()) as (_, daemon), opened(daemon.url) as browser:
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


def test_barriers(stage):
    program = axe.source(stage.cache)
    containers = scenes.harbour()
    with stage.watched(containers) as (engine, daemon), opened(daemon.url) as browser:
        engine.die("backup", exit_code=2)
        engine.die("grafana", exit_code=137, out_of_memory=True)
        check_soon("there is an end to be shown", True,
                   lambda: "grafana" in daemon.get("/api/v1/exits").text())
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
