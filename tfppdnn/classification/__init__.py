"""The cloud's part: a classifier of protected images (Section IV-D, Fig. 5a)."""
