"""Package metadata and dependencies."""

import re
from pathlib import Path

from setuptools import find_packages, setup

HERE = Path(__file__).parent
VERSION = re.search(r'__version__ = "(.+)"', (HERE / "tfppdnn/__init__.py").read_text()).group(1)

setup(
    name="tfppdnn",
    version=VERSION,
    description="Cloud image classification on images that nobody can see",
    long_description=(HERE / "README.md").read_text(encoding="utf-8"),
    long_description_content_type="text/markdown",
    license="Apache-2.0",
    packages=find_packages(include=["tfppdnn", "tfppdnn.*"]),
    package_data={"tfppdnn.reporting": ["*.j2"]},
    python_requires=">=3.11,<3.14",
    install_requires=[
        "tensorflow>=2.21",
        "keras>=3.15",
        "tensorflow-datasets>=4.9.10",
        "keras-cv>=0.9",
        "numpy>=1.26",
        "scipy>=1.11",
        "scikit-image>=0.24",
        "scikit-learn>=1.4",  # Bundles the digits, the embedded default data set.
        "fire>=0.7",
        "pillow>=10.3",
        "tqdm>=4.66",
        "matplotlib>=3.8",
        "jinja2>=3.1",
        "ai-edge-litert>=2.1",
        "tensorboard>=2.20",
        "fastapi>=0.115",
        "uvicorn>=0.30",
        "grpcio>=1.62",
        "tensorflow-serving-api>=2.21",
        "prometheus-client>=0.20",
    ],
    extras_require={
        "test": [
            "pytest>=8",
            "hypothesis>=6.100",
            "ruff>=0.6",
            "httpx>=0.27",
            "schemathesis>=4",
            "websocket-client>=1.6",
        ]
    },
    entry_points={"console_scripts": ["tfppdnn=tfppdnn.cli:main"]},
    classifiers=[
        "Intended Audience :: Developers",
        "Intended Audience :: Science/Research",
        "License :: OSI Approved :: Apache Software License",
        "Programming Language :: Python :: 3.11",
        "Programming Language :: Python :: 3.12",
        "Programming Language :: Python :: 3.13",
        "Topic :: Scientific/Engineering :: Artificial Intelligence",
        "Topic :: Security",
    ],
)
