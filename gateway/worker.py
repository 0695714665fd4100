"""One of several server processes: serves on the socket that its parent opened."""

from __future__ import annotations

import socket
import sys

from gateway.serving import application, serve_one


def main() -> None:
    serve_one(socket.socket(fileno=int(sys.argv[1])), application())


if __name__ == "__main__":
    main()
