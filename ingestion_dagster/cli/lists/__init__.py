"""Commands that look at one supplier's lists: what they say, what a load of them would do, what is wrong with them."""
