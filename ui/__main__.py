"""``python -m ui``: open the dashboard on the first free port from 8501, on this machine only."""

from __future__ import annotations

import os
import socket
import sys
from pathlib import Path

from data.demo.first_start import copy_demo
from data.errors import UserError
from data.jobs import child_environment
from data.workspace import default_root, open_workspace

FIRST_PORT = 8501
TRIES = 100


def free_port(first: int = FIRST_PORT) -> int:
    """The first port from ``first`` on that nothing on 127.0.0.1 listens at."""
    for port in range(first, first + TRIES):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise UserError(f"Ports {first} to {first + TRIES - 1} are all busy.", "Close a server, or set CROSSOVER_PORT.")


def has_display() -> bool:
    """True where a browser can be opened (macOS, Windows, or a Linux session with a screen)."""
    return not sys.platform.startswith("linux") or bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


def main() -> int:
    """Check the workspace, choose the port, say where the page is, and become the server."""
    try:
        copy_demo(default_root())
        workspace = open_workspace()
        wanted = int(os.environ.get("CROSSOVER_PORT", FIRST_PORT))
        port = free_port(wanted)
    except UserError as error:
        print(f"Error: {error}", file=sys.stderr)
        return 2
    except ValueError:
        print("Error: CROSSOVER_PORT is not a number. Set it to a port such as 8600.", file=sys.stderr)
        return 2
    if port != wanted:
        print(f"Port {wanted} is busy, so this dashboard is on port {port}.")
    print(f"Crossover: http://127.0.0.1:{port}   (workspace: {workspace.root}; stop with Ctrl-C)", flush=True)
    app = Path(__file__).resolve().parents[1] / "app.py"
    arguments = ["-m", "streamlit", "run", str(app), "--server.port", str(port)]
    arguments += ["--server.headless", "false" if has_display() else "true"]
    os.chdir(app.parent)  # Streamlit reads .streamlit/config.toml from the working folder
    os.execve(sys.executable, [sys.executable, *arguments], child_environment())  # noqa: S606 - a fixed program


if __name__ == "__main__":
    sys.exit(main())
