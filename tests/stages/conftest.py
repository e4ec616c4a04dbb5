"""A session on the fakes."""

from zsbench_sessions import notes, session

__all__ = ["notes", "session"]
