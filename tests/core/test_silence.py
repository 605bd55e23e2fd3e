"""What compiled code prints past Python's own output."""

import os
import sys

from aibuyer_kit.core.silence import silence


def test_what_is_written_to_the_process_output_is_kept_back_for_a_moment(capfd):
    """Before and after it comes out, also of Python's buffer."""
    sys.stdout.write("before\n")
    with silence():
        os.write(1, b"chatter\n")
    os.write(1, b"after\n")
    assert capfd.readouterr().out == "before\nafter\n"
