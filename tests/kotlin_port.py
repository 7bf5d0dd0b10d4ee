"""The class for Android, compiled as it is and run on a Java virtual machine of this computer.

The runtime is LiteRT's own interpreter. Two things are ours, and stand under kotlin/java: pixels in
place of Android's `Bitmap`, and a Java interface to that interpreter, which runs in a process of
its own.
"""

import importlib.util
import shutil
import subprocess
import sys
from pathlib import Path

from conformance_samples import EXPORT

HERE = Path(__file__).parent / "kotlin"
_FOUND = importlib.util.find_spec("run_kotlin_kernel")
MISSING = (
    "needs a JDK of version 17 or later, and Kotlin: "
    "pip install --no-deps kotlin-jupyter-kernel==0.19.0.944"
    if _FOUND is None or shutil.which("javac") is None
    else None
)


def compile_port(folder):
    """Compiles export/android and what stands in; a warning is an error."""
    java = sorted((HERE / "java").rglob("*.java"))
    _run("javac", "-Werror", "-d", folder, *java)
    kotlin = [*sorted((EXPORT / "android").glob("*.kt")), *sorted(HERE.glob("*.kt"))]
    # 1.8 is what an app for the oldest Android that is supported is compiled to.
    options = ["-Werror", "-no-stdlib", "-no-reflect", "-jvm-target", "1.8", "-d", folder]
    path = ["-cp", _joined(folder, *_libraries())]
    compiler = "org.jetbrains.kotlin.cli.jvm.K2JVMCompiler"
    _run("java", "-cp", _joined(*_jars().glob("*.jar")), compiler, *options, *path, *kotlin)


def run_port(compiled, *arguments, assets=None):
    """Runs kotlin/Main.kt; returns what it printed."""
    runtime = f"-Druntime={sys.executable}\n{HERE / 'runtime.py'}"
    path = ["-cp", _joined(compiled, *_libraries())]
    return _run("java", runtime, f"-Dassets={assets}", *path, "tfppdnn.MainKt", *arguments)


def _jars():
    return Path(*_FOUND.submodule_search_locations) / "jars"


def _libraries():
    return [
        *_jars().glob("kotlin-stdlib-*.jar"),
        *_jars().glob("kotlinx-serialization-*.jar"),
    ]


def _joined(*paths):
    return ":".join(map(str, paths))


def _run(*command):
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[:3000]
    return done.stdout
