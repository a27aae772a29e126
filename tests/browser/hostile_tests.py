"""Texts of an Engine that are meant to do harm, and logs, which may hold secrets."""

import base64
import contextlib
import os
import time

import chromium
import page_parts as parts
import scenes
from checks import DEADLINE, check, check_soon
from page_parts import ContainerTable
from stage import HURRY, opened

USER, PASSWORD = "reader", "correct horse"
PASSWORD_HASH = "$2y$05$abcdefghijklmnopqrstuuHNbAKRhpaujgo33bRWs.NLUTJO3lOy2"


def test_hostile_texts(stage):
    containers = scenes.hostile()
    # A page of an error has no icon, so the browser asks for one.
    with stage.watched(containers) as (engine, daemon), \
            opened(daemon.url, hurry=HURRY, allowed=["/favicon.ico"]) as browser:
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
          // A line of a log may be written from right to left, and turns nothing but itself.
          turning: all.filter(one => one.children.length === 0 && !one.closest("#log pre")
            && /[\\u200b\\u202a-\\u202e\\u2066-\\u2069\\x1b]/.test(one.textContent))
            .map(one => one.textContent.slice(0, 100)),
        };""", daemon.url)
    check(f"{what} has nothing that the texts ask for", {key: [] for key in found}, found)
    check(f"{what} runs nothing", [], browser.ran())


def test_log(stage):
    name = scenes.HOSTILE_NAMES[0]
    with watched_by_users(stage) as (engine, daemon):
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
def watched_by_users(stage):
    users = os.path.join(stage.programs.directory, "users.yml")
    with open(users, "w", encoding="utf-8") as file:
        file.write(f'basic_auth_users:\n  {USER}: "{PASSWORD_HASH}"\n')
    engine = stage.scripted(scenes.hostile())
    daemon = stage.start(engine, web={"config_file": users, "show_logs": True},
                   container_monitor={"exit_log_lines": 5})
    end = time.monotonic() + DEADLINE
    while daemon.get("/-/ready", Authorization=basic()).status != 200 and time.monotonic() < end:
        time.sleep(0.1)
    yield engine, daemon
    daemon.process.end()
    engine.go_down()


def basic():
    return "Basic " + base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()


def test_log_not_shown(stage):
    """A log may hold secrets: without web.show_logs nobody gets it."""
    containers = scenes.harbour()
    with stage.watched(containers, container_monitor={"exit_log_lines": 5}) as (engine, daemon), \
            opened(daemon.url + parts.container_page("registry"), hurry=HURRY) as browser:
        check("without web.show_logs there is no way to a log", (False, 403),
              (browser.has(parts.SHOW_LOG),
               daemon.get("/api/v1/logs/local/registry").status))
        engine.die("registry", exit_code=1)
        check_soon("an end is told", True, lambda: "error" in browser.text("section#ends"))
        browser.wait_for_refresh(2)
        check("lines of a log are not shown", False,
              "msg=refused" in browser.run("return document.documentElement.outerHTML"))
