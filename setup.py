"""Package metadata and dependencies."""

import re
import shutil
from pathlib import Path

from setuptools import find_packages, setup
from setuptools.command.build_py import build_py

HERE = Path(__file__).parent
VERSION = re.search(r'__version__ = "(.+)"', (HERE / "tfppdnn/__init__.py").read_text()).group(1)

WEB = HERE / "export" / "web"

# Lower bounds: the oldest versions that install together, that `tests/test_installation.py`
# installs and runs, and of which no advisory is known to us that touches what is used here.

# What protects and asks a server; no TensorFlow.
CLIENT = [
    "numpy>=1.26",
    "pillow>=11.3",
    "ai-edge-litert>=2.1",
    "fire>=0.7",
    "tqdm>=4.66.3",
    "lazy-loader>=0.4",
]
SETTINGS = "pydantic>=2.7"
TRAIN = [
    SETTINGS,
    "tensorflow>=2.21",
    "keras>=3.15",
    "tensorflow-datasets>=4.9.10",
    "importlib-resources>=5",  # Which tensorflow-datasets downloads with and does not require.
    "keras-cv>=0.9",
    "scipy>=1.11.1",
    "scikit-image>=0.24",
    "scikit-learn>=1.5",  # Bundles the digits, the embedded default data set.
    "matplotlib>=3.8",
    "jinja2>=3.1.6",
    "tensorboard>=2.20",
]
# What answers, without TensorFlow: docs/serving.md says what needs it all the same.
SERVE = [
    SETTINGS,
    "fastapi>=0.120.1",
    "uvicorn>=0.30",
    "starlette>=0.49.1",  # Earlier ones let a Range header cost minutes (CVE-2025-62727).
    "h11>=0.16",  # Earlier ones misread chunked bodies (CVE-2025-43859).
    # Others unfold a compressed message whole before they see that it is too large.
    "grpcio>=1.82.2,!=1.83.0",
    "protobuf>=6.31.1",  # What grpcio and LiteRT have, by the lowest version that tests had.
    "prometheus-client>=0.20",
]
ALL = sorted({*TRAIN, *SERVE})
HEIF = ["pillow-heif>=1.7"]  # Photographs of phones.


class BuildWithWeb(build_py):
    """Puts the browser client, which stands in export/web, into the package that is built.

    LiteRT.js goes along if it is there: run `npm ci --prefix export/web` before `pip install .`.
    """

    def run(self):
        super().run()
        # An editable installation serves it from the checkout.
        if not self.editable_mode:
            place = Path(self.build_lib, "tfppdnn", "serving", "web")
            shutil.rmtree(place, ignore_errors=True)
            shutil.copytree(WEB, place, ignore=shutil.ignore_patterns("node_modules", ".*"))


setup(
    name="tfppdnn",
    version=VERSION,
    description="Cloud image classification on protected images only",
    long_description=(HERE / "README.md").read_text(encoding="utf-8"),
    long_description_content_type="text/markdown",
    license_expression="Apache-2.0",
    packages=find_packages(include=["tfppdnn", "tfppdnn.*"]),
    cmdclass={"build_py": BuildWithWeb},
    package_data={"tfppdnn": ["shipped/*/*"], "tfppdnn.reports": ["*.j2"]},
    python_requires=">=3.11,<3.14",
    install_requires=CLIENT,
    extras_require={
        "train": TRAIN,
        "serve": SERVE,
        "all": ALL,
        "heif": HEIF,
        # export/spark/; Java 17 or later comes from elsewhere.
        "spark": ["pyspark[sql]>=4"],
        "test": [
            *ALL,
            *HEIF,
            "pytest>=8",
            "pytest-xdist>=3.5",
            "hypothesis>=6.100",
            "ruff>=0.6",
            "httpx>=0.27",
            "schemathesis>=4",
            # TensorFlow Serving's published messages, which ours are held against.
            "tensorflow-serving-api>=2.21",
            "websocket-client>=1.6",
            "uv>=0.5",
            "build>=1.2",
            "twine>=6.1",
        ],
        # The site (mkdocs.yml), and the notebook of examples/.
        "docs": ["mkdocs-material>=9.5", "mkdocstrings[python]>=0.26", "nbclient", "ipykernel"],
        # The peers of benchmarks/, but for two that pin versions: its README says how.
        "bench": [*ALL, "torch>=2.6", "onnx>=1.17", "onnxruntime>=1.20"],
    },
    entry_points={"console_scripts": ["tfppdnn=tfppdnn.cli:main"]},
    classifiers=[
        "Intended Audience :: Developers",
        "Intended Audience :: Science/Research",
        "Programming Language :: Python :: 3.11",
        "Programming Language :: Python :: 3.12",
        "Programming Language :: Python :: 3.13",
        "Topic :: Scientific/Engineering :: Artificial Intelligence",
        "Topic :: Security",
    ],
)
