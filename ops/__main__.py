"""``python -m ops``: modules take long enough to load for somebody to press Ctrl-C meanwhile."""

import signal
import sys

if __name__ == "__main__":
    try:
        from ops.cli import app
    except KeyboardInterrupt:
        sys.stderr.write("stopped\n")
        sys.exit(128 + signal.SIGINT)
    app(prog_name="python -m ops")
