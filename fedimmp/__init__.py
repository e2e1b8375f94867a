"""The product: HTTP edges, use-cases, effects, workers and the command line of one office."""

from importlib.metadata import PackageNotFoundError, version

try:
    VERSION = version("fedimmp")
except PackageNotFoundError:
    # A checkout that was not installed still runs.
    VERSION = "0+checkout"
