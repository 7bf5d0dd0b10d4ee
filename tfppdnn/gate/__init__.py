"""The gate: tells protected images from plain ones, so that a server can refuse these."""
