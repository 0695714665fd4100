"""The Ritten translator."""

from __future__ import annotations

from translators.ritten.translator import Ritten

translator = Ritten()

__all__ = ["translator"]
