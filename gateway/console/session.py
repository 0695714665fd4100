"""The console's cookies; the sessions themselves are the authorization server's (gateway/auth/sessions.py)."""

from __future__ import annotations

from starlette.responses import Response

from gateway.auth.sessions import ABSOLUTE_US as ABSOLUTE_US
from gateway.auth.sessions import IDLE_US as IDLE_US
from gateway.auth.sessions import TOUCH_US as TOUCH_US
from gateway.auth.sessions import SignedIn as SignedIn
from gateway.auth.sessions import check_csrf as check_csrf
from gateway.auth.sessions import csrf_token as csrf_token
from gateway.auth.sessions import digest_of as digest_of
from gateway.auth.sessions import end_session as end_session
from gateway.auth.sessions import find_session as find_session
from gateway.auth.sessions import is_secure
from gateway.auth.sessions import new_token as new_token
from gateway.auth.sessions import open_session as open_session
from gateway.auth.sessions import touch as touch
from gateway.settings import Settings

PATH = "/console"
COOKIE = "crosswalk_console"
FORM_COOKIE = "crosswalk_form"
"""Before there is a session: what the sign-in form's own token belongs to."""


def set_cookie(response: Response, settings: Settings, name: str, value: str) -> None:
    response.set_cookie(name, value, path=PATH, httponly=True, samesite="strict", secure=is_secure(settings))


def drop_cookie(response: Response, settings: Settings, name: str) -> None:
    response.delete_cookie(name, path=PATH, httponly=True, samesite="strict", secure=is_secure(settings))
