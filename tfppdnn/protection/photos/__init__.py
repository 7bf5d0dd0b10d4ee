"""An h_p for photographs: a trained trunk, a code in closed form, and what is made of both."""
