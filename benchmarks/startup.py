"""How long a person waits before anything happens: importing the package, `--help`, a first answer in the terminal.

Every command is a process of its own. They run in turns, so that a busy moment of the machine meets all of them, and
the median over the rounds counts.
"""

import argparse
import json
import os
import platform
import re
import statistics
import subprocess
import sys
import tempfile
import time
from importlib.metadata import version
from pathlib import Path
from typing import Any

from aibuyer_kit.workflows.example import CLIENT_ID, build_example

AIBUYER = str(Path(sys.executable).with_name("aibuyer"))
BARE = "python"
PEERS = ("import duckdb", "import pandas")
# What each may take, in ms; the import's bar is over bare Python.
BARS = {"import aibuyer_kit": 50, "aibuyer --help": 300, "aibuyer insights": 500}
HEAVY = ("pandas", "panel", "prophet", "pyarrow", "numpy", "matplotlib", "bokeh", "facebook_business")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--rounds", type=int, default=15, help="runs of each command (default: 15)")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        build_example(workspace := Path(folder) / "workspace")
        found = measure(commands(workspace), arguments.rounds)
        heavy = heavy_imports(insights_command(workspace))
    outcome = result(found, heavy, arguments.rounds)
    print(json.dumps(outcome) if arguments.json else as_table(outcome))


def insights_command(workspace: Path) -> list[str]:
    return [AIBUYER, "insights", "--workspace", str(workspace), "--client", CLIENT_ID, "--days", "28"]


def commands(workspace: Path) -> dict[str, list[str]]:
    imports = {name: [sys.executable, "-c", name] for name in ("import aibuyer_kit", *PEERS)}
    return {
        BARE: [sys.executable, "-c", "pass"],
        **imports,
        "aibuyer --help": [AIBUYER, "--help"],
        "aibuyer insights": insights_command(workspace),
    }


def measure(by_name: dict[str, list[str]], rounds: int) -> dict[str, float]:
    """Return the median of each command's wall-clock time in ms; a first round that warms the disk does not count."""
    times: dict[str, list[float]] = {name: [] for name in by_name}
    for _ in range(rounds + 1):
        for name, command in by_name.items():
            times[name].append(first_answer_ms(command))
    return {name: round(statistics.median(each[1:]), 1) for name, each in times.items()}


def first_answer_ms(command: list[str]) -> float:
    """Return how long it takes until a command has told something, or has ended if it tells nothing."""
    started = time.perf_counter()
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        assert process.stdout is not None  # noqa: S101 # it was asked for
        process.stdout.read(1)
        took_ms = (time.perf_counter() - started) * 1000
        process.stdout.read()
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, command)
    return took_ms


def heavy_imports(command: list[str]) -> list[str]:
    """Return which heavy packages the command imports, as Python's own import log tells."""
    done = subprocess.run([sys.executable, "-X", "importtime", *command], capture_output=True, text=True, check=True)
    imported = set(re.findall(r"^import time:[^|]*\|[^|]*\|\s*(\w+)", done.stderr, flags=re.MULTILINE))
    return sorted(imported.intersection(HEAVY))


def result(found: dict[str, float], heavy: list[str], rounds: int) -> dict[str, Any]:
    ours = {"import aibuyer_kit": round(found["import aibuyer_kit"] - found[BARE], 1)}
    ours |= {name: found[name] for name in BARS if name not in ours}
    return {
        "name": "startup",
        "unit": "ms",
        "limit": {BARE: found[BARE]},
        "peers": {name: found[name] for name in PEERS},
        "ours": ours,
        "ratios": {
            "aibuyer --help / python": round(found["aibuyer --help"] / found[BARE], 2),
            "aibuyer insights / import pandas": round(found["aibuyer insights"] / found["import pandas"], 2),
            "aibuyer insights / import duckdb": round(found["aibuyer insights"] / found["import duckdb"], 2),
        },
        "bars": BARS,
        "held": {name: ours[name] <= bar for name, bar in BARS.items()}
        | {"insights without pandas": "pandas" not in heavy},
        "heavy_imports_of_insights": heavy,
        "conditions": {
            "rounds": rounds,
            "statistic": "median; import aibuyer_kit is over bare python",
            "python": platform.python_version(),
            "machine": f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores",
            "duckdb": version("duckdb"),
            "pandas": version("pandas"),
        },
    }


def as_table(outcome: dict[str, Any]) -> str:
    rows = [
        *(("limit", name, value, "") for name, value in outcome["limit"].items()),
        *(("peer", name, value, "") for name, value in outcome["peers"].items()),
        *(("ours", name, value, bar_text(outcome, name)) for name, value in outcome["ours"].items()),
    ]
    lines = [f"{kind:<6} {name:<24} {value:>8.1f} ms  {note}".rstrip() for kind, name, value, note in rows]
    heavy = ", ".join(outcome["heavy_imports_of_insights"]) or "none"
    return "\n".join(["start-up", *lines, f"heavy imports of `aibuyer insights`: {heavy}"])


def bar_text(outcome: dict[str, Any], name: str) -> str:
    return f"bar {outcome['bars'][name]} ms: {'held' if outcome['held'][name] else 'MISSED'}"


if __name__ == "__main__":
    main()
