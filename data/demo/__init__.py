"""The demo: the help desk of an invented company, as documents and questions (see README.md)."""
