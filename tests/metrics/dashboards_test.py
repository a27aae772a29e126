#!/usr/bin/python3
"""dashboards_test.py SOURCE_DIR [--queries]: the dashboards of config/grafana are what Grafana's
published schema wants, name no data source but their variable, and are linked with each other.

With --queries it prints the queries of the dashboards instead, with the variables filled in, for
tests that look for data.
"""

import glob
import json
import os
import re
import subprocess
import sys
import tempfile

try:
    import jsonschema
except ImportError as missing_module:
    sys.exit(f"{missing_module}; on Debian: apt-get install python3-jsonschema")


def check(sentence, holds):
    if not holds:
        sys.exit(f"FAILED: {sentence}")


def path_of(*parts):
    return os.path.join(sys.argv[1], *parts)


def read_dashboards():
    """By the names of their files."""
    dashboards = {}
    for path in glob.glob(path_of("config", "grafana", "*.json")):
        with open(path, encoding="utf-8") as file:
            dashboards[os.path.basename(path)] = json.load(file)
    check("there are dashboards", dashboards)
    return dashboards


def panels_of(dashboard):
    return [panel for panel in dashboard["panels"] if panel["type"] != "row"]


def queries_of(dashboard):
    """Title and expression of each query, with the variables as Grafana fills them in for "All"."""
    values = {variable["name"]: variable["allValue"] for variable in dashboard["templating"]["list"]
              if variable["type"] == "query"}
    values.update({"__rate_interval": "10s", "__range": "5m"})

    def fill(match):
        check(f"{match[0]} is a variable of {dashboard['title']}", match[1] in values)
        return values[match[1]]

    return [(f"{dashboard['title']}, {panel['title']}",
             re.sub(r"\$\{?(\w+)\}?", fill, target["expr"]))
            for panel in panels_of(dashboard) for target in panel["targets"]]


def check_dashboards(dashboards):
    with open(path_of("tests", "data", "grafana-11.6.0", "dashboard.schema.json"),
              encoding="utf-8") as file:
        schema = jsonschema.Draft7Validator(json.load(file))
    titles = [dashboard["title"] for dashboard in dashboards.values()]
    check("no two dashboards have the same title", len(set(titles)) == len(titles))
    for name, dashboard in dashboards.items():
        for error in schema.iter_errors(dashboard):
            error = jsonschema.exceptions.best_match([error])
            sys.exit(f"FAILED: {name} is not what Grafana's schema wants: "
                     f"{list(error.absolute_path)}: {error.message:.500}")
        check_connections(name, dashboard)
        check_grid(name, dashboard)
        check_queries(name, dashboard)
    print(f"ok: {len(dashboards)} dashboards are what Grafana's schema wants", flush=True)


def check_connections(name, dashboard):
    """To the data source and to the other dashboards."""
    first = dashboard["templating"]["list"][0]
    check(f"{name} has a variable for the data source",
          (first["name"], first["type"], first["query"]) == ("datasource", "datasource",
                                                             "prometheus"))
    uids = set(re.findall(r'"uid": ?"([^"]*)"', json.dumps(dashboard)))
    check(f"{name} names no data source but its variable", uids == {"${datasource}"})
    check(f"{name} is linked with the others", dashboard["tags"] == ["tidegauge"] and any(
        link["type"] == "dashboards" and link["tags"] == ["tidegauge"] and link["includeVars"]
        for link in dashboard["links"]))


def check_grid(name, dashboard):
    ids = [panel["id"] for panel in dashboard["panels"]]
    check(f"no two panels of {name} have the same id", len(set(ids)) == len(ids))
    taken = set()
    for panel in dashboard["panels"]:
        place = panel["gridPos"]
        cells = {(x, y) for x in range(place["x"], place["x"] + place["w"])
                 for y in range(place["y"], place["y"] + place["h"])}
        check(f"{name}: {panel['title']} is within 24 columns", place["x"] + place["w"] <= 24)
        check(f"{name}: {panel['title']} covers no other panel", not cells & taken)
        taken |= cells


def check_queries(name, dashboard):
    rules = [{"record": f"query:{number}", "expr": expression}
             for number, (_, expression) in enumerate(queries_of(dashboard))]
    with tempfile.NamedTemporaryFile("w", suffix=".yaml") as file:
        json.dump({"groups": [{"name": name, "rules": rules}]}, file)  # which is YAML as well
        file.flush()
        done = subprocess.run(["promtool", "check", "rules", file.name], stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, encoding="utf-8", check=False)
    check(f"promtool understands the queries of {name}: {done.stdout}", done.returncode == 0)


def print_queries():
    for dashboard in read_dashboards().values():
        for origin, expression in queries_of(dashboard):
            print(f"{origin}\t{expression}")


def main():
    if len(sys.argv) < 2 or sys.argv[2:] not in ([], ["--queries"]):
        sys.exit(__doc__)
    if sys.argv[2:]:
        print_queries()
    else:
        check_dashboards(read_dashboards())


if __name__ == "__main__":
    main()
