"""What targets know of the systems that they reach: connections, encodings and names, shared by several or too long for
one file. Knows no specs and no lanes; only targets import it.
"""
