"""How bytes become exchanges, without any of the world: machines that take bytes and times, and say what to do next."""
