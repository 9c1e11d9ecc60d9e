"""Run the command line with ``python -m codesuggest``."""

from codesuggest.cli import app

if __name__ == "__main__":
    app()
