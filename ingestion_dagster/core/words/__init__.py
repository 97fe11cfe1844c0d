"""What words mean, whatever cell they stand in: header words of every language, units, costs, error texts."""
