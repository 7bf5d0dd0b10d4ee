"""Whether an attack worked: a failed one, such as a collapsed network, is no proof of secrecy.

This is the one rule. Audits put its outcome into an attack's row, and whoever reads a row, such as
verdicts, the frontier or Table I, goes by that.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from enum import StrEnum

from tfppdnn.errors import UserError
from tfppdnn.leakage.baseline import Baseline
from tfppdnn.leakage.examination import Examination
from tfppdnn.leakage.figure import Figure, share_of_the_way
from tfppdnn.leakage.gradients import as_sharp, relative_sharpness
from tfppdnn.leakage.intervals import mean_with_interval
from tfppdnn.leakage.level import MUCH_FROM, Level
from tfppdnn.leakage.matching import WAYS_TO_MATCH
from tfppdnn.leakage.pairs import Images, check_pair
from tfppdnn.leakage.variation import variance_across_images
from tfppdnn.writing import rare_percent

# A network that gives one picture for all inputs still flickers by a few grey levels: up to 1% of
# the variance of photographs. Blurs so heavy that only a tint is left keep a fifth of it.
_VARIATION_OF_COLLAPSE = 0.02
# Images of little contrast vary as little and may show everything: then the affine SSIM with
# their own plain images stands far above that with other images' ones.
_GAIN_OF_FAINT_IMAGES = 0.05

# Of both ways together: four matches of 1,000 are no rare luck with two tries.
_CONFIDENCE = 1 - 0.05 / len(WAYS_TO_MATCH)

_NAMES = {"psnr": "PSNR", "ssim": "SSIM", "affine_ssim": "affine SSIM"}


WORKED, FAILED, COUNTED = "worked", "failed", "counted"
NOT_APPLICABLE = "does not apply"
"""What became of an attack, in its row. One that failed proves nothing, for or against."""


class AttackStatus(StrEnum):
    """What became of one attempt; only the first is evidence about the protector."""

    WORKS = "works"
    COLLAPSED = "collapsed"
    BELOW_THE_MEAN_IMAGE = "below the mean image"


@dataclass(frozen=True, kw_only=True)
class Judgement:
    """Whether reconstructions are worth a row in a table.

    Attributes:
        status: The judgement.
        sentence: The same for a reader, with its figures.
        variation: Variance of the reconstructions across inputs, as a share of that of the
            plain images.
        ssim: Mean SSIM.
        ssim_floor: The mean image's.
        affine_ssim: Mean affine SSIM.
        affine_ssim_floor: The mean image's.
        psnr: Mean PSNR in decibels.
        psnr_floor: The mean image's.
        orientation_agreement: Its mean.
        matched: The share that was matched, by the better of both re-identifications.
        sharpness: How much neighbouring pixels differ, as a share of what they do in plain images.
        sharp_but_other: Whether they are as sharp as plain images, and most are of another picture.
    """

    status: AttackStatus
    sentence: str
    variation: float
    ssim: float
    ssim_floor: float
    affine_ssim: float
    affine_ssim_floor: float
    psnr: float
    psnr_floor: float
    orientation_agreement: float
    matched: float
    sharpness: float
    sharp_but_other: bool

    @property
    def failed(self) -> bool:
        """Whether the attack should be tried again and must not count as secrecy."""
        return self.status is not AttackStatus.WORKS

    @property
    def outcome(self) -> str:
        """The same as an attack's row says it."""
        return FAILED if self.failed else WORKED

    def to_dict(self) -> dict[str, str | float | bool]:
        """Gives all attributes by name, ready for JSON."""
        return asdict(self)


def worked_by(status: str, figure: Figure) -> bool:
    """Whether an attack that worked did so by this measure: it stands above knowing nothing.

    Args:
        status: The attack's, from its row.
        figure: Of its reconstructions.
    """
    return status == WORKED and figure.level > Level.NOTHING


def judge_reconstructions(
    images: Images,
    plain: Images,
    plain_train: Images,
    *,
    bystanders: Images | None = None,
    seed: int = 0,
) -> Judgement:
    """Judges an attack by what it made, before anything is concluded from its figures.

    An attack works if, by PSNR, SSIM or affine SSIM, its images are more like their plain
    images than the mean plain image is, which somebody without any ciphertext has, and more
    like them than like other images' plain ones (the 95% interval of the mean difference
    lies above 0: the affine fit flatters whatever it is given). It also works if its images
    agree with the plain ones in the orientation of their edges at least half way from chance
    to the plain images themselves, or if more of them are matched to their own plain image than by
    chance, by either re-identification (the lower end of its interval, of 97.5% for there are
    two, lies above it). So no photographic negative, blur, line drawing or look-alike is taken
    for a failure.

    Beside that it is said where images are as sharp as plain ones and of another picture: they
    look like an answer, and are none.

    It has collapsed if its images hardly depend on the input, whatever they score: their
    variance across inputs is below 2% of the plain images', and it is not for want of
    contrast, nor are they matched.

    Args:
        images: uint8 [N, H, W, 3], reconstructions, N at least 2.
        plain: uint8 [N, H, W, 3], their plain images in the same order.
        plain_train: uint8 [M, H, W, 3], plain images whose mean the attacker could have.
        bystanders: uint8 [K, H, W, 3], plain images that are behind none of these, in the
            crowd in which each image's own is looked for.
        seed: Of the draw of other images' plain ones.

    Returns:
        The status, its sentence and its figures.

    Raises:
        UserError: If the arrays cannot be paired, N is below 2, an image is below 7x7 or
            the plain images are all equal.
    """
    check_pair(images, plain)
    baseline = Baseline(plain, plain_train=plain_train, bystanders=bystanders, seed=seed)
    return judge(Examination(images, baseline))


