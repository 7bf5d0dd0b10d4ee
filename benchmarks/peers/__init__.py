"""The same networks in other frameworks, with our weights."""
