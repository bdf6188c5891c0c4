"""The compiled core: the walk, the draws and the lines, in Cython's pure-Python mode. Part of the ground.

Each module is Python source that ``setup.py`` compiles at install time, with a stub (``.pyi``) that says what Python
sees of it. They hold no state of their own, know nothing of specs, and take and fill arrays.
"""
