"""The bodies, queries and answers of the internal REST API as models: what is checked on the way in and documented."""
