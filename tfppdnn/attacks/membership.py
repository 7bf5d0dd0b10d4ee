"""Membership inference: telling whether a picture was in a protector's own training.

R. Shokri, M. Stronati, C. Song and V. Shmatikov, "Membership inference attacks against machine
learning models", S&P 2017. Here the attacker needs no models of his own to compare with: of some
pictures he knows whether they were in.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tfppdnn.attacks.attack import Attack, ThreatModel
from tfppdnn.attacks.data import Images, Suspects
from tfppdnn.attacks.features import Features
from tfppdnn.attacks.result import Suspicions


@dataclass(frozen=True, kw_only=True)
class MembershipAttack(Attack[Suspects, Suspicions]):
    """Learns, by gradient boosting, what the protector says of pictures that it was trained on.

    It goes by all that its network says of a picture before rounding, how sure that is, and the
    class; of a protector without such numbers by what can be read off the protected picture.

    Attributes:
        seed: Of the order in which columns are tried, and of random sums.
        most: Of more values of a protected picture, random sums are taken.
    """

    name = "membership"
    threat_model = ThreatModel.PROTECTOR
    needs = Suspects

    seed: int = 0
    most: int = 1024

    def run(self, data: Suspects) -> Suspicions:
        """Attacks; see `Attack.run`. Does not apply if nobody knows what h_p was trained on."""
        if data.was_in is None:
            return self._result(
                None,
                "It is not known that the protector was trained on pictures of this data set, so "
                "there is nobody to learn from; audit it on the one that it was trained on.",
            )
        # Of these pictures alone, which is half a second before they are needed.
        from sklearn.ensemble import HistGradientBoostingClassifier
        from threadpoolctl import threadpool_limits

        known, others, source = self._told(data)
        # Of so few pictures there is little to share: two threads wait for each other, and took
        # nine times the processor time of one beside other work.
        with threadpool_limits(1, user_api="openmp"):
            attack = HistGradientBoostingClassifier(random_state=self.seed).fit(known, data.was_in)
        return self._result(
            attack.predict_proba(others)[:, 1],
            f"A classifier learnt from {len(known):,} pictures, of which the attacker knows "
            f"whether they were in the protector's training, by {source} and the class.",
        )

    def _told(self, data: Suspects) -> tuple[NDArray[np.float64], NDArray[np.float64], str]:
        """What is known of his own pictures and of the others, and what that is."""
        if data.numbers is not None:

            def read(images: Images) -> NDArray[np.float64]:
                numbers = data.numbers(images)
                return np.column_stack([numbers, np.abs(numbers), np.abs(numbers).mean(axis=1)])

            known, others = read(data.plain), read(data.suspects)
            source = "the network's numbers before rounding"
        else:
            features = Features(data.ciphertexts, most=self.most, random_features=0, seed=self.seed)
            known, others = features(data.ciphertexts), features(data.targets)
            source = "what can be read off the protected picture"
        return (
            np.column_stack([known, data.labels]),
            np.column_stack([others, data.suspect_labels]),
            source,
        )

    def _result(self, scores: NDArray[np.float64] | None, finding: str) -> Suspicions:
        return Suspicions(
            attack=self.name, threat_model=self.threat_model, finding=finding, scores=scores
        )
