"""A kernel of the interpreter that runs this process, whatever kernels other environments have installed."""

import sys
from typing import Any

from jupyter_client.kernelspec import KernelSpec
from jupyter_client.manager import AsyncKernelManager


class ThisInterpreter(AsyncKernelManager):
    """Starts `python -m ipykernel_launcher` of this very interpreter and looks up no kernel by name."""

    @property
    def kernel_spec(self) -> KernelSpec | None:
        # -P leaves the working folder out of the import path: a stray file there replaces no module.
        launch = [sys.executable, "-P", "-m", "ipykernel_launcher", "-f", "{connection_file}"]
        return KernelSpec(argv=launch, display_name="Python 3", language="python")

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        self.kernel_name = "python3"
