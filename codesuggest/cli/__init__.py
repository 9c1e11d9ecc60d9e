"""The command line, the only room that prints.

Exit codes: 0 done; 1 done in part (some notes could not be read, `show` found no such code, or
`terminology verify` found damage);
2 nothing done, one line on standard error says why; 3 a defect of codesuggest itself.
"""

# importing a module of this room adds its commands
from codesuggest.cli import codes, models, notes, terminology, training
from codesuggest.cli.console import app

__all__ = ["app", "codes", "models", "notes", "terminology", "training"]
