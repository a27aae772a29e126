"""Sentences that hold, or do not. A test goes on after a failure: its next check may tell more."""

import time

DEADLINE = 20.0  # seconds, for whatever is waited for

failures = []  # the sentences


def check(sentence, expected, seen):
    if expected == seen:
        print("ok:", sentence, flush=True)
        return
    failures.append(sentence)
    print(f"FAILED: {sentence}\n  expected: {expected!r:.1500}\n  seen: {seen!r:.1500}",
          flush=True)


def check_soon(sentence, expected, look):
    """`look` is called until it returns what is expected."""
    end = time.monotonic() + DEADLINE
    while (seen := look()) != expected and time.monotonic() < end:
        time.sleep(0.1)
    check(sentence, expected, seen)


def check_order(sentence, values, direction):
    """Whether the values go one way, those that are not known last."""
    known = [value for value in values if value is not None]
    check(sentence, sorted(known, reverse=direction == "descending")
          + [None] * (len(values) - len(known)), values)
