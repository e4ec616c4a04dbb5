"""A hook module that imports a framework."""

import torch  # noqa: F401
