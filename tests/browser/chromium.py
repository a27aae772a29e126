"""Debian's Chromium, driven by Selenium: without a screen, with a profile of its own, and with its log
of everything that went wrong.

    with Chromium() as browser:
        browser.open(daemon.url)
        browser.complaints()   # of the console; each page must have none
        browser.strangers()    # what was asked of other hosts; likewise
"""

import json
import re
import shutil
import sys
import time
import urllib.parse

try:
    from selenium import webdriver
    from selenium.common.exceptions import WebDriverException
    from selenium.webdriver.chrome.service import Service
    from selenium.webdriver.common.by import By
except ImportError as missing_module:
    sys.exit(f"{missing_module}; on Debian: apt-get install python3-selenium")

PROGRAMS = {"chromium": "chromium", "chromedriver": "chromium-driver"}  # and their packages
DEADLINE = 20.0  # seconds, for whatever is waited for
ARGUMENTS = ("--headless=new", "--hide-scrollbars", "--no-sandbox", "--disable-dev-shm-usage", "--no-proxy-server",
             "--disable-gpu", "--no-first-run", "--disable-background-networking",
             "--disable-component-update", "--disable-default-apps", "--disable-extensions",
             "--disable-sync", "--lang=en-GB")
# Before any script of a page: what a page runs that it should not, counts of what it fetches, and
# timers that run faster by a factor.
OBSERVE = """
(() => {
  const seen = window.testObserver = {ran: [], fetches: 0, answers: 0};
  for (const name of ["alert", "confirm", "prompt"]) window[name] = text => seen.ran.push(text);
  const fetch = window.fetch;
  window.fetch = (...request) => {
    ++seen.fetches;
    return fetch(...request).finally(() => setTimeout(() => ++seen.answers));
  };
  const hurry = %f;
  for (const name of ["setTimeout", "setInterval"]) {
    const original = window[name];
    window[name] = (action, time = 0, ...more) => original(action, time / hurry, ...more);
  }
})();
"""