def judge(examined: Examination) -> Judgement:
    """Judges reconstructions that are examined already, see `judge_reconstructions`.

    Args:
        examined: The reconstructions.

    Returns:
        The status, its sentence and its figures.

    Raises:
        UserError: If an image is below 7x7 or the plain images are all equal.
    """
    baseline = examined.baseline
    if baseline.variance == 0:
        raise UserError("the plain images are all equal: judge attacks on images that differ")
    variation = variance_across_images(examined.images) / baseline.variance
    own, others, floors = examined.likeness, examined.likeness_to_others, baseline.floors
    gains = {
        name: mean_with_interval(own[name] - others[name], seed=baseline.seed) for name in _NAMES
    }
    outlines = examined.outlines["orientation_agreement"]
    # Pictures of one layout, such as digits, agree with one another's outlines as well.
    agreement, chance = (float(scores.mean()) for scores in outlines)
    shows_outlines = Level.of(share_of_the_way(agreement, chance)) is Level.PICTURES
    found = [
        mean_with_interval(matched, confidence=_CONFIDENCE) for matched in examined.matches.values()
    ]
    matched = max(share.mean for share in found)
    finds_its_own = any(share.low > baseline.chance_of_a_match for share in found)
    is_nearer = any(
        own[name].mean() > floors[name].mean() and gains[name].low > 0 for name in _NAMES
    )
    against_floors = ", ".join(
        f"{shown} {own[name].mean():.2f} against {floors[name].mean():.2f}"
        for name, shown in _NAMES.items()
    )
    is_flat = variation < _VARIATION_OF_COLLAPSE
    is_flat &= gains["affine_ssim"].mean < _GAIN_OF_FAINT_IMAGES
    if is_flat and not finds_its_own:
        status = AttackStatus.COLLAPSED
        sentence = (
            "The attack failed, which is no secrecy: its images hardly depend on the protected "
            f"ones (their variance is {variation:.1%} of the plain images')."
        )
    elif not is_nearer and not shows_outlines and not finds_its_own:
        status = AttackStatus.BELOW_THE_MEAN_IMAGE
        sentence = (
            "The attack failed, which is no secrecy: its images say no more about their own plain "
            f"images than the mean image does ({against_floors}; orientation of edges "
            f"{agreement:.2f}; {rare_percent(matched)} matched)."
        )
    else:
        status = AttackStatus.WORKS
        sentence = (
            "The attack works: its images say more about their own plain images than the mean "
            f"image does ({against_floors}; orientation of edges {agreement:.2f}; "
            f"{rare_percent(matched)} matched)."
        )
    sharp = relative_sharpness(examined.images, baseline.plain)
    # Nothing of the picture to speak of, whichever measure one goes by.
    is_other = (
        share_of_the_way(matched, baseline.chance_of_a_match) < MUCH_FROM
        and share_of_the_way(agreement, chance) < MUCH_FROM
        and share_of_the_way(own["affine_ssim"].mean(), floors["affine_ssim"].mean()) < MUCH_FROM
    )
    sharp_but_other = is_other and not is_flat and as_sharp(examined.images, baseline.plain)
    if sharp_but_other:
        sentence += (
            f" Its images are sharp, and {'most are ' if finds_its_own else ''}of another picture: "
            f"{rare_percent(matched)} matched of {len(examined.images):,}, by chance "
            f"{rare_percent(baseline.chance_of_a_match)} (neighbouring pixels differ {sharp:.2f} "
            "times as much as in plain images)."
        )
    return Judgement(
        status=status,
        sentence=sentence,
        variation=variation,
        ssim=float(own["ssim"].mean()),
        ssim_floor=float(floors["ssim"].mean()),
        affine_ssim=float(own["affine_ssim"].mean()),
        affine_ssim_floor=float(floors["affine_ssim"].mean()),
        psnr=float(own["psnr"].mean()),
        psnr_floor=float(floors["psnr"].mean()),
        orientation_agreement=agreement,
        matched=matched,
        sharpness=sharp,
        sharp_but_other=sharp_but_other,
    )
