"""The commands: a function each, its signature the options, its body imported when it is run."""
