"""Kinds of attackers, by what they have."""

from __future__ import annotations

from enum import Enum


class ThreatModel(Enum):
    """What an attacker has, from weak to strong; all know how the scheme works, but no key."""

    CIPHERTEXTS_ONLY = "ciphertexts only"
    CHOSEN_PLAINTEXTS = "chosen plaintexts"
    PROTECTOR = "the protector itself"
