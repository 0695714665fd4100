"""eCW writes references as whole URLs at times; inside one practice they are relative."""

from __future__ import annotations

from typing import Any

URLS = ("reference", "url", "fullUrl")


def below(node: Any, base_url: str) -> Any:
    """A copy in which URLs below the base are relative to it. Only whole path steps count as below."""
    if isinstance(node, dict):
        return {
            name: _shortened(value, base_url) if name in URLS else below(value, base_url)
            for name, value in node.items()
        }
    return [below(item, base_url) for item in node] if isinstance(node, list) else node


def _shortened(value: Any, base_url: str) -> Any:
    return value.removeprefix(f"{base_url}/") if isinstance(value, str) else below(value, base_url)
