"""Compiles the core; ``pyproject.toml`` says all the rest, and ``docs/build.md`` explains both."""

from setuptools import setup

from native.compile import BuildCore, modules

setup(
    ext_modules=modules(),
    cmdclass={"build_ext": BuildCore},
    options={"bdist_wheel": {"py_limited_api": "cp311"}},  # one wheel for Python 3.11 and all that follow
)
