"""What the server sends: headers, files and JSON."""

import os
import urllib.parse

import page_parts as parts
import scenes
from checks import check
from scripted_engine import Container
from stage import opened


def test_headers(stage):
    with stage.watched(scenes.harbour()) as (_, daemon):
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


def test_json(stage):
    containers = scenes.harbour() + [Container(name) for name in scenes.HOSTILE_NAMES]
    with stage.watched(containers) as (_, daemon):
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
