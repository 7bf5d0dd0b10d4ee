"""No scheme at all."""

from __future__ import annotations

from dataclasses import dataclass

from tfppdnn.baselines.images import Images


@dataclass(frozen=True)
class Plain:
    """Protects nothing: images stay as they are."""

    def protect(self, images: Images) -> Images:
        """Returns the images, uint8 [N, H, W, 3] or [H, W, 3]."""
        return images
