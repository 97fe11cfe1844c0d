"""What the prices of a list mean: for how many pieces, in which part of the currency, with which discount and steps."""
