"""The pages of a container and of the pool."""

import page_parts as parts
import scenes
from checks import check, check_soon
from overview_tests import check_links
from stage import HURRY, opened


def test_container_page(stage):
    with stage.watched(scenes.harbour()) as (engine, daemon), opened(daemon.url, hurry=HURRY) as browser:
        browser.first(f"{parts.ROW}[data-key='local/registry'] a").click()
        check("a name leads to the page of its container", "container", parts.page_kind(browser))
        check("its heading is the name", "registry", browser.text("h1"))
        check("its title has the name", True, "registry" in browser.driver.title)
        missing = [name for name in parts.CONTAINER_SECTIONS
                   if len(browser.all(f"section#{name}")) != 1]
        check("it has each section once", [], missing)
        check("labels are shown", [True, True], [
            text in browser.text("#labels") for text in ("com.example.owner", "platform")])
        check_soon("there are plots, once ten seconds are over", True,
                   lambda: browser.shown(f"#plots {parts.PLOT}") >= 3)
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


def test_limits(stage):
    with stage.watched(scenes.harbour()) as (_, daemon), \
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


def test_missing_container(stage):
    with stage.watched(scenes.harbour()) as (_, daemon):
        for target in ("containers/local/nobody", "containers/nowhere/web", "containers/local/",
                       "containers/", "containers", "containers/local/web/more", "nonsense"):
            check(f"there is no page /{target}", 404, daemon.get("/" + target).status)
        with opened(daemon.url + "containers/local/nobody", allowed=["404"]) as browser:
            check("a page that is not there is not empty", True, browser.text("body") != "")


def test_container_goes(stage):
    """Somebody removes the container whose page is open."""
    with stage.watched(scenes.harbour()) as (engine, daemon), \
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


def test_pool_page(stage):
    with stage.watched(scenes.harbour()) as (engine, daemon), opened(daemon.url, hurry=HURRY) as browser:
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
