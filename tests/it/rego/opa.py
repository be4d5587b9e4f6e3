"""Asks OPA itself, as a library. Reads {"modules": {path: text}, "data": [...], "input": ..., "rules": [...]} on standard
input and writes {rule: its value}, which is null where it is undefined. The first argument is where the library is."""

import json
import sys

sys.path.insert(0, sys.argv[1])
from opa_bindings import OpaEngine, OpaError  # noqa: E402

asked = json.load(sys.stdin)
answers = {}
with OpaEngine() as engine:
    for path, text in asked["modules"].items():
        engine.add_policy(path, text)
    for data in asked["data"]:
        engine.add_data(data)
    for rule in asked["rules"]:
        try:
            answers[rule] = engine.eval_document(rule, asked["input"])
        except OpaError as error:
            if error.code != "undefined":
                raise
            answers[rule] = None
json.dump(answers, sys.stdout)
