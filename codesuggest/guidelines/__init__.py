"""Coding rules over a note's codes: combinations, specificity, edits."""
