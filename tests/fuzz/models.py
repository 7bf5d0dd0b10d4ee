"""Files that hold networks: TFLite, Keras, SavedModels, and the archives of checkpoints."""

from __future__ import annotations

import os
import random
import shutil
from pathlib import Path

from .mutating import damaged_bytes
from .target import Case, Outcome, call, import_all, outcome_of

_FILES = (
    *("run/protector.tflite", "run/protector_int8.tflite", "run/checkpoints/protector.keras"),
    *("run/protector/saved_model.pb", "run/protector/variables/variables.index"),
    *("run/SHA256SUMS", "shipped/protector_fp16.tflite", "shipped/protector.keras"),
)


class Models:
    """Model files, each with the digests beside it and without."""

    name = "models"

    def prepare(self, base: Path, place: Path) -> None:
        """Copies what they lie in."""
        import tfppdnn

        os.chdir(place)
        shutil.copytree(base / "run", place / "run")
        shutil.copytree(Path(tfppdnn.__file__).parent / "shipped/cifar10", place / "shipped")
        (place / "photos").mkdir()
        shutil.copy(base / "photos/0.png", place / "photos")
        self._place = place
        self._contents = {name: (place / name).read_bytes() for name in _FILES}
        import_all()

    def case(self, chance: random.Random) -> Case:
        """A damaged file."""
        name = chance.choice(_FILES)
        others = [self._contents[chance.choice(_FILES)][:4096]]
        content = damaged_bytes(chance, self._contents[name], others)
        return Case("protects", {name: content}, chance.random() < 0.8)

    def run(self, case: Case) -> Outcome:
        """Protects with it, alone or where it lies."""
        ((name, content),) = case.files.items()
        path, protector = self._place / name, _read_from(name)
        if case.arguments and name.endswith((".tflite", ".keras")):
            path = self._place / f"alone{path.suffix}"
            protector = str(path)
        elif case.arguments and protector == "run/protector":
            protector = "alone"
            shutil.copytree("run/protector", "alone", dirs_exist_ok=True)
            path = self._place / "alone" / Path(name).relative_to("run/protector")
        path.write_bytes(content)
        try:
            code, said = call(
                ["protect", "photos", "out", f"--protector={protector}", "--size=32", "--trust"]
            )
        finally:
            (self._place / name).write_bytes(self._contents[name])
            shutil.rmtree(self._place / "out", ignore_errors=True)
        return outcome_of(code, said)

    def close(self) -> None:
        """Nothing to end."""


def _read_from(name: str) -> str:
    if name.startswith("run/protector/"):
        return "run/protector"
    return name if name.endswith((".keras", "int8.tflite")) else name.split("/")[0]
