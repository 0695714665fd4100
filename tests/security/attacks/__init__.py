"""Ways in which systems like this one were broken: the classes 13 to 32, each tried on the whole application."""
