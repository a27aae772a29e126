#!/usr/bin/python3
"""rules_test.py SOURCE_DIR: each alert has a paragraph in docs/runbooks.md, and tests in which it
fires and in which it does not; nothing is explained or tested that is no alert."""

import os
import re
import sys

try:
    import yaml
except ImportError as error:
    sys.exit(f"{error}; on Debian: apt-get install python3-yaml")

failures = []


def check(sentence, holds):
    if not holds:
        failures.append(sentence)


def read(*parts):
    with open(os.path.join(sys.argv[1], *parts), encoding="utf-8") as file:
        return file.read()


def alerts():
    groups = yaml.safe_load(read("config", "prometheus", "alerts.yaml"))["groups"]
    return {rule["alert"]: rule for group in groups for rule in group["rules"]}


def metrics_in(expression):
    return set(re.findall(r"\b(?:container|tidegauge)_\w+|\bup\b", expression))


def check_runbooks(rules):
    paragraphs = dict(re.findall(r"^### (\w+)\n\n(\S.*)", read("docs", "runbooks.md"), re.MULTILINE))
    for name in rules:
        check(f"docs/runbooks.md has a paragraph of {name}", name in paragraphs)
    for name in paragraphs:
        check(f"{name}, of which docs/runbooks.md has a paragraph, is an alert", name in rules)


def check_annotations(name, rule):
    annotations = rule["annotations"]
    check(f"{name} has a summary", annotations.get("summary"))
    check(f"{name} leads to its paragraph",
          annotations.get("runbook_url") == f"docs/runbooks.md#{name.lower()}")
    check(f"{name} has a severity", rule["labels"].get("severity") in ("warning", "critical"))


def check_tests(rules):
    fires, is_quiet = set(), set()
    for group in yaml.safe_load(read("tests", "metrics", "alerts_test.yaml"))["tests"]:
        given = {series["series"].partition("{")[0] for series in group["input_series"]}
        for test in group["alert_rule_test"]:
            name = test["alertname"]
            check(f"{name}, which has a test, is an alert", name in rules)
            if name not in rules:
                continue
            # Without its series every alert is quiet.
            check(f"a test of {name} has a series of each metric that it asks for",
                  metrics_in(rules[name]["expr"]) <= given)
            (fires if test["exp_alerts"] else is_quiet).add(name)
    for name in rules:
        check(f"there is a test in which {name} fires", name in fires)
        check(f"there is a test in which {name} does not fire", name in is_quiet)


def main():
    rules = alerts()
    check("there are alerts", rules)
    check_runbooks(rules)
    for name, rule in rules.items():
        check_annotations(name, rule)
    check_tests(rules)
    if failures:
        sys.exit("\n".join(f"not so: {failure}" for failure in failures))
    print(f"{len(rules)} alerts have a paragraph and tests")


main()
