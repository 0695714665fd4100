"""Who calls and what they may do: the SMART authorization server and the resource server's checks."""

from __future__ import annotations
