"""How fast tfppdnn is, beside what people would use in its place. See README.md here."""
