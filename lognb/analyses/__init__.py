"""One file, one question: a plain function of Logs that gives a Result."""
