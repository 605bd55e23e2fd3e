"""A kernel of the interpreter that runs this process, whatever kernels other environments have installed."""

import sys
from typing import Any

import zmq
from jupyter_client.kernelspec import KernelSpec
from jupyter_client.manager import AsyncKernelManager

# -P leaves the working folder out of the import path: a stray file there replaces no module. Cells' errors come back as
# outputs, so the kernel's own log stays out of the terminal.
_LAUNCH = (
    sys.executable,
    "-P",
    "-m",
    "ipykernel_launcher",
    "--IPKernelApp.log_level=CRITICAL",
    "-f",
    "{connection_file}",
)


class ThisInterpreter(AsyncKernelManager):
    """Starts `python -m ipykernel_launcher` of this very interpreter and looks up no kernel by name."""

    def __init__(self, **settings: Any) -> None:
        encryption = "auto" if zmq.has("curve") else "disabled"
        super().__init__(**{"transport_encryption": encryption} | settings)

    @property
    def kernel_spec(self) -> KernelSpec | None:
        return KernelSpec(
            argv=list(_LAUNCH),
            display_name="Python 3",
            language="python",
            metadata={"supported_encryption": ["curve"]},
        )
