"""Kills the verbs at random moments, has them go on, and compares with a run that nobody killed."""
