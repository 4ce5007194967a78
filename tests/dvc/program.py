"""Runs DVC's command line again and again in one process, for whoever writes to its input.

Each line that is read is a JSON object: the arguments, the folder, and variables. Each line that is
written says how that ended.
"""

import contextlib
import io
import json
import logging
import os
import sys


def run(order):
    from dvc.cli import main

    os.chdir(order["folder"])
    os.environ.update(order["environ"])
    printed, errors = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(errors):
        code = main(order["arguments"])
    for logger in [logging.getLogger(), *map(logging.getLogger, ("dvc", "dvc_data"))]:
        for handler in list(logger.handlers):
            logger.removeHandler(handler)
    os.chdir("/")
    return {"exit_code": code, "stdout": printed.getvalue(), "stderr": errors.getvalue()}


def serve():
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    for line in sys.stdin:
        answers.write(json.dumps(run(json.loads(line))) + "\n")
        answers.flush()


if __name__ == "__main__":
    serve()
