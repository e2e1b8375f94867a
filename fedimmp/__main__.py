"""`python -m fedimmp`: the command line."""

from fedimmp.cli import main

main()