class Chromium:
    def __init__(self, javascript=True, hurry=1, width=1280, height=900, logs_requests=True):
        """`hurry` makes the timers of pages run faster by that factor. Without the log of requests,
        which takes memory, there are no `requests` and no `strangers`."""
        options = webdriver.ChromeOptions()
        options.binary_location = shutil.which("chromium")
        for argument in (*ARGUMENTS, f"--window-size={width},{height}"):
            options.add_argument(argument)
        # Logs must be asked for. A dialog that opens must be seen, not closed in silence.
        logs = {"browser": "ALL", **({"performance": "ALL"} if logs_requests else {})}
        options.set_capability("goog:loggingPrefs", logs)
        options.set_capability("unhandledPromptBehavior", "ignore")
        if not javascript:
            options.add_experimental_option("prefs", {
                "profile.managed_default_content_settings.javascript": 2})
        self.driver = webdriver.Chrome(service=Service(shutil.which("chromedriver")),
                                       options=options)
        self.driver.set_page_load_timeout(DEADLINE)
        self.driver.set_script_timeout(60)
        self.origin = ""
        self.asked = []  # URLs, as far as they were taken from the driver's log
        self.allowed = []  # patterns of complaints that a test provokes
        self.devtools("Page.enable")
        self.devtools("Page.addScriptToEvaluateOnNewDocument", source=OBSERVE % hurry)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.driver.quit()

    def devtools(self, command, **parameters):
        return self.driver.execute_cdp_cmd(command, parameters)

    # --- pages ------------------------------------------------------------------------------------

    def open(self, url):
        parts = urllib.parse.urlsplit(url)
        self.origin = f"{parts.scheme}://{parts.netloc}"
        self.driver.get(url)

    def run(self, script, *arguments):
        return self.driver.execute_script(script, *arguments)

    def all(self, selector):
        return self.driver.find_elements(By.CSS_SELECTOR, selector)

    def first(self, selector):
        """None where there is none."""
        found = self.all(selector)
        return found[0] if found else None

    def has(self, selector):
        return bool(self.all(selector))

    def text(self, selector):
        """Of the first, as it is written; empty where there is none."""
        return self.run("const one = document.querySelector(arguments[0]);"
                        "return one ? one.textContent.replace(/\\s+/g, ' ').trim() : ''", selector)

    def texts(self, selector):
        return self.run("return [...document.querySelectorAll(arguments[0])]"
                        ".map(one => one.textContent.replace(/\\s+/g, ' ').trim())", selector)

    def shown(self, selector):
        """How many of them take room on the page."""
        return self.run("return [...document.querySelectorAll(arguments[0])]"
                        ".filter(one => one.getClientRects().length > 0).length", selector)

    def colour(self, selector, which="background-color"):
        """Red, green, blue and opacity."""
        value = self.run("return getComputedStyle(document.querySelector(arguments[0]))"
                         "[arguments[1]]", selector, which)
        numbers = [float(number) for number in re.findall(r"[\d.]+", value)]
        return tuple(numbers) if len(numbers) == 4 else (*numbers, 1.0)

    def wait_until(self, holds, seconds=DEADLINE):
        """What `holds` returned in the end, which is false if the time was over."""
        end = time.monotonic() + seconds
        while not (held := holds()) and time.monotonic() < end:
            time.sleep(0.05)
        return held

    def wait_for_refresh(self, count=1, seconds=DEADLINE):
        """Until the page has fetched itself again that often, and shows what it got."""
        before = self.run("return testObserver.fetches")
        done = self.wait_until(lambda: self.run(
            "return testObserver.answers >= arguments[0] + arguments[1]", before, count), seconds)
        self.run("return new Promise(done => requestAnimationFrame(() => setTimeout(done, 50)))")
        return done

    # --- how it is shown --------------------------------------------------------------------------

    def prefer(self, scheme):
        """"light" or "dark"."""
        self.devtools("Emulation.setEmulatedMedia",
                      features=[{"name": "prefers-color-scheme", "value": scheme}])

    def resize(self, width, height=900, scale=1):
        self.devtools("Emulation.setDeviceMetricsOverride", width=width, height=height,
                      deviceScaleFactor=scale, mobile=False)

    def overflow(self):
        """Pixels by which the page is wider than the window."""
        return self.run("const page = document.scrollingElement;"
                        "return page.scrollWidth - page.clientWidth")

    def screenshot(self, path):
        self.driver.save_screenshot(path)

    def heap_bytes(self):
        """In use by scripts, after a collection of garbage."""
        for _ in range(3):
            self.devtools("HeapProfiler.collectGarbage")
        return self.devtools("Runtime.getHeapUsage")["usedSize"]

    def nodes(self):
        return self.run("return document.getElementsByTagName('*').length")

    # --- what went wrong --------------------------------------------------------------------------

    def complaints(self):
        """Warnings and errors of the console since the last call: of scripts, of the policy, of what
        could not be loaded."""
        return [entry["message"] for entry in self.driver.get_log("browser")
                if entry["level"] in ("WARNING", "SEVERE")
                and not any(re.search(pattern, entry["message"]) for pattern in self.allowed)]

    def requests(self):
        """The URLs of everything that pages asked for, from the beginning on."""
        for entry in self.driver.get_log("performance"):
            message = json.loads(entry["message"])["message"]
            if message["method"] == "Network.requestWillBeSent":
                self.asked.append(message["params"]["request"]["url"])
        return self.asked

    def strangers(self):
        return [url for url in self.requests()
                if not url.startswith((self.origin + "/", "data:", "about:"))]

    def ran(self):
        """The texts of dialogs that scripts opened."""
        try:
            return self.run("return window.testObserver ? testObserver.ran : []")
        except WebDriverException as error:
            return [str(error)]


def missing_packages():
    return [package for program, package in PROGRAMS.items() if shutil.which(program) is None]
