"""Serves the faces: REST APIs of other shapes over the store, declared by plugins (gateway/translation/face.py).

plugins.py   finds and checks them
routes.py    operations → routes
asking.py    a request → what an operation is asked, checked against its models
records.py   the resources as an operation sees and writes them
serving.py   runs an operation: what reads in a snapshot
writing.py   … what writes in a transaction, or stage by stage
repeated.py  what a request with an Idempotency-Key was answered
refusals.py  faults in the shape of the API that they happened in
"""

from __future__ import annotations
