"""`python -m gateway` is `crosswalk`, and what that script starts."""

from __future__ import annotations

import gc


def main() -> None:
    """What is imported stays: the collector looks at none of it, neither meanwhile nor later."""
    gc.disable()
    from gateway.cli import main as run

    gc.freeze()
    gc.enable()
    run()


if __name__ == "__main__":
    main()
