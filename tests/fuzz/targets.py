"""All that is fuzzed, by name."""

from .broken import Broken
from .calls import Calls
from .configs import Configs
from .images import Images
from .models import Models
from .servers import Grpc, Rest

TARGETS = {kind.name: kind for kind in (Images, Calls, Rest, Grpc, Configs, Models)}
ALL = {**TARGETS, Broken.name: Broken}
"""With the one that the harness itself is tested on."""
