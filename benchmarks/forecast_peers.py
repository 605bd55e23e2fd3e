"""AutoETS, Theta and seasonal naive of statsforecast, run by a Python of its own: `python forecast_peers.py IN OUT`.

IN holds `values` (times, series) with NaN before a series begins, `origins`, `horizon`, `season`; OUT gets for each
model the mean and the 80% interval (origins, horizon, series), and its processor time in seconds.
"""

import sys
import time
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray


def main() -> None:
    from statsforecast.models import AutoETS, SeasonalNaive, Theta

    given = np.load(sys.argv[1])
    values, origins, horizon, season = given["values"], given["origins"], int(given["horizon"]), int(given["season"])
    warnings.simplefilter("ignore")
    models: dict[str, Callable[[], Any]] = {
        # Its seasons have at most 24 steps.
        "AutoETS": lambda: AutoETS(season_length=season if season <= 24 else 1),
        "Theta": lambda: Theta(season_length=season),
        "seasonal naive": lambda: SeasonalNaive(season_length=season),
    }
    found: dict[str, Any] = {}
    for name, model in models.items():
        model().forecast(np.arange(60.0) % 7 + np.arange(60) % 3, h=2, level=[80])  # compile
        started, rows = time.process_time(), np.zeros((3, len(origins), horizon, values.shape[1]))
        for at, origin in enumerate(origins):
            for place in range(values.shape[1]):
                rows[:, at, :, place] = one(model(), filled(values[:origin, place]), horizon)
        found[name] = rows
        found[f"{name} seconds"] = time.process_time() - started
    np.savez(sys.argv[2], **found)


def filled(past: NDArray[Any]) -> NDArray[Any]:
    """Return a past from its first value on, with the last known value where one is missing."""
    known = np.flatnonzero(np.isfinite(past))
    if not len(known):
        return np.zeros(2)
    past = past[known[0] :]
    last = np.maximum.accumulate(np.where(np.isfinite(past), np.arange(len(past)), 0))
    return np.ascontiguousarray(past[last], dtype=np.float64)


def one(model: Any, past: NDArray[Any], horizon: int) -> NDArray[Any]:
    """Return mean, low and high; a model that cannot fit a series says its last value."""
    try:
        told = model.forecast(past, h=horizon, level=[80])
        rows = np.stack([told["mean"], told["lo-80"], told["hi-80"]])
    except Exception:  # noqa: BLE001 # whatever a peer stumbles over, it gets its floor
        return np.full((3, horizon), past[-1])
    return np.where(np.isfinite(rows), rows, past[-1])


if __name__ == "__main__":
    main()
