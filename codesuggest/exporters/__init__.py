"""What leaves the library: pages, tables and files made of suggestion sets.

A writer takes ``(note, suggestion set)`` pairs and yields text, so that a folder of notes
streams through; nothing here prints or opens a file.
"""
