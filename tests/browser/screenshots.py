#!/usr/bin/python3 -B
"""screenshots.py TIDEGAUGE DIRECTORY [MINUTES]: pictures of the pages, for the documents.

A daemon watches a made-up Engine for some minutes (16 by default, which fills the plots), and Chromium
takes the pictures: the overview light, dark, narrow and of an Engine that is down, the page of a
container, and that of the pool. As root the machine is called harbour-1 in them.
"""

import base64
import os
import shutil
import sys
import tempfile
import time

sys.path.append(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from support import processes  # noqa: E402, found by the line above
from support.daemon import Daemon  # noqa: E402

import chromium  # noqa: E402
import page_parts as parts  # noqa: E402
import scenes  # noqa: E402
from scripted_engine import ScriptedEngine  # noqa: E402

MINUTES = 16.0
HOST_NAME = "harbour-1"


def main():
    if len(sys.argv) not in (3, 4):
        sys.exit(__doc__)
    program, pictures = map(os.path.abspath, sys.argv[1:3])
    minutes = float(sys.argv[3]) if len(sys.argv) == 4 else MINUTES
    if missing := chromium.missing_packages():
        sys.exit(f"missing; on Debian: apt-get install {' '.join(missing)}")
    os.makedirs(pictures, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="tidegauge-pictures-") as directory, \
            processes.Programs(directory) as programs:
        engine = ScriptedEngine(os.path.join(directory, "docker.sock"), scenes.harbour(), HOST_NAME)
        daemon = Daemon(programs, program, engine.socket_path, launcher=renamed_host())
        live(engine, minutes * 60)
        take_all(engine, daemon, pictures)


def renamed_host():
    """What starts the daemon, in a namespace in which the machine has another name."""
    if os.geteuid() != 0 or shutil.which("unshare") is None:
        return ()
    return ("unshare", "--uts", "/bin/sh", "-c", f'hostname {HOST_NAME} && exec "$@"', "sh")


def live(engine, seconds):
    """Some containers end while the daemon watches; the last ends are a minute old."""
    print(f"The made-up Engine lives for {seconds:.0f} seconds", file=sys.stderr)
    wait(min(seconds / 4, seconds - 90))
    engine.die("backup", exit_code=2)
    wait(min(seconds / 4, seconds / 2 - 60))
    engine.die("grafana", exit_code=0)
    engine.start("grafana")
    engine.die("web", exit_code=137, out_of_memory=True)
    engine.start("web")
    for _ in range(4):
        engine.start("worker")
        wait(3)
        engine.die("worker", exit_code=1, then="restarting")
        wait(1)
    wait(seconds / 2 - 16)


def wait(seconds):
    time.sleep(max(seconds, 1))


def take_all(engine, daemon, pictures):
    with chromium.Chromium() as browser:
        browser.devtools("Emulation.setScrollbarsHidden", hidden=True)

        def take(name, target="", scheme="light", width=1280, scale=1):
            browser.prefer(scheme)
            browser.resize(width, 800, scale)
            browser.open(daemon.url + target)
            # In a window as high as the page: Chromium does not draw rows that are out of sight.
            browser.resize(width, browser.run("return document.documentElement.scrollHeight"), scale)
            browser.run("return new Promise(done => setTimeout(done, 300))")
            path = os.path.join(pictures, f"{name}.png")
            with open(path, "wb") as file:
                file.write(whole_page(browser))
            print(path)

        take("overview")
        take("overview-dark", scheme="dark")
        take("overview-narrow", width=390, scale=2)
        take("container", parts.container_page("web"))
        take("container-dark", parts.container_page("web"), scheme="dark")
        take("pool", parts.POOL)
        engine.go_down()
        browser.wait_until(lambda: (browser.open(daemon.url), browser.text("section#attention"))[1]
                           .lower().count("down") > 0)
        take("engine-down")


def whole_page(browser):
    """A PNG, as high as the page."""
    width, height = browser.run("const page = document.documentElement;"
                                "return [page.clientWidth, page.scrollHeight]")
    picture = browser.devtools("Page.captureScreenshot", format="png", captureBeyondViewport=True,
                               clip={"x": 0, "y": 0, "width": width, "height": height, "scale": 1})
    return base64.b64decode(picture["data"])


main()
