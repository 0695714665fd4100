"""The div of a narrative, written from the events of a parser."""

from __future__ import annotations

from collections.abc import Mapping

from gateway.xml.names import ESCAPES, XHTML

XML = "http://www.w3.org/XML/1998/namespace"
IN_TEXT = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", "\r": "&#13;"})


class NarrativeText:
    """Collects one div; `plain` as long as it needs nothing that is declared around it."""

    def __init__(self) -> None:
        self.parts: list[str] = []
        self.spaces: list[str] = [""]
        """The default namespace at each open element."""
        self.plain = True

    @property
    def depth(self) -> int:
        return len(self.spaces) - 1

    def start(self, qualified: str, attributes: Mapping[str, str]) -> None:
        namespace, name, prefix = _named(qualified)
        self.plain = self.plain and not prefix
        declared = "" if namespace == self.spaces[-1] else f' xmlns="{namespace.translate(ESCAPES)}"'
        self.spaces.append(namespace)
        self.parts.append(f"<{name}{declared}{''.join(self._attribute(*item) for item in attributes.items())}>")

    def end(self, qualified: str) -> None:
        self.spaces.pop()
        self.parts.append(f"</{_named(qualified)[1]}>")

    def text(self, text: str) -> None:
        self.parts.append(text.translate(IN_TEXT))

    def written(self) -> str:
        return "".join(self.parts)

    def _attribute(self, qualified: str, value: str) -> str:
        namespace, name, prefix = _named(qualified)
        if namespace == XML:
            return f' xml:{name}="{value.translate(ESCAPES)}"'
        self.plain = self.plain and not prefix
        # XHTML knows no attributes of other namespaces; those of its own need no prefix.
        return f' {name}="{value.translate(ESCAPES)}"' if namespace in ("", XHTML) else ""


def _named(qualified: str) -> tuple[str, str, str]:
    parts = qualified.split(" ")
    if len(parts) == 1:
        return "", parts[0], ""
    return parts[0], parts[1], parts[2] if len(parts) > 2 else ""
