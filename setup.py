from pathlib import Path
from Cython.Build import cythonize
from setuptools import Extension, setup

FLAGS = ["-O3", "-ffp-contract=off", "-fno-math-errno", "-g0"]
DIRECTIVES = {"language_level": 3, "boundscheck": False, "wraparound": False, "cdivision": True, "initializedcheck": False, "embedsignature": False}
extensions = [
    Extension(
        f"datagen.native.{source.stem}", [str(source)], extra_compile_args=FLAGS,
        define_macros=[("Py_LIMITED_API", "0x030B0000")], py_limited_api=True,
    )
    for source in sorted(Path("datagen/native").glob("*.py")) if source.stem != "__init__"
]
setup(ext_modules=cythonize(extensions, compiler_directives=DIRECTIVES, build_dir="build/core"), options={"bdist_wheel": {"py_limited_api": "cp311"}})
