"""What an image gives away about the plain image behind it.

Every metric takes two uint8 arrays [N, H, W, 3] in the same order, the images under
suspicion (protected images or an attack's reconstructions, after rounding to 8 bits) and
the plain images, and gives one value per image; the higher, the more leaks. None is to be
believed alone: SSIM can be made low by a photographic negative, which hides nothing; the
affine fit sees through that; the contour correlation finds outlines when even the affine
SSIM is at its floor; the orientation agreement finds them under saturated colours and
bright borders, which press all three down; re-identification asks for no resemblance, just
for the right image; and recognition, which asks a classifier, for what is shown.

What is measured proves nothing about attackers that were not tried; `crowd` has the bounds that
hold for all of them.
"""

from tfppdnn.leakage.attributes import ATTRIBUTES, attributes_of
from tfppdnn.leakage.baseline import mean_image_baseline, shuffled_partners
from tfppdnn.leakage.contours import contour_correlation
from tfppdnn.leakage.crowd import CROWD, CodeBound, crowd_bound, guessing_bound, noisy_code_bound
from tfppdnn.leakage.examination import leakage
from tfppdnn.leakage.figure import Figure, from_record, to_record
from tfppdnn.leakage.gradients import sharpness
from tfppdnn.leakage.intervals import Interval, mean_with_interval
from tfppdnn.leakage.judgement import Judgement, judge_reconstructions
from tfppdnn.leakage.level import Level
from tfppdnn.leakage.matching import cosine_reidentification, reidentification
from tfppdnn.leakage.measures import MEASURES, Measure
from tfppdnn.leakage.members import MEMBERSHIP, membership
from tfppdnn.leakage.orientation import orientation_agreement
from tfppdnn.leakage.recogniser import SavedModelRecogniser, at_size, guessing, recognition
from tfppdnn.leakage.similarity import affine_fit, affine_ssim, psnr, ssim

__all__ = [
    "ATTRIBUTES",
    "CROWD",
    "MEASURES",
    "MEMBERSHIP",
    "CodeBound",
    "Figure",
    "Interval",
    "Judgement",
    "Level",
    "Measure",
    "SavedModelRecogniser",
    "affine_fit",
    "affine_ssim",
    "at_size",
    "attributes_of",
    "contour_correlation",
    "cosine_reidentification",
    "crowd_bound",
    "from_record",
    "guessing",
    "guessing_bound",
    "judge_reconstructions",
    "leakage",
    "mean_image_baseline",
    "mean_with_interval",
    "membership",
    "noisy_code_bound",
    "orientation_agreement",
    "psnr",
    "recognition",
    "reidentification",
    "sharpness",
    "shuffled_partners",
    "ssim",
    "to_record",
]
