"""Damaged input by the ten thousand: pictures, calls, requests, JSON files, models.

    python -m tests.fuzz --count=1000 --seed=1 --targets=images,calls,rest,grpc,configs,models

Every case follows from the seed, its target and its number alone, and from the tiny run that
cases start from (--work keeps it). A case fails if anything but a documented refusal becomes of it,
if it takes more than ten seconds, or if the process that it runs in dies or grows beyond 4 GiB.
It is then written to --failures, with the command that repeats it.

Right is: of a picture, an array or one line; of a call, exit code 0, 1, 2 or 130, no traceback, and
for 2 at most two notices and the line that says why; of a request, an answer or a refusal that
names nothing inside, no status 500, no INTERNAL or UNKNOWN, and a server that says nothing; of a
JSON or model file, what is right of the call that reads it. What works for more than three seconds
is interrupted as by Ctrl-C. Nothing is downloaded.
"""

import sys
from pathlib import Path

# What other tests share with it: `faults.tiny`, `serving_samples`.
sys.path.insert(0, str(Path(__file__).parents[1]))
