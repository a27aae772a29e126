"""The parts of the pages, by their selectors: the only place of the tests that knows them."""

import urllib.parse

from selenium.common.exceptions import NoSuchElementException
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import Select

# What the daemon's pages send: scripts and styles of their own origin alone.
POLICY = ("default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
          "img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'")

OVERVIEW = ""
POOL = "pool"

TABLE = "table#container-table"
ROW = f"{TABLE} tr.container"
ROW_LINK = f"{ROW} th[scope=row] a"
GROUP = f"{TABLE} tr.group"
GROUP_TOGGLE = f"{GROUP} button[aria-expanded]"
SORT_HEADER = f"{TABLE} thead th[data-sort]"
PROBLEMS = "section#attention ul.problems > li"
ALL_WELL = "section#attention .all-well"
SEARCH, STATE_FILTER, BY_PROJECT = "input#search", "select#state-filter", "input#group"
CONTROLS = f"{SEARCH}, {STATE_FILTER}, {BY_PROJECT}, #controls button, {SORT_HEADER} button, " \
           f"{GROUP_TOGGLE}, #enlarge, #show-log"
SHOWN = "p#shown"
PLOT = "svg.plot"
ENLARGE, ENLARGED = "#enlarge", ".uplot canvas"
SHOW_LOG = "#show-log"
OVERVIEW_SECTIONS = ("attention", "engines", "machine", "ends", "containers")
CONTAINER_SECTIONS = ("plots", "limits", "labels", "networks", "health", "ends", "processes", "log")
# The cells of a container, by their data-key.
CELLS = ("state", "health", "restarts", "last_end", "cpu", "memory", "network", "disk", "pids",
         "pressure", "age")


def container_page(name, endpoint="local"):
    return f"containers/{quoted(endpoint)}/{quoted(name)}"


def quoted(text):
    return urllib.parse.quote(text, safe="")


def page_kind(browser):
    return browser.run("return document.body.dataset.page")


class ContainerTable:
    """Whatever is read is read by one script: between two questions of the driver, the page may replace
    an element of which the first one told."""

    def __init__(self, browser):
        self.browser = browser

    def names(self, selector=ROW):
        """Of the containers that are shown, in their order."""
        return self.browser.run(
            "return [...document.querySelectorAll(arguments[0])]"
            ".filter(row => row.getClientRects().length > 0)"
            ".map(row => row.querySelector('th[scope=row] a, th[scope=row]').textContent.trim())", selector)

    def keys(self):
        """ENDPOINT/NAME of all containers, shown or not."""
        return self.browser.run("return [...document.querySelectorAll(arguments[0])]"
                                ".map(row => row.dataset.key)", ROW)

    def groups(self):
        """By data-group, in the order of the page: the names that are shown."""
        return dict(self.browser.run(
            "return [...document.querySelectorAll(arguments[0])].map(body => ["
            "body.dataset.group, [...body.querySelectorAll('tr.container')]"
            ".filter(row => row.getClientRects().length > 0)"
            ".map(row => row.querySelector('th[scope=row] a, th[scope=row]').textContent.trim())])",
            f"{TABLE} tbody[data-group]"))

    def values(self, key, within=""):
        """The numbers to sort by of the rows that are shown; None where there is none."""
        return self.browser.run(
            "return [...document.querySelectorAll(arguments[0])]"
            ".filter(row => row.getClientRects().length > 0)"
            ".map(row => row.querySelector(`[data-key='${arguments[1]}']`))"
            ".map(cell => !cell || !cell.dataset.value ? null : Number(cell.dataset.value))",
            f"{TABLE} {within} tr.container", key)

    def values_by_group(self, key):
        """Likewise, for each group."""
        return {group: self.values(key, f'tbody[data-group="{group}"]') for group in self.groups()}

    def cell(self, name, key):
        return self.browser.run(
            "const row = [...document.querySelectorAll(arguments[0])].find("
            "row => row.dataset.key.endsWith('/' + arguments[1]));"
            "return row ? row.querySelector(`[data-key='${arguments[2]}']`).textContent"
            ".replace(/\\s+/g, ' ').trim() : null", ROW, name, key)

    # --- controls ---------------------------------------------------------------------------------

    def sort_keys(self):
        return self.browser.run("return [...document.querySelectorAll(arguments[0])]"
                                ".map(header => header.dataset.sort)", SORT_HEADER)

    def sort(self, key):
        """A click on the head of the column. Returns its aria-sort."""
        self.header(key).find_element("css selector", "button").click()
        return self.sorting(key)

    def header(self, key):
        return self.browser.first(f"{TABLE} thead th[data-sort='{key}']")

    def sorting(self, key):
        return self.header(key).get_attribute("aria-sort")

    def sorted_by(self):
        """The columns that say that they are sorted, with the direction."""
        return dict(self.browser.run(
            "return [...document.querySelectorAll(arguments[0])]"
            ".map(header => [header.dataset.sort, header.getAttribute('aria-sort')])"
            ".filter(([, direction]) => ['ascending', 'descending'].includes(direction))",
            SORT_HEADER))

    def search(self, text):
        field = self.browser.first(SEARCH)
        field.send_keys(Keys.CONTROL, "a")
        field.send_keys(Keys.DELETE)
        if text:
            field.send_keys(text)

    def states(self):
        """The values that the filter offers; the one that shows all is empty or "all"."""
        return self.browser.run("return [...document.querySelector(arguments[0]).options]"
                                ".map(option => option.value)", STATE_FILTER)

    def filter(self, state):
        Select(self.browser.first(STATE_FILTER)).select_by_value(state)

    def filter_all(self):
        self.filter(next(value for value in self.states() if value in ("", "all")))

    def group_by_project(self, on):
        field = self.browser.first(BY_PROJECT)
        if field.is_selected() != on:
            field.click()

    def toggle(self, group):
        """Returns aria-expanded."""
        button = self.browser.first(f'{TABLE} tbody[data-group="{group}"] tr.group button')
        if button is None:
            raise NoSuchElementException(f"no toggle of the group {group}")
        button.click()
        return button.get_attribute("aria-expanded")

    def shown(self):
        """The two numbers of "N of M containers"."""
        words = self.browser.text(SHOWN).replace(",", "").split()
        numbers = [int(word) for word in words if word.isdigit()]
        return tuple(numbers)
