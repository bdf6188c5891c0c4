"""How the compiled core (``datagen/native``) is built; nothing in this folder is installed.

``backend`` is what pip calls. ``compile`` turns the modules into libraries; ``compiler`` knows with which C compiler,
``headers`` what that reads of Python. ``wheels`` builds for other machines, ``sanitized`` for tests that look at every
access to memory. No module here needs the program or its libraries: when they run, nothing of it is installed.
"""
