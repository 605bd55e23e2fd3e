"""The package's front door."""

import subprocess
import sys


def test_importing_the_sandbox_loads_neither_the_market_nor_a_web_server() -> None:
    """Whoever only starts the CLI does not pay for the practice platform."""
    code = (
        "import sys, aibuyer_kit.sandbox, aibuyer_kit.sandbox.serve\n"
        "print([m for m in ('tornado', 'asyncio', 'aibuyer_kit.sandbox.market') if m in sys.modules])\n"
        "from aibuyer_kit.sandbox import Market\n"
        "print(Market.__name__)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)

    assert done.stdout.split() == ["[]", "Market"]
